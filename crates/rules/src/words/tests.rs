//! Every phrase in every language, side by side.

use std::collections::BTreeSet;

use super::*;
use crate::rule::{Baseline, Condition, Event, Initial, Level};

const ERROR: &str = "System A answers 503";

const FLAPPING: Flapping = Flapping {
    alerts: 5,
    within: Duration::from_secs(600),
};

/// One phrase of each kind, and those kinds again whose words differ by what is in them.
fn phrases() -> Vec<Phrase<'static>> {
    let now: DateTime<Utc> = "2026-11-23T12:02:00Z".parse().unwrap();
    let since = When {
        at: Some("2026-11-23T12:01:41Z".parse().unwrap()),
        now,
    };
    let so_far = Progress {
        held: Duration::from_secs(10),
        asked: Duration::from_secs(60),
    };
    let moved = |value, from| Move {
        value,
        from,
        from_last_alert: false,
        is_first: false,
    };
    let first = Move {
        is_first: true,
        ..moved(5.0, 0.0)
    };
    let since_alert = |value| Move {
        from_last_alert: true,
        ..moved(value, 100.0)
    };
    let (above, outside) = (Place::Above(100.0), Place::Outside(1.0, 10.0));
    let not_moved = |moved, kind| Phrase::NotMoved { moved, kind, by: 9.0 };
    vec![
        Phrase::Moved(moved(7.0, 5.0)),
        Phrase::Moved(moved(4.0, 7.0)),
        Phrase::Moved(first),
        Phrase::Moved(since_alert(110.0)),
        not_moved(moved(7.0, 7.0), EventKind::Rise),
        not_moved(moved(7.0, 8.0), EventKind::Fall),
        not_moved(since_alert(100.0), EventKind::Change),
        Phrase::MovedSoFar {
            moved: first,
            since,
            so_far,
        },
        Phrase::MovedSoFar {
            moved: moved(7.0, 5.0),
            since,
            so_far,
        },
        Phrase::Learnt(500.0),
        Phrase::Read(5.0),
        Phrase::Fine {
            value: 99.0,
            place: above,
        },
        Phrase::Fine {
            value: 5.0,
            place: outside,
        },
        Phrase::Beyond {
            value: 116.0,
            place: above,
            since,
        },
        Phrase::BeyondSoFar {
            value: 116.0,
            place: above,
            since,
            so_far,
        },
        Phrase::NotClear {
            value: 95.0,
            place: above,
            clear: Place::Below(90.0),
            since,
        },
        Phrase::NotClear {
            value: 9.5,
            place: outside,
            clear: Place::Between(2.0, 9.0),
            since,
        },
        Phrase::ClearSoFar {
            value: 89.0,
            back: Back::At(Place::Below(90.0)),
            since,
            so_far,
        },
        Phrase::Recovered {
            value: 89.0,
            back: Back::At(Place::Below(90.0)),
            since,
        },
        Phrase::Recovered {
            value: 99.0,
            back: Back::NoLonger(above),
            since,
        },
        Phrase::Recovered {
            value: 9.0,
            back: Back::NoLonger(outside),
            since,
        },
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
        Phrase::Flapping(FLAPPING),
    ]
}

fn said(language: Language) -> Vec<String> {
    phrases().iter().map(|phrase| say(language, &[*phrase])).collect()
}

