//! What the engine itself says to people, in the language of the installation. Reasons of rules have their own words
//! (`monitor-rules`), and so have mails and pages.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Language;
use monitor_model::{IncidentKind, ProcessRole};

/// Metrics that are named one by one in a sentence.
const NAMED: usize = 10;
/// Messages that are listed one by one at the end of another.
const LISTED: usize = 50;
/// Characters of each of them.
const LISTED_CHARS: usize = 200;

/// What a incident is about, as the headline of a message.
pub(crate) fn title(language: Language, kind: IncidentKind, subject: &str) -> String {
    let en = language == Language::English;
    match kind {
        IncidentKind::System if en => format!("System {subject}"),
        IncidentKind::System => format!("系统 {subject}"),
        IncidentKind::Channel if subject == super::told::ALARM_LANE && en => "The alarm".to_owned(),
        IncidentKind::Channel if subject == super::told::ALARM_LANE => "告警器".to_owned(),
        IncidentKind::Channel if en => format!("Channel {subject}"),
        IncidentKind::Channel => format!("通知渠道 {subject}"),
        IncidentKind::Process if en => "A process of the monitor".to_owned(),
        IncidentKind::Process => "监控进程".to_owned(),
        IncidentKind::Database if en => "The monitor's database".to_owned(),
        IncidentKind::Database => "监控数据库".to_owned(),
        IncidentKind::Offline | IncidentKind::Gap if en => "The monitor".to_owned(),
        IncidentKind::Offline | IncidentKind::Gap => "监控系统".to_owned(),
    }
}

/// A system that cannot be read, and which metrics that blinds.
pub(crate) fn system(language: Language, since: When, why: &str, metrics: &[String]) -> String {
    let named = names(language, metrics);
    match language {
        Language::English => {
            format!("cannot be read since {since}: {why}; nobody knows how these are: {named}")
        }
        Language::Chinese => format!("自 {since} 起无法读取：{why}；以下指标情况不明：{named}"),
    }
}

/// All systems at once.
pub(crate) fn offline(
    language: Language,
    since: When,
    systems: &[(String, String)],
    metrics: &[String],
) -> String {
    let named = names(language, metrics);
    match language {
        Language::English => {
            let why: Vec<String> = systems
                .iter()
                .map(|(name, why)| format!("{name}: {why}"))
                .collect();
            format!(
                "the monitor is offline since {since}: no system can be read ({}); nobody knows how these are: {named}",
                why.join("; ")
            )
        }
        Language::Chinese => {
            let why: Vec<String> = systems
                .iter()
                .map(|(name, why)| format!("{name}：{why}"))
                .collect();
            format!(
                "监控自 {since} 起离线：所有系统均无法读取（{}）；以下指标情况不明：{named}",
                why.join("；")
            )
        }
    }
}

/// A channel, or the alarm, that does not get through.
pub(crate) fn channel(language: Language, since: When, why: &str, waiting: i64) -> String {
    match language {
        Language::English => format!("does not get through since {since}: {why}; waiting: {waiting}"),
        Language::Chinese => format!("自 {since} 起无法送达：{why}；等待发送：{waiting} 条"),
    }
}

/// A process that nobody stopped and that says nothing more.
pub(crate) fn process(language: Language, role: ProcessRole, host: &str, pid: i32, last: When) -> String {
    match language {
        Language::English => {
            format!("{role} on {host} (process {pid}) was last heard from at {last} and has not been stopped")
        }
        Language::Chinese => {
            let role = match role {
                ProcessRole::Worker => "采集进程",
                ProcessRole::Web => "网页进程",
            };
            format!("{host} 上的{role}（进程号 {pid}）最后一次心跳在 {last}，且并非正常停止")
        }
    }
}

/// A time in which nobody was watching.
pub(crate) fn gap(language: Language, from: When, to: When) -> String {
    match language {
        Language::English => format!(
            "nobody was watching from {from} to {to}; what happened in between shows in the first readings after it"
        ),
        Language::Chinese => {
            format!("{from} 至 {to} 期间没有进程在监控；期间的变化以恢复后的首次读数为准")
        }
    }
}

/// A database that takes nothing.
pub(crate) fn database(language: Language, since: When, why: &str) -> String {
    match language {
        Language::English => format!(
            "cannot be written since {since}: {why}; until it can be, nothing is recorded and no alert is told"
        ),
        Language::Chinese => {
            format!("自 {since} 起无法写入：{why}；恢复之前不会有任何记录，也不会发出任何告警")
        }
    }
}

/// The end of a incident.
pub(crate) fn over(language: Language, kind: IncidentKind, since: When, lasted: Duration) -> String {
    let lasted = monitor_rules::span(language, lasted);
    match (language, kind) {
        (Language::English, IncidentKind::System) => {
            format!("can be read again; could not be since {since}, for {lasted}")
        }
        (Language::Chinese, IncidentKind::System) => format!("已恢复读取；自 {since} 起中断了 {lasted}"),
        (Language::English, IncidentKind::Offline) => {
            format!("the monitor is online again; was offline since {since}, for {lasted}")
        }
        (Language::Chinese, IncidentKind::Offline) => format!("监控已恢复在线；自 {since} 起离线了 {lasted}"),
        (Language::English, IncidentKind::Channel) => {
            format!("gets through again; did not since {since}, for {lasted}")
        }
        (Language::Chinese, IncidentKind::Channel) => format!("已恢复送达；自 {since} 起中断了 {lasted}"),
        (Language::English, IncidentKind::Process) => {
            format!("it is heard from again, or off the list; was silent since {since}, for {lasted}")
        }
        (Language::Chinese, IncidentKind::Process) => {
            format!("心跳已恢复或已从列表移除；自 {since} 起中断了 {lasted}")
        }
        (Language::English, IncidentKind::Database) => {
            format!("can be written again; could not be since {since}, for {lasted}")
        }
        (Language::Chinese, IncidentKind::Database) => format!("已恢复写入；自 {since} 起中断了 {lasted}"),
        (Language::English, IncidentKind::Gap) => format!("somebody is watching again, after {lasted}"),
        (Language::Chinese, IncidentKind::Gap) => format!("已恢复监控，中断了 {lasted}"),
    }
}

