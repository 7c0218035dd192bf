//! What each kind of rule does over short stories of readings, told as a table: value, transitions, reason.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::Language;
use monitor_rules::{
    Baseline, Condition, Event, EventKind, Flapping, Initial, Level, Observed, Phase, Reading, Rule,
    RuleSettings, State, Transition, judge,
};

const STEP: Duration = Duration::from_secs(10);

/// A metric under a rule, read every ten seconds from 09:12:00.
struct Story {
    rule: Rule,
    state: State,
    at: DateTime<Utc>,
    reason: String,
}

impl Story {
    fn new(rule: Rule) -> Story {
        Story {
            rule,
            state: State::default(),
            at: "2026-11-23T09:12:00Z".parse().unwrap(),
            reason: String::new(),
        }
    }

    fn observe(&mut self, observed: Observed) -> Vec<Transition> {
        let elapsed = if self.reason.is_empty() {
            Duration::ZERO
        } else {
            STEP
        };
        let judgement = judge(
            &self.rule,
            &self.state,
            &Reading {
                at: self.at,
                elapsed,
                observed,
            },
        );
        self.at += TimeDelta::seconds(10);
        self.state = judgement.state;
        self.reason = judgement.reason;
        assert!(self.state.since().is_some());
        judgement.transitions
    }

    fn read(&mut self, value: f64) -> Vec<Transition> {
        self.observe(Observed::Value(value))
    }

    fn fail(&mut self) -> Vec<Transition> {
        self.observe(Observed::Unreadable("System A answers 503".to_owned()))
    }

    fn quiet(&mut self, value: f64) {
        assert_eq!(self.read(value), [], "{}", self.reason);
    }
}

fn alert(value: f64, previous: f64) -> Vec<Transition> {
    vec![Transition::Alert {
        value,
        previous: Some(previous),
    }]
}

fn event(kind: EventKind, by: f64, baseline: Baseline, initial: Initial) -> Rule {
    Rule::new(Condition::Event(Event {
        kind,
        by,
        baseline,
        initial,
    }))
}

#[test]
fn a_rise_is_an_alert_each_time() {
    let mut x = Story::new(Rule::rise(1.0));
    assert_eq!(x.read(5.0), alert(5.0, 0.0));
    assert_eq!(x.reason, "5 rose by 5 from 0, the first reading");
    assert_eq!(x.state.phase(), Phase::Firing);
    assert_eq!(x.read(7.0), alert(7.0, 5.0));
    assert_eq!(x.reason, "7 rose by 2 from 5");
    x.quiet(7.0);
    assert_eq!(x.reason, "7 is unchanged from 7: no rise by 1");
    assert_eq!(x.state.phase(), Phase::Normal);
    x.quiet(4.0);
    assert_eq!(x.reason, "4 fell by 3 from 7: no rise by 1");
    assert_eq!(
        x.read(5.0),
        alert(5.0, 4.0),
        "compared with the last reading, not the highest"
    );
    x.quiet(5.5);
}

#[test]
fn a_first_reading_of_zero_is_no_rise() {
    let mut x = Story::new(Rule::rise(1.0));
    x.quiet(0.0);
    assert_eq!(x.state.phase(), Phase::Normal);
    assert_eq!(x.read(1.0), alert(1.0, 0.0));
}

#[test]
fn a_first_reading_can_be_learnt() {
    let mut x = Story::new(event(EventKind::Rise, 1.0, Baseline::Last, Initial::Learn));
    x.quiet(500.0);
    assert_eq!(x.reason, "500 is the first reading: learnt, not judged");
    assert_eq!(x.read(501.0), alert(501.0, 500.0));
}

#[test]
fn a_drift_adds_up_from_the_last_alert() {
    let mut x = Story::new(event(EventKind::Rise, 10.0, Baseline::LastAlert, Initial::Learn));
    x.quiet(100.0);
    x.quiet(105.0);
    assert_eq!(x.read(110.0), alert(110.0, 100.0));
    assert_eq!(x.reason, "110 rose by 10 from 100 at the last alert");
    x.quiet(90.0);
    x.quiet(119.0);
    assert_eq!(x.read(120.0), alert(120.0, 110.0));
}

