//! What people read of an incident, in the language of the installation.

use std::time::Duration;

use monitor_domain::Language;
use monitor_model::{IncidentKind, ProcessRole};

use crate::context::Counted;
use crate::outbox::{ALARM_LANE, When, list_names};

/// What an incident is about, as the headline of a message.
pub(super) fn title(language: Language, kind: IncidentKind, subject: &str) -> String {
    let en = language == Language::English;
    match kind {
        IncidentKind::System if en => format!("System {subject}"),
        IncidentKind::System => format!("系统 {subject}"),
        IncidentKind::Channel if subject == ALARM_LANE && en => "The alarm".to_owned(),
        IncidentKind::Channel if subject == ALARM_LANE => "警报".to_owned(),
        IncidentKind::Channel if en => format!("Channel {subject}"),
        IncidentKind::Channel => format!("通知渠道 {subject}"),
        IncidentKind::Process if en => "A process of the monitor".to_owned(),
        IncidentKind::Process => "监控进程".to_owned(),
        IncidentKind::List if en => format!("List {subject}"),
        IncidentKind::List => format!("列表 {subject}"),
        IncidentKind::Database if en => "The monitor's database".to_owned(),
        IncidentKind::Database => "监控数据库".to_owned(),
        IncidentKind::Offline | IncidentKind::Gap if en => "The monitor".to_owned(),
        IncidentKind::Offline | IncidentKind::Gap => "监控系统".to_owned(),
    }
}

/// A system that cannot be read, and which metrics have no readings because of it.
pub(super) fn system(language: Language, since: When, why: &str, metrics: &[String]) -> String {
    let named = list_names(language, metrics);
    match language {
        Language::English => {
            format!("has been unreadable since {since}: {why}; there are no readings of {named}")
        }
        Language::Chinese => format!("自 {since} 起无法读取：{why}；以下指标暂无读数：{named}"),
    }
}

/// All systems at once.
pub(super) fn offline(
    language: Language,
    since: When,
    systems: &[(String, String)],
    metrics: &[String],
) -> String {
    let named = list_names(language, metrics);
    let (colon, separator) = match language {
        Language::English => (": ", "; "),
        Language::Chinese => ("：", "；"),
    };
    let why: Vec<String> = systems
        .iter()
        .map(|(name, why)| format!("{name}{colon}{why}"))
        .collect();
    let why = why.join(separator);
    match language {
        Language::English => format!(
            "the monitor has been offline since {since}: no system can be read ({why}); there are no readings of \
             {named}"
        ),
        Language::Chinese => {
            format!("监控自 {since} 起离线：所有系统均无法读取（{why}）；以下指标暂无读数：{named}")
        }
    }
}

/// A channel, or the alarm, that does not deliver.
pub(super) fn channel(language: Language, since: When, why: &str, waiting: i64) -> String {
    match language {
        Language::English => format!("has delivered nothing since {since}: {why}; waiting: {waiting}"),
        Language::Chinese => format!("自 {since} 起无法送达：{why}；等待发送：{waiting} 条"),
    }
}

/// A list with more items than are watched.
pub(super) fn too_many(language: Language, items: Counted) -> String {
    let Counted {
        listed,
        watched,
        limit,
    } = items;
    match language {
        Language::English => format!(
            "has {listed} items, and {watched} are watched: the others are not (for_each.limit = {limit}); nobody is \
             notified of them"
        ),
        Language::Chinese => format!(
            "共有 {listed} 个条目，其中 {watched} 个在监控中，其余不受监控（for_each.limit = {limit}），也不会发出告警"
        ),
    }
}

/// A list that was never read.
pub(super) fn no_list(language: Language, since: When, why: &str) -> String {
    match language {
        Language::English => format!(
            "has been unreadable since {since}, and none of its items is known: nothing of it is watched: {why}"
        ),
        Language::Chinese => {
            format!("自 {since} 起无法读取，且没有任何已知条目，因此未监控其中任何内容：{why}")
        }
    }
}