/// A message that did not get through, told elsewhere.
pub(crate) fn undelivered(
    language: Language,
    channel: &str,
    recipient: &str,
    why: &str,
    text: &str,
) -> String {
    let to = if recipient.is_empty() {
        channel.to_owned()
    } else {
        format!("{channel} ({recipient})")
    };
    match language {
        Language::English => format!("could not be told through {to}: {why}\n\n{text}"),
        Language::Chinese => format!("未能通过 {to} 送达：{why}\n\n{text}"),
    }
}

/// The alarm that did not sound.
pub(crate) fn unsounded(language: Language, why: &str) -> String {
    match language {
        Language::English => format!("the alarm could not be sounded: {why}"),
        Language::Chinese => format!("告警器未能触发：{why}"),
    }
}

/// The messages that are not told one by one.
pub(crate) fn rest(language: Language, more: &[&str]) -> String {
    let mut lines = vec![match language {
        Language::English => format!("And {} more:", more.len()),
        Language::Chinese => format!("另有 {} 条：", more.len()),
    }];
    lines.extend(list(
        language,
        more.iter().map(|text| (*text).to_owned()),
        more.len(),
    ));
    lines.join("\n")
}

/// The headline of several messages in one.
pub(crate) fn digest(language: Language, count: usize) -> String {
    match language {
        Language::English => format!("{count} messages"),
        Language::Chinese => format!("{count} 条消息"),
    }
}

/// As many lines as are shown of `all`, and how many are not.
pub(crate) fn list(language: Language, lines: impl Iterator<Item = String>, all: usize) -> Vec<String> {
    let mut shown: Vec<String> = lines
        .take(LISTED)
        .map(|line| format!("· {}", short(&line)))
        .collect();
    let left = all.saturating_sub(shown.len());
    if left > 0 {
        shown.push(match language {
            Language::English => format!("· and {left} more, on the page"),
            Language::Chinese => format!("· 其余 {left} 条请查看页面"),
        });
    }
    shown
}

/// A time as it is told now: with its date where that is not today's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) at: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

impl When {
    pub(crate) fn stored(at: NaiveDateTime, now: DateTime<Utc>) -> When {
        When {
            at: at.and_utc(),
            now,
        }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&monitor_rules::time_of_day(self.at, self.now))
    }
}

fn names(language: Language, all: &[String]) -> String {
    let separator = match language {
        Language::English => ", ",
        Language::Chinese => "、",
    };
    let mut named = all
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(separator);
    if all.len() > NAMED {
        let left = all.len() - NAMED;
        named.push_str(&match language {
            Language::English => format!(" and {left} more"),
            Language::Chinese => format!("等另外 {left} 项"),
        });
    }
    named
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LISTED_CHARS {
        return line;
    }
    let cut: String = line.chars().take(LISTED_CHARS - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_600_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let when = |seconds| When {
            at: at(0),
            now: at(seconds),
        };
        assert_eq!(when(60).to_string(), "09:46:40 UTC");
        assert_eq!(when(86_400).to_string(), "2026-11-25 09:46:40 UTC");
    }

    #[test]
    fn lists_are_bounded_and_say_how_much_is_left() {
        let many: Vec<String> = (0..60).map(|n| format!("order\n{n}")).collect();
        let texts: Vec<&str> = many.iter().map(String::as_str).collect();
        let said = rest(Language::English, &texts);
        assert!(said.starts_with("And 60 more:\n· order 0\n"), "{said}");
        assert!(said.ends_with("· order 49\n· and 10 more, on the page"), "{said}");
        assert!(rest(Language::Chinese, &texts[..2]).starts_with("另有 2 条：\n· order 0\n· order 1"));
        let long = "长".repeat(500);
        assert_eq!(
            rest(Language::English, &[&long])
                .chars()
                .filter(|c| *c == '长')
                .count(),
            199
        );
        assert_eq!(names(Language::English, &many[..12]).matches(", ").count(), 9);
        assert!(names(Language::English, &many[..12]).ends_with(" and 2 more"));
    }

    #[test]
    fn every_incident_has_its_words_in_every_language() {
        for kind in IncidentKind::ALL {
            let since = When {
                at: at(0),
                now: at(90),
            };
            let [en, zh] = Language::ALL.map(|language| {
                (
                    title(language, *kind, "a"),
                    over(language, *kind, since, Duration::from_secs(90)),
                )
            });
            assert!(en.0.is_ascii() && en.1.is_ascii(), "{en:?}");
            assert!(!zh.0.is_ascii() && zh.1.contains("1 分 30 秒"), "{zh:?}");
        }
    }
}