#[test]
fn falls_and_changes() {
    let mut fall = Story::new(Rule::fall(5.0));
    fall.quiet(10.0);
    fall.quiet(6.0);
    assert_eq!(fall.read(1.0), alert(1.0, 6.0));
    let mut change = Story::new(Rule::change(2.0));
    assert_eq!(change.read(-2.0), alert(-2.0, 0.0));
    change.quiet(-3.0);
    assert_eq!(change.read(0.0), alert(0.0, -3.0));
}

#[test]
fn an_event_that_must_hold_keeps_its_baseline() {
    let mut x = Story::new(Rule {
        hold: STEP * 2,
        ..Rule::rise(5.0)
    });
    x.quiet(0.0);
    x.quiet(6.0);
    assert_eq!(x.state.phase(), Phase::Pending);
    assert_eq!(x.reason, "6 rose by 6 from 0, since 09:12:10 UTC, for 0s of 20s");
    x.quiet(5.0);
    assert_eq!(x.read(9.0), alert(9.0, 0.0));
    x.quiet(15.0);
    x.quiet(12.0);
    assert_eq!(x.state.phase(), Phase::Normal, "12 is not 5 over 9");
    x.quiet(17.0);
    assert_eq!(x.state.baseline(&x.rule), Some(12.0));
}

#[test]
fn above_fires_once_and_clears_below() {
    let settings = RuleSettings {
        above: Some(100.0),
        clear_below: Some(90.0),
        ..RuleSettings::default()
    };
    let mut z = Story::new(settings.rule(STEP).unwrap());
    z.quiet(100.0);
    assert_eq!(z.reason, "100 is not above 100");
    assert_eq!(z.read(131.0), alert(131.0, 100.0));
    assert_eq!(z.reason, "131 is above 100 since 09:12:10 UTC");
    z.quiet(140.0);
    assert_eq!(z.reason, "140 is above 100 since 09:12:10 UTC");
    z.quiet(90.0);
    assert_eq!(
        z.reason,
        "90 is not above 100 any more, nor below 90 yet; firing since 09:12:10 UTC"
    );
    assert_eq!(z.state.phase(), Phase::Firing);
    assert_eq!(z.read(89.0), [Transition::Recovered { value: 89.0 }]);
    assert_eq!(
        z.reason,
        "89 is below 90: recovered, had been firing since 09:12:10 UTC"
    );
    z.quiet(99.0);
    assert_eq!(z.read(101.0), alert(101.0, 99.0));
}

#[test]
fn outside_is_one_excursion_on_either_side() {
    let mut z = Story::new(Rule::outside(0.0, 10.0));
    z.quiet(10.0);
    assert_eq!(z.read(11.0), alert(11.0, 10.0));
    z.quiet(-1.0);
    assert_eq!(z.reason, "-1 is below 0 since 09:12:10 UTC");
    assert_eq!(z.read(0.0), [Transition::Recovered { value: 0.0 }]);
    let mut below = Story::new(Rule::below(3.0));
    assert_eq!(below.read(2.0), alert(2.0, 0.0));
    assert_eq!(below.read(3.0), [Transition::Recovered { value: 3.0 }]);
}

#[test]
fn a_level_that_must_hold_and_keep() {
    let mut z = Story::new(Rule {
        hold: STEP * 2,
        keep_for: STEP,
        ..Rule::above(100.0)
    });
    z.quiet(50.0);
    z.quiet(101.0);
    z.quiet(102.0);
    assert_eq!(z.reason, "102 is above 100 since 09:12:10 UTC, for 10s of 20s");
    z.quiet(100.0);
    assert_eq!(z.state.phase(), Phase::Normal);
    z.quiet(101.0);
    z.quiet(101.0);
    assert_eq!(z.read(103.0), alert(103.0, 100.0));
    z.quiet(99.0);
    assert_eq!(
        z.reason,
        "99 is not above 100 any more, for 0s of 10s; firing since 09:12:40 UTC"
    );
    z.quiet(101.0);
    z.quiet(99.0);
    assert_eq!(z.read(98.0), [Transition::Recovered { value: 98.0 }]);
}

