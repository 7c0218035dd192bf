//! Tests of what changes say.

use std::time::Duration;

use super::super::super::{Memory, Past, Range};
use super::super::Initial;
use super::*;
use crate::history::{Answer, History, Need, Window};
use crate::situation::Progress;
use crate::text::tests::latin;

/// What it says of `value` after `last`, or as the first.
fn said(change: Change, last: Option<f64>, value: f64, situation: Situation) -> [String; 2] {
    let context = Context {
        value,
        elapsed: Duration::ZERO,
        past: Past {
            last,
            alerted: Some(100.0),
            since_alert: Some(Range {
                low: 80.0,
                high: 120.0,
            }),
            ..Past::default()
        },
        history: History::default(),
        memory: Memory::default(),
    };
    Language::ALL.map(|language| reason(&change, &context, situation, language))
}

fn since() -> When {
    When {
        at: Some("2026-11-23T12:01:41Z".parse().unwrap()),
        now: "2026-11-23T12:02:00Z".parse().unwrap(),
    }
}

/// Each change, the last reading, the value, the situation, and what is said of it.
type Case = (Change, Option<f64>, f64, Situation, &'static str, &'static str);

fn check(cases: &[Case]) {
    for &(change, last, value, situation, english, chinese) in cases {
        assert_eq!(said(change, last, value, situation), [english, chinese]);
        assert!(latin(chinese).iter().all(|word| *word == "UTC"), "{chinese}");
    }
}

#[test]
fn every_move_has_words_in_every_language() {
    let since = since();
    let progress = Progress {
        held: Duration::from_secs(10),
        required: Duration::from_secs(60),
    };
    let (quiet, firing) = (Situation::Quiet, Situation::Firing { since });
    let pending = Situation::Pending { since, progress };
    let (rise, fall) = (Change::rise(9.0), Change::fall(9.0));
    let learning = Change {
        initial: Initial::Learn,
        ..rise
    };
    let first = "5 rose by 5 from 0, the first reading";
    let (first_pending, first_pending_zh) = (
        "5 rose by 5 from 0, the first reading, since 12:01:41 UTC, for 10s of 1m",
        "从 0 升至 5，增加 5（首次读数，自 12:01:41 UTC 起），已持续 10 秒，满 1 分钟后告警",
    );
    let (next_pending, next_pending_zh) = (
        "7 rose by 2 from 5, since 12:01:41 UTC, for 10s of 1m",
        "从 5 升至 7，增加 2（自 12:01:41 UTC 起），已持续 10 秒，满 1 分钟后告警",
    );
    let unchanged = "7 is unchanged from 7: no rise by 9";
    let fell = "7 fell by 1 from 8: no fall by 9";
    let learnt = "500 is the first reading: learnt, not judged";
    check(&[
        (
            rise,
            Some(5.0),
            7.0,
            firing,
            "7 rose by 2 from 5",
            "从 5 升至 7，增加 2",
        ),
        (
            rise,
            Some(7.0),
            4.0,
            firing,
            "4 fell by 3 from 7",
            "从 7 降至 4，减少 3",
        ),
        (rise, None, 5.0, firing, first, "从 0 升至 5，增加 5（首次读数）"),
        (rise, Some(7.0), 7.0, quiet, unchanged, "保持 7 不变；增幅未达 9"),
        (
            fall,
            Some(8.0),
            7.0,
            quiet,
            fell,
            "从 8 降至 7，减少 1；降幅未达 9",
        ),
        (rise, None, 5.0, pending, first_pending, first_pending_zh),
        (rise, Some(5.0), 7.0, pending, next_pending, next_pending_zh),
        (
            learning,
            None,
            500.0,
            quiet,
            learnt,
            "500 为首次读数，仅作为基准，不做判断",
        ),
    ]);
}

#[test]
fn what_it_moved_from_is_said() {
    let (quiet, firing) = (Situation::Quiet, Situation::Firing { since: since() });
    let of = |change: Change| Change {
        baseline: Baseline::LastAlert,
        ..change
    };
    let (rise, fall, either) = (
        of(Change::rise(9.0)),
        of(Change::fall(9.0)),
        of(Change::either(9.0)),
    );
    let alerted = "110 rose by 10 from 100 at the last alert";
    let lowest = "95 rose by 15 from 80, the lowest since the last alert";
    let highest = "95 fell by 25 from 120, the highest since the last alert";
    let unchanged = "100 is unchanged from 100 at the last alert: no change by 9";
    let lowest_zh = "从上次告警以来的最低值 80 升至 95，增加 15";
    let highest_zh = "从上次告警以来的最高值 120 降至 95，减少 25";
    check(&[
        (
            either,
            Some(7.0),
            110.0,
            firing,
            alerted,
            "从上次告警时的 100 升至 110，增加 10",
        ),
        (rise, Some(90.0), 95.0, firing, lowest, lowest_zh),
        (fall, Some(90.0), 95.0, firing, highest, highest_zh),
        (
            either,
            Some(7.0),
            100.0,
            quiet,
            unchanged,
            "100 与上次告警时相同；变化未达 9",
        ),
    ]);
}