/// A process that nobody stopped and that gives no sign of life.
pub(super) fn process(language: Language, role: ProcessRole, host: &str, pid: i32, last: When) -> String {
    match language {
        Language::English => {
            format!("{role} on {host} (process {pid}) was last heard from at {last} and was not stopped")
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

/// A time in which no worker ran.
pub(super) fn gap(language: Language, from: When, to: When) -> String {
    match language {
        Language::English => format!(
            "nobody was watching from {from} to {to}; what happened in between shows in the first readings after it"
        ),
        Language::Chinese => {
            format!("{from} 至 {to} 期间没有进程在监控；期间的变化以恢复后的首次读数为准")
        }
    }
}

/// A time in which no worker ran because it was stopped.
pub(super) fn stop(language: Language, from: When, to: When) -> String {
    match language {
        Language::English => format!(
            "was stopped at {from} and started again at {to}; nobody was watching in between, and what happened shows \
             in the first readings after it"
        ),
        Language::Chinese => {
            format!("已于 {from} 停止，{to} 重新启动；期间没有进程在监控，期间的变化以恢复后的首次读数为准")
        }
    }
}

/// A database that cannot be written.
pub(super) fn database(language: Language, since: When, why: &str) -> String {
    match language {
        Language::English => format!(
            "has not been writable since {since}: {why}; until it is, nothing is recorded and nobody is notified of \
             alerts"
        ),
        Language::Chinese => {
            format!("自 {since} 起无法写入：{why}；恢复之前不会有任何记录，也不会发出任何告警")
        }
    }
}

/// The end of an incident.
pub(super) fn ended(language: Language, kind: IncidentKind, since: When, lasted: Duration) -> String {
    let lasted = monitor_rules::span(language, lasted);
    match language {
        Language::English => match kind {
            IncidentKind::System => {
                format!("is readable again, after {lasted}; had been unreadable since {since}")
            }
            IncidentKind::Offline => {
                format!("the monitor is online again, after {lasted}; had been offline since {since}")
            }
            IncidentKind::Channel => {
                format!("delivers again, after {lasted}; had delivered nothing since {since}")
            }
            IncidentKind::Process => {
                format!(
                    "it is heard from again, or off the list, after {lasted}; had been silent since {since}"
                )
            }
            IncidentKind::Database => {
                format!("is writable again, after {lasted}; had not been since {since}")
            }
            IncidentKind::List => {
                format!("can be read, and all its items are watched, again after {lasted}")
            }
            IncidentKind::Gap => format!("somebody is watching again, after {lasted}"),
        },
        Language::Chinese => match kind {
            IncidentKind::System => format!("已恢复读取；自 {since} 起中断了 {lasted}"),
            IncidentKind::Offline => format!("监控已恢复在线；自 {since} 起离线了 {lasted}"),
            IncidentKind::Channel => format!("已恢复送达；自 {since} 起中断了 {lasted}"),
            IncidentKind::Process => format!("心跳已恢复或已从列表移除；自 {since} 起中断了 {lasted}"),
            IncidentKind::Database => format!("已恢复写入；自 {since} 起中断了 {lasted}"),
            IncidentKind::List => format!("列表已可读取且所有条目均在监控中，此前持续了 {lasted}"),
            IncidentKind::Gap => format!("已恢复监控，中断了 {lasted}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn every_incident_has_its_texts_in_every_language() {
        let at = |seconds: i64| DateTime::from_timestamp(1_795_600_000 + seconds, 0).unwrap();
        for kind in IncidentKind::ALL {
            let since = When {
                at: at(0),
                now: at(90),
            };
            let [en, zh] = Language::ALL.map(|language| {
                (
                    title(language, *kind, "a"),
                    ended(language, *kind, since, Duration::from_secs(90)),
                )
            });
            assert!(en.0.is_ascii() && en.1.is_ascii(), "{en:?}");
            assert!(!zh.0.is_ascii() && zh.1.contains("1 分 30 秒"), "{zh:?}");
        }
    }
}