#[test]
fn blind_is_not_well() {
    let mut z = Story::new(Rule {
        no_data: STEP * 3,
        ..Rule::above(100.0)
    });
    assert_eq!(z.read(131.0), alert(131.0, 0.0));
    assert_eq!(z.fail(), []);
    assert_eq!(z.state.phase(), Phase::Firing);
    assert_eq!(
        z.reason,
        "cannot be read since 09:12:10 UTC: System A answers 503; last read 131 at 09:12:00 UTC; was firing since 09:12:00 UTC"
    );
    assert_eq!(z.fail(), []);
    let error = "System A answers 503".to_owned();
    assert_eq!(
        z.fail(),
        [Transition::NoData {
            for_: STEP * 3,
            error
        }]
    );
    assert_eq!(z.state.phase(), Phase::NoData);
    assert!(z.state.is_level_open());
    assert_eq!(z.fail(), [], "told once");
    assert!(
        z.reason.starts_with("no data for 40s: System A answers 503"),
        "{}",
        z.reason
    );
    assert_eq!(z.state.last_value(), Some(131.0));
    assert_eq!(
        z.read(120.0),
        [Transition::DataBack { value: 120.0 }],
        "no second alert"
    );
    assert_eq!(z.state.phase(), Phase::Firing);
    assert_eq!(z.reason, "120 is above 100 since 09:12:00 UTC");
    for _ in 0..3 {
        z.fail();
    }
    assert_eq!(
        z.read(1.0),
        [
            Transition::DataBack { value: 1.0 },
            Transition::Recovered { value: 1.0 }
        ]
    );
}

#[test]
fn data_that_is_back_can_alert_at_once() {
    let mut x = Story::new(Rule {
        no_data: STEP,
        ..Rule::rise(1.0)
    });
    x.read(5.0);
    assert_eq!(x.observe(Observed::Value(f64::NAN)).len(), 1, "NaN is no reading");
    assert_eq!(x.state.error(), Some("NaN is not a number"));
    let back = x.read(8.0);
    assert_eq!(
        back,
        [
            Transition::DataBack { value: 8.0 },
            Transition::Alert {
                value: 8.0,
                previous: Some(5.0)
            }
        ]
    );
}

#[test]
fn never_read_is_no_data_too() {
    let mut x = Story::new(Rule {
        no_data: STEP * 2,
        ..Rule::rise(1.0)
    });
    assert_eq!(x.fail(), []);
    assert_eq!(x.fail(), []);
    assert_eq!(x.fail().len(), 1);
    assert_eq!(x.state.last_value(), None);
}

#[test]
fn failed_readings_do_not_count_towards_for() {
    let mut z = Story::new(Rule {
        hold: STEP * 2,
        no_data: STEP * 9,
        ..Rule::above(100.0)
    });
    z.quiet(101.0);
    assert_eq!(z.fail(), []);
    assert_eq!(z.fail(), []);
    assert_eq!(z.state.phase(), Phase::Pending);
    z.quiet(101.0);
    assert_eq!(z.read(101.0), alert(101.0, 0.0));
}

#[test]
fn only_no_data() {
    let mut x = Story::new(Rule::no_data(STEP));
    x.quiet(5.0);
    assert_eq!(x.reason, "5 was read");
    assert_eq!(x.fail().len(), 1);
    assert_eq!(x.read(500.0), [Transition::DataBack { value: 500.0 }]);
}

