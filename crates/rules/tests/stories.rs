//! What each kind of rule does over short series of readings: value, transitions, reason.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::Language;
use monitor_rules::{
    AboveSettings, Baseline, Change, Flapping, History, Initial, Level, NoData, Observed, Phase, Reading,
    Rule, RuleSettings, State, Transition, judge,
};

const STEP: Duration = Duration::from_secs(10);

/// A metric under a rule, read every ten seconds from 09:12:00.
struct Series {
    rule: Rule,
    state: State,
    at: DateTime<Utc>,
    reason: String,
}

impl Series {
    fn new(rule: Rule) -> Series {
        Series {
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
        let evaluation = judge(
            &self.rule,
            &self.state,
            &Reading {
                at: self.at,
                elapsed,
                observed,
            },
        );
        self.at += TimeDelta::seconds(10);
        self.state = evaluation.state;
        self.reason = evaluation.reason;
        assert!(self.state.since().is_some());
        evaluation.transitions
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

#[test]
fn a_rise_is_an_alert_each_time() {
    let mut x = Series::new(Rule::new(Change::rise(1.0)));
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
    let mut x = Series::new(Rule::new(Change::rise(1.0)));
    x.quiet(0.0);
    assert_eq!(x.state.phase(), Phase::Normal);
    assert_eq!(x.read(1.0), alert(1.0, 0.0));
}

#[test]
fn a_first_reading_can_be_learnt() {
    let mut x = Series::new(Rule::new(Change {
        initial: Initial::Learn,
        ..Change::rise(1.0)
    }));
    x.quiet(500.0);
    assert_eq!(x.reason, "500 is the first reading: learnt, not judged");
    assert_eq!(x.read(501.0), alert(501.0, 500.0));
}

#[test]
fn a_drift_adds_up_from_the_last_alert() {
    let mut x = Series::new(Rule::new(Change {
        baseline: Baseline::LastAlert,
        initial: Initial::Learn,
        ..Change::rise(10.0)
    }));
    x.quiet(100.0);
    x.quiet(105.0);
    assert_eq!(x.read(110.0), alert(110.0, 100.0));
    assert_eq!(x.reason, "110 rose by 10 from 100");
    x.quiet(119.0);
    assert_eq!(x.read(120.0), alert(120.0, 110.0));
    assert_eq!(x.reason, "120 rose by 10 from 110 at the last alert");
}

fn since_alert(change: Change) -> Series {
    Series::new(Rule::new(Change {
        baseline: Baseline::LastAlert,
        ..change
    }))
}

/// What a service that is restarted shows: its count begins anew, and reaches what was alerted on much later.
#[test]
fn the_last_alert_does_not_hide_a_rise_after_a_fall() {
    let mut x = since_alert(Change::rise(1.0));
    x.quiet(0.0);
    assert_eq!(x.read(100.0), alert(100.0, 0.0));
    x.quiet(0.0);
    assert_eq!(x.read(95.0), alert(95.0, 0.0));
    assert_eq!(x.reason, "95 rose by 95 from 0, the lowest since the last alert");

    let mut x = since_alert(Change::rise(5.0));
    assert_eq!(x.read(100.0), alert(100.0, 0.0));
    x.quiet(90.0);
    x.quiet(94.0);
    x.quiet(92.0);
    assert_eq!(
        x.read(100.0),
        alert(100.0, 90.0),
        "from the lowest, not from the last"
    );
    x.quiet(104.0);
    assert_eq!(x.read(105.0), alert(105.0, 100.0), "a drift still adds up");
}

#[test]
fn the_last_alert_does_not_hide_a_fall_after_a_rise() {
    let mut x = since_alert(Change::fall(5.0));
    x.quiet(100.0);
    assert_eq!(
        x.reason,
        "100 rose by 100 from 0, the first reading: no fall by 5"
    );
    assert_eq!(x.read(20.0), alert(20.0, 100.0));
    assert_eq!(x.reason, "20 fell by 80 from 100, the highest so far");
    x.quiet(100.0);
    assert_eq!(x.read(25.0), alert(25.0, 100.0));
}

#[test]
fn a_change_from_the_last_alert_goes_both_ways() {
    let mut x = since_alert(Change::either(5.0));
    assert_eq!(x.read(100.0), alert(100.0, 0.0));
    x.quiet(96.0);
    x.quiet(104.0);
    assert_eq!(x.read(95.0), alert(95.0, 100.0));
    assert_eq!(x.read(100.0), alert(100.0, 95.0));
}

/// While a rise is pending its baseline stays, and one that does not last leaves the lowest where it was.
#[test]
fn the_lowest_since_the_last_alert_goes_with_for() {
    let mut x = Series::new(Rule {
        hold: STEP,
        ..Rule::new(Change {
            baseline: Baseline::LastAlert,
            initial: Initial::Learn,
            ..Change::rise(10.0)
        })
    });
    for value in [100.0, 50.0, 60.0, 55.0, 61.0] {
        x.quiet(value);
    }
    assert_eq!(x.read(60.0), alert(60.0, 50.0));
    x.quiet(69.0);
}

/// A state from before the lowest was kept knows the value last alerted on and the last reading.
#[test]
fn a_stored_state_without_the_lowest_counts_from_its_last_reading() {
    let state: State = serde_json::from_str(r#"{"value":0.0,"first":0.0,"alerted":100.0}"#).unwrap();
    let mut x = since_alert(Change::rise(1.0));
    x.state = state;
    assert_eq!(x.read(95.0), alert(95.0, 0.0));
}

#[test]
fn falls_and_changes() {
    let mut fall = Series::new(Rule::new(Change::fall(5.0)));
    fall.quiet(10.0);
    fall.quiet(6.0);
    assert_eq!(fall.read(1.0), alert(1.0, 6.0));
    let mut change = Series::new(Rule::new(Change::either(2.0)));
    assert_eq!(change.read(-2.0), alert(-2.0, 0.0));
    change.quiet(-3.0);
    assert_eq!(change.read(0.0), alert(0.0, -3.0));
}

#[test]
fn an_event_that_must_hold_keeps_its_baseline() {
    let mut x = Series::new(Rule {
        hold: STEP * 2,
        ..Rule::new(Change::rise(5.0))
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
    assert_eq!(
        x.rule
            .condition
            .reference(&x.state.past(), &History::default())
            .value(),
        Some(12.0)
    );
}

#[test]
fn above_fires_once_and_clears_below() {
    let settings = RuleSettings::new(AboveSettings {
        clear_below: Some(90.0),
        ..AboveSettings::new(100.0)
    });
    let mut z = Series::new(settings.rule(STEP).unwrap());
    z.quiet(100.0);
    assert_eq!(z.reason, "100 is not above 100");
    assert_eq!(z.read(131.0), alert(131.0, 100.0));
    assert_eq!(z.reason, "131 is above 100 since 09:12:10 UTC");
    z.quiet(140.0);
    assert_eq!(z.reason, "140 is above 100 since 09:12:10 UTC");
    z.quiet(90.0);
    assert_eq!(
        z.reason,
        "90 is no longer above 100 but not yet below 90; firing since 09:12:10 UTC"
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
    let mut z = Series::new(Rule::new(Level::outside(0.0, 10.0)));
    z.quiet(10.0);
    assert_eq!(z.read(11.0), alert(11.0, 10.0));
    z.quiet(-1.0);
    assert_eq!(z.reason, "-1 is below 0 since 09:12:10 UTC");
    assert_eq!(z.read(0.0), [Transition::Recovered { value: 0.0 }]);
    let mut below = Series::new(Rule::new(Level::below(3.0)));
    assert_eq!(below.read(2.0), alert(2.0, 0.0));
    assert_eq!(below.read(3.0), [Transition::Recovered { value: 3.0 }]);
}

#[test]
fn a_level_that_must_hold_and_keep() {
    let mut z = Series::new(Rule {
        hold: STEP * 2,
        keep_for: STEP,
        ..Rule::new(Level::above(100.0))
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
        "99 is no longer above 100, for 0s of 10s; firing since 09:12:40 UTC"
    );
    z.quiet(101.0);
    z.quiet(99.0);
    assert_eq!(z.read(98.0), [Transition::Recovered { value: 98.0 }]);
}

#[test]
fn no_data_is_not_all_is_well() {
    let mut z = Series::new(Rule {
        no_data: STEP * 3,
        ..Rule::new(Level::above(100.0))
    });
    assert_eq!(z.read(131.0), alert(131.0, 0.0));
    assert_eq!(z.fail(), []);
    assert_eq!(z.state.phase(), Phase::Firing);
    assert_eq!(
        z.reason,
        "has been unreadable since 09:12:10 UTC: System A answers 503; last read 131 at 09:12:00 UTC; was firing since 09:12:00 UTC"
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
    assert_eq!(z.fail(), [], "reported once");
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
    let mut x = Series::new(Rule {
        no_data: STEP,
        ..Rule::new(Change::rise(1.0))
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
    let mut x = Series::new(Rule {
        no_data: STEP * 2,
        ..Rule::new(Change::rise(1.0))
    });
    assert_eq!(x.fail(), []);
    assert_eq!(x.fail(), []);
    assert_eq!(x.fail().len(), 1);
    assert_eq!(x.state.last_value(), None);
}

#[test]
fn failed_readings_do_not_count_towards_for() {
    let mut z = Series::new(Rule {
        hold: STEP * 2,
        no_data: STEP * 9,
        ..Rule::new(Level::above(100.0))
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
    let mut x = Series::new(Rule {
        no_data: STEP,
        ..Rule::new(NoData)
    });
    x.quiet(5.0);
    assert_eq!(x.reason, "5 was read");
    assert_eq!(x.fail().len(), 1);
    assert_eq!(x.read(500.0), [Transition::DataBack { value: 500.0 }]);
}

#[test]
fn a_rule_that_was_changed_leaves_nothing_open() {
    let mut z = Series::new(Rule::new(Level::above(100.0)));
    z.read(131.0);
    z.rule = Rule::new(Change::rise(1.0));
    assert_eq!(z.read(131.0), [Transition::Recovered { value: 131.0 }]);
    assert_eq!(z.read(140.0), alert(140.0, 131.0));
    z.rule = Rule::new(Level::above(200.0));
    z.quiet(150.0);
    assert_eq!(z.state.phase(), Phase::Normal);
}

#[test]
fn a_level_that_comes_and_goes_is_flapping_until_it_is_quiet() {
    let mut z = Series::new(Rule {
        flapping: Some(Flapping {
            alerts: 3,
            within: STEP * 6,
        }),
        ..Rule::new(Level::above(100.0))
    });
    let note = "; flapping: 3 alerts within 1m";
    for _ in 0..2 {
        z.read(131.0);
        z.read(99.0);
        assert!(!z.state.is_flapping() && !z.reason.contains("flapping"));
    }
    assert_eq!(z.read(131.0), alert(131.0, 99.0), "reported as any other");
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
    let mut z = Series::new(Rule {
        flapping: Some(Flapping {
            alerts: 2,
            within: STEP * 4,
        }),
        language: Language::Chinese,
        ..Rule::new(Level::above(100.0))
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
fn a_rule_without_flapping_leaves_nothing_flapping() {
    let flapping = Some(Flapping {
        alerts: 2,
        within: STEP * 9,
    });
    let mut z = Series::new(Rule {
        flapping,
        ..Rule::new(Level::above(100.0))
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
fn a_series_in_chinese() {
    let mut z = Series::new(Rule {
        no_data: STEP * 2,
        language: Language::Chinese,
        ..Rule::new(Level::above(100.0))
    });
    z.quiet(99.0);
    assert_eq!(z.reason, "99 未高于 100");
    z.read(131.0);
    assert_eq!(z.reason, "131 高于 100（自 09:12:10 UTC 起）");
    z.fail();
    assert_eq!(
        z.reason,
        "无法读取（自 09:12:20 UTC 起）：System A answers 503；最近一次读数 131（09:12:10 UTC）；\
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