#[test]
fn changes_describe_themselves() {
    let from_alert = Change {
        baseline: Baseline::LastAlert,
        initial: Initial::Learn,
        ..Change::either(10.0)
    };
    let plain = Timing::default();
    let hold = Timing {
        hold: Duration::from_secs(30),
        ..plain
    };
    let keep_for = Timing {
        keep_for: Duration::from_secs(60),
        ..plain
    };
    let cases = [
        (Change::rise(1.0), plain, "rise by 1", "增加 1 及以上时告警"),
        (
            Change::fall(5.0),
            hold,
            "fall by 5, for 30s",
            "减少 5 及以上并持续 30 秒后告警",
        ),
        (
            from_alert,
            keep_for,
            "change by 10 from the last alert, keep for 1m",
            "较上次告警变化 10 及以上时告警，告警状态保持 1 分钟",
        ),
    ];
    for (change, timing, english, chinese) in cases {
        assert_eq!(describe(&change, timing, Language::English), english);
        assert_eq!(describe(&change, timing, Language::Chinese), chinese);
    }
}

#[test]
fn percentages_and_spans_have_words_in_every_language() {
    let firing = Situation::Firing { since: since() };
    let quiet = Situation::Quiet;
    let (rise, fall) = (
        Change::rise(Step::Percent(20.0)),
        Change::fall(Step::Percent(20.0)),
    );
    let of_alert = Change {
        baseline: Baseline::LastAlert,
        ..rise
    };
    check(&[
        (
            rise,
            Some(80.0),
            100.0,
            firing,
            "rose 25 % from 80 to 100",
            "从 80 升至 100，增加 25%",
        ),
        (
            fall,
            Some(80.0),
            70.0,
            quiet,
            "fell 12.5 % from 80 to 70: no fall by 20 %",
            "从 80 降至 70，减少 12.5%；降幅未达 20%",
        ),
        (
            rise,
            None,
            5.0,
            firing,
            "rose from 0 to 5, the first reading",
            "从 0 升至 5（首次读数）",
        ),
        (
            of_alert,
            Some(90.0),
            96.0,
            firing,
            "rose 20 % from 80, the lowest since the last alert, to 96",
            "从上次告警以来的最低值 80 升至 96，增加 20%",
        ),
    ]);
}

#[test]
fn what_was_read_within_a_span_has_words_in_every_language() {
    let hour = Duration::from_secs(3600);
    let window = Window {
        low: 90.0,
        high: 110.0,
        mean: 100.0,
        is_whole: false,
    };
    let said = |change: Change, value| {
        let context = Context {
            value,
            elapsed: Duration::ZERO,
            past: Past {
                last: Some(95.0),
                ..Past::default()
            },
            history: History::default().with(Need::Window(hour), Ok(Answer::Window(window))),
            memory: Memory::default(),
        };
        let firing = Situation::Firing { since: since() };
        Language::ALL.map(|language| reason(&change.within(hour), &context, firing, language))
    };
    assert_eq!(
        said(Change::rise(Step::Percent(20.0)), 117.0),
        [
            "rose 30 % from 90 to 117 within 1h",
            "从 1 小时内的最低值 90 升至 117，增加 30%"
        ]
    );
    assert_eq!(
        said(Change::fall(20.0), 80.0),
        [
            "80 fell by 30 from 110, the highest within 1h",
            "从 1 小时内的最高值 110 降至 80，减少 30"
        ]
    );
    let described = |change: Change| {
        Language::ALL.map(|language| describe(&change.within(hour), Timing::default(), language))
    };
    assert_eq!(
        described(Change::rise(Step::Percent(20.0))),
        ["rise by 20 % within 1h", "1 小时内增加 20% 及以上时告警"]
    );
    assert_eq!(
        described(Change::either(5.0)),
        ["change by 5 within 1h", "1 小时内变化 5 及以上时告警"]
    );
}
