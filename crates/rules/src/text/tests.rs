//! Every common phrase in every language, side by side.

use std::collections::BTreeSet;

use super::*;

const ERROR: &str = "System A answers 503";

/// One phrase of each kind.
fn phrases() -> Vec<Phrase<'static>> {
    let since = When {
        at: Some("2026-11-23T12:01:41Z".parse().unwrap()),
        now: "2026-11-23T12:02:00Z".parse().unwrap(),
    };
    vec![
        Phrase::Unreadable { since, error: ERROR },
        Phrase::NoData {
            lasted: Duration::from_millis(70_900),
            error: ERROR,
        },
        Phrase::LastRead {
            value: 131.0,
            at: since,
        },
        Phrase::WasFiring { since },
        Phrase::NotANumber(f64::NAN),
        Phrase::CannotBeJudged {
            value: 131.0,
            why: ERROR,
        },
        Phrase::NotJudged {
            value: 131.0,
            why: ERROR,
        },
        Phrase::NothingSent { since: Some(since) },
        Phrase::NothingSent { since: None },
        Phrase::Flapping(Flapping {
            alerts: 5,
            within: Duration::from_secs(600),
        }),
    ]
}

fn said(language: Language) -> Vec<String> {
    phrases().iter().map(|phrase| say(language, &[*phrase])).collect()
}

/// Runs of Latin letters.
pub(crate) fn latin(text: &str) -> Vec<&str> {
    text.split(|one: char| !one.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn english() {
    let expected = [
        "has been unreadable since 12:01:41 UTC: System A answers 503",
        "no data for 1m 10s: System A answers 503",
        "last read 131 at 12:01:41 UTC",
        "was firing since 12:01:41 UTC",
        "NaN is not a number",
        "131 cannot be judged: System A answers 503",
        "131 is not judged: System A answers 503",
        "nothing was sent since 12:01:41 UTC",
        "nothing was ever sent",
        "flapping: 5 alerts within 10m",
    ];
    assert_eq!(said(Language::English), expected);
    assert_eq!(say(Language::English, &phrases()), expected.join("; "));
}

#[test]
fn chinese() {
    let expected = [
        "无法读取（自 12:01:41 UTC 起）：System A answers 503",
        "已 1 分 10 秒没有数据：System A answers 503",
        "最近一次读数 131（12:01:41 UTC）",
        "中断前处于告警状态（自 12:01:41 UTC 起）",
        "NaN 不是有效数值",
        "读数 131 无法判断：System A answers 503",
        "读数 131 暂不判断：System A answers 503",
        "自 12:01:41 UTC 起未收到推送",
        "从未收到推送",
        "频繁波动：10 分钟内 5 次告警",
    ];
    assert_eq!(said(Language::Chinese), expected);
    assert_eq!(say(Language::Chinese, &phrases()), expected.join("；"));
}

#[test]
fn every_kind_of_phrase_is_tried_in_every_language() {
    let kinds: BTreeSet<String> = phrases()
        .iter()
        .map(|phrase| latin(&format!("{phrase:?}"))[0].to_owned())
        .collect();
    // The compiler makes each language say all of them; this makes the tables above hold all of them.
    let source = include_str!("mod.rs");
    let all = source
        .split("pub(crate) enum Phrase<'a> {")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    let declared: BTreeSet<String> = all
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| latin(line)[0].to_owned())
        .collect();
    assert_eq!(kinds, declared);
    for (english, chinese) in said(Language::English).iter().zip(said(Language::Chinese)) {
        assert_ne!(*english, chinese);
        let own = chinese.replace(ERROR, "");
        let allowed = |word: &&str| !matches!(*word, "UTC" | "NaN");
        assert_eq!(latin(&own).into_iter().find(allowed), None, "{chinese}");
    }
}

#[test]
fn an_unknown_time_is_said_to_be_one() {
    let at = When {
        at: None,
        now: chrono::DateTime::UNIX_EPOCH,
    };
    let last = Phrase::LastRead { value: 116.0, at };
    assert_eq!(
        say(Language::English, &[last]),
        "last read 116 at an unknown time"
    );
    assert_eq!(say(Language::Chinese, &[last]), "最近一次读数 116（时间未知）");
}

#[test]
fn spans_are_said_in_their_largest_parts() {
    let minute_and_a_half = Duration::from_millis(90_400);
    assert_eq!(span(Language::English, minute_and_a_half), "1m 30s");
    assert_eq!(span(Language::Chinese, minute_and_a_half), "1 分 30 秒");
}