#[test]
fn a_rule_that_was_changed_leaves_nothing_open() {
    let mut z = Story::new(Rule::above(100.0));
    z.read(131.0);
    z.rule = Rule::rise(1.0);
    assert_eq!(z.read(131.0), [Transition::Recovered { value: 131.0 }]);
    assert_eq!(z.read(140.0), alert(140.0, 131.0));
    z.rule = Rule::new(Condition::Level(Level::Above {
        threshold: 200.0,
        clear_below: None,
    }));
    z.quiet(150.0);
    assert_eq!(z.state.phase(), Phase::Normal);
}

#[test]
fn a_level_that_comes_and_goes_is_flapping_until_it_is_quiet() {
    let mut z = Story::new(Rule {
        flapping: Some(Flapping {
            alerts: 3,
            within: STEP * 6,
        }),
        ..Rule::above(100.0)
    });
    let note = "; flapping: 3 alerts within 1m";
    for _ in 0..2 {
        z.read(131.0);
        z.read(99.0);
        assert!(!z.state.is_flapping() && !z.reason.contains("flapping"));
    }
    assert_eq!(z.read(131.0), alert(131.0, 99.0), "told as any other");
    assert_eq!(z.state.phase(), Phase::Firing);
    assert_eq!(z.reason, format!("131 is above 100 since 09:12:40 UTC{note}"));
    assert_eq!(z.read(99.0), [Transition::Recovered { value: 99.0 }]);
    for _ in 0..5 {
        z.quiet(99.0);
        assert_eq!(z.reason, format!("99 is not above 100{note}"));
    }
    z.quiet(99.0);
    assert!(!z.state.is_flapping());
    assert_eq!(z.reason, "99 is not above 100");
    z.read(131.0);
    assert!(!z.state.is_flapping(), "begins anew");
}

#[test]
fn flapping_goes_on_through_a_short_outage_and_ends_with_a_long_one() {
    let mut z = Story::new(Rule {
        flapping: Some(Flapping {
            alerts: 2,
            within: STEP * 4,
        }),
        language: Language::Chinese,
        ..Rule::above(100.0)
    });
    for value in [131.0, 99.0, 131.0] {
        z.read(value);
    }
    z.fail();
    assert!(z.reason.ends_with("；频繁波动：40 秒内 2 次告警"), "{}", z.reason);
    z.fail();
    z.fail();
    assert!(z.state.is_flapping());
    z.fail();
    assert!(!z.state.is_flapping());
    assert!(!z.reason.contains("波动"), "{}", z.reason);
}

#[test]
fn a_rule_that_asks_no_more_leaves_nothing_flapping() {
    let flapping = Some(Flapping {
        alerts: 2,
        within: STEP * 9,
    });
    let mut z = Story::new(Rule {
        flapping,
        ..Rule::above(100.0)
    });
    for value in [131.0, 99.0, 131.0] {
        z.read(value);
    }
    assert!(z.state.is_flapping());
    z.rule.flapping = None;
    z.fail();
    assert!(!z.state.is_flapping());
}

#[test]
fn a_story_in_chinese() {
    let mut z = Story::new(Rule {
        no_data: STEP * 2,
        language: Language::Chinese,
        ..Rule::above(100.0)
    });
    z.quiet(99.0);
    assert_eq!(z.reason, "99 未高于 100");
    z.read(131.0);
    assert_eq!(z.reason, "131 高于 100（自 09:12:10 UTC 起）");
    z.fail();
    assert_eq!(
        z.reason,
        "读取失败（自 09:12:20 UTC 起）：System A answers 503；最近一次读数 131（09:12:10 UTC）；\
         中断前处于告警状态（自 09:12:10 UTC 起）"
    );
    z.observe(Observed::Value(f64::NAN));
    assert_eq!(
        z.reason,
        "已 20 秒没有数据：NaN 不是有效数值；最近一次读数 131（09:12:10 UTC）；\
         中断前处于告警状态（自 09:12:10 UTC 起）"
    );
    assert_eq!(
        z.state.error(),
        Some("NaN is not a number"),
        "what is kept is the same in every language"
    );
    z.read(80.0);
    assert_eq!(z.reason, "80 不再高于 100，已恢复（告警始于 09:12:10 UTC）");
}