/// Runs of Latin letters.
fn latin(text: &str) -> Vec<&str> {
    text.split(|one: char| !one.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn english() {
    let expected = [
        "7 rose by 2 from 5",
        "4 fell by 3 from 7",
        "5 rose by 5 from 0, the first reading",
        "110 rose by 10 from 100 at the last alert",
        "7 is unchanged from 7: no rise by 9",
        "7 fell by 1 from 8: no fall by 9",
        "100 is unchanged from 100 at the last alert: no change by 9",
        "5 rose by 5 from 0, the first reading, since 12:01:41 UTC, for 10s of 1m",
        "7 rose by 2 from 5, since 12:01:41 UTC, for 10s of 1m",
        "500 is the first reading: learnt, not judged",
        "5 was read",
        "99 is not above 100",
        "5 is not outside 1 to 10",
        "116 is above 100 since 12:01:41 UTC",
        "116 is above 100 since 12:01:41 UTC, for 10s of 1m",
        "95 is not above 100 any more, nor below 90 yet; firing since 12:01:41 UTC",
        "9.5 is not outside 1 to 10 any more, nor above 2 and below 9 yet; firing since 12:01:41 UTC",
        "89 is below 90, for 10s of 1m; firing since 12:01:41 UTC",
        "89 is below 90: recovered, had been firing since 12:01:41 UTC",
        "99 is not above 100 any more: recovered, had been firing since 12:01:41 UTC",
        "9 is not outside 1 to 10 any more: recovered, had been firing since 12:01:41 UTC",
        "cannot be read since 12:01:41 UTC: System A answers 503",
        "no data for 1m 10s: System A answers 503",
        "last read 131 at 12:01:41 UTC",
        "was firing since 12:01:41 UTC",
        "NaN is not a number",
        "flapping: 5 alerts within 10m",
    ];
    assert_eq!(said(Language::English), expected);
}

#[test]
fn chinese() {
    let expected = [
        "从 5 升至 7，增加 2",
        "从 7 降至 4，减少 3",
        "从 0 升至 5，增加 5（首次读数）",
        "从上次告警时的 100 升至 110，增加 10",
        "保持 7 不变；增幅未达 9",
        "从 8 降至 7，减少 1；降幅未达 9",
        "100 与上次告警时相同；变化未达 9",
        "从 0 升至 5，增加 5（首次读数，自 12:01:41 UTC 起），已持续 10 秒，满 1 分钟后告警",
        "从 5 升至 7，增加 2（自 12:01:41 UTC 起），已持续 10 秒，满 1 分钟后告警",
        "500 为首次读数，仅作为基准，不做判断",
        "已读到 5",
        "99 未高于 100",
        "5 在 1 至 10 范围内",
        "116 高于 100（自 12:01:41 UTC 起）",
        "116 高于 100（自 12:01:41 UTC 起），已持续 10 秒，满 1 分钟后告警",
        "95 不再高于 100，但尚未低于 90（告警始于 12:01:41 UTC）",
        "9.5 已在 1 至 10 范围内，但尚未高于 2 且低于 9（告警始于 12:01:41 UTC）",
        "89 低于 90，已持续 10 秒，满 1 分钟后恢复（告警始于 12:01:41 UTC）",
        "89 低于 90，已恢复（告警始于 12:01:41 UTC）",
        "99 不再高于 100，已恢复（告警始于 12:01:41 UTC）",
        "9 已在 1 至 10 范围内，已恢复（告警始于 12:01:41 UTC）",
        "读取失败（自 12:01:41 UTC 起）：System A answers 503",
        "已 1 分 10 秒没有数据：System A answers 503",
        "最近一次读数 131（12:01:41 UTC）",
        "中断前处于告警状态（自 12:01:41 UTC 起）",
        "NaN 不是有效数值",
        "频繁波动：10 分钟内 5 次告警",
    ];
    assert_eq!(said(Language::Chinese), expected);
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
    let now = DateTime::UNIX_EPOCH;
    let since = When { at: None, now };
    let (value, place) = (116.0, Place::Above(100.0));
    let phrase = Phrase::Beyond { value, place, since };
    assert_eq!(
        say(Language::English, &[phrase]),
        "116 is above 100 since an unknown time"
    );
    assert_eq!(say(Language::Chinese, &[phrase]), "116 高于 100（起始时间未知）");
    let last = Phrase::LastRead { value, at: since };
    assert_eq!(say(Language::Chinese, &[last]), "最近一次读数 116（时间未知）");
}

#[test]
fn spans_are_said_in_their_largest_parts() {
    let said = |millis| {
        let rule = Rule::no_data(Duration::from_millis(millis));
        Rule {
            language: Language::Chinese,
            ..rule
        }
        .describe()
    };
    assert_eq!(said(90_000), "连续 1 分 30 秒没有数据时告警");
    assert_eq!(said(120_000), "连续 2 分钟没有数据时告警");
    assert_eq!(said(90_061_000), "连续 1 天 1 小时 1 分 1 秒没有数据时告警");
    assert_eq!(said(1_500), "连续 1 秒 500 毫秒没有数据时告警");
    assert_eq!(said(0), "连续 0 秒没有数据时告警");
}

#[test]
fn rules_are_described_in_their_language() {
    let (hold, keep_for) = (Duration::from_secs(30), Duration::from_secs(60));
    let above = |clear_below| {
        Rule::new(Condition::Level(Level::Above {
            threshold: 100.0,
            clear_below,
        }))
    };
    let outside = |clear_above, clear_below| {
        Rule::new(Condition::Level(Level::Outside {
            low: 1.0,
            high: 10.5,
            clear_above,
            clear_below,
        }))
    };
    let from_alert = Rule::new(Condition::Event(Event {
        kind: EventKind::Change,
        by: 10.0,
        baseline: Baseline::LastAlert,
        initial: Initial::Learn,
    }));
    let held = |rule| Rule { hold, ..rule };
    let kept = |rule| Rule { keep_for, ..rule };
    let flapping = |rule| Rule {
        flapping: Some(FLAPPING),
        ..rule
    };
    let cases = [
        (Rule::rise(1.0), "rise by 1", "增加 1 及以上时告警"),
        (
            held(Rule::fall(5.0)),
            "fall by 5, for 30s",
            "减少 5 及以上并持续 30 秒后告警",
        ),
        (
            kept(from_alert),
            "change by 10 from the last alert, keep for 1m",
            "较上次告警变化 10 及以上时告警，告警状态保持 1 分钟",
        ),
        (above(None), "above 100", "高于 100 告警"),
        (
            above(Some(90.0)),
            "above 100, clear below 90",
            "高于 100 告警，低于 90 恢复",
        ),
        (
            held(kept(above(Some(90.0)))),
            "above 100, clear below 90, for 30s, keep for 1m",
            "高于 100 持续 30 秒后告警，低于 90 持续 1 分钟后恢复",
        ),
        (
            kept(Rule::below(3.0)),
            "below 3, keep for 1m",
            "低于 3 告警，不低于 3 持续 1 分钟后恢复",
        ),
        (
            outside(None, None),
            "outside 1 to 10.5",
            "超出 1 至 10.5 范围告警",
        ),
        (
            kept(outside(None, None)),
            "outside 1 to 10.5, keep for 1m",
            "超出 1 至 10.5 范围告警，在 1 至 10.5 范围内持续 1 分钟后恢复",
        ),
        (
            outside(Some(2.0), Some(9.0)),
            "outside 1 to 10.5, clear above 2 and below 9",
            "超出 1 至 10.5 范围告警，高于 2 且低于 9 恢复",
        ),
        (
            outside(Some(2.0), None),
            "outside 1 to 10.5, clear above 2",
            "超出 1 至 10.5 范围告警，高于 2 恢复",
        ),
        (
            Rule::no_data(keep_for),
            "no data for 1m",
            "连续 1 分钟没有数据时告警",
        ),
        (
            flapping(kept(above(Some(90.0)))),
            "above 100, clear below 90, keep for 1m, flapping at 5 alerts within 10m",
            "高于 100 告警，低于 90 持续 1 分钟后恢复，10 分钟内 5 次告警视为频繁波动",
        ),
        (
            flapping(above(None)),
            "above 100, flapping at 5 alerts within 10m",
            "高于 100 告警，10 分钟内 5 次告警视为频繁波动",
        ),
        (flapping(Rule::rise(1.0)), "rise by 1", "增加 1 及以上时告警"),
    ];
    for (rule, english, chinese) in cases {
        assert_eq!(rule.describe(), english);
        let rule = Rule {
            language: Language::Chinese,
            ..rule
        };
        assert_eq!(rule.describe(), chinese);
    }
}

#[test]
fn languages_have_the_tags_of_the_config() {
    let tags = Language::ALL.map(|language| serde_json::to_value(language).unwrap());
    assert_eq!(tags, ["en", "zh-CN"]);
    for (tag, language) in tags.into_iter().zip(Language::ALL) {
        assert_eq!(serde_json::from_value::<Language>(tag).unwrap(), language);
    }
    assert_eq!(Language::default(), Language::English);
}
