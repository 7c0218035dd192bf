//! Conditions that need to know more than the last reading, over short series of readings with what they need.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_rules::{
    Answer, History, Lack, Need, Observed, Phase, Reading, Rule, RuleSettings, State, Transition, Window,
    judge_with,
};
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);
const NONE: [f64; 0] = [];

/// A metric under a rule, read once a minute, with a history as an engine keeps it.
struct Series {
    rule: Rule,
    state: State,
    at: DateTime<Utc>,
    readings: Vec<(DateTime<Utc>, f64)>,
    others: Vec<(&'static str, Result<f64, Lack>)>,
    phase: Phase,
    reason: String,
}

impl Series {
    fn new(rule: &str) -> Series {
        let settings = RuleSettings::read(&toml::from_str(rule).unwrap(), monitor_rules::KINDS);
        Series {
            rule: settings.unwrap().rule(MINUTE).unwrap(),
            state: State::default(),
            at: "2026-11-23T09:12:00Z".parse().unwrap(),
            readings: Vec::new(),
            others: Vec::new(),
            phase: Phase::Normal,
            reason: String::new(),
        }
    }

    fn history(&self) -> History {
        let needs = self.rule.condition.needs();
        needs.iter().fold(History::default(), |history, need| {
            history.with(need.clone(), self.answer(need))
        })
    }

    fn answer(&self, need: &Need) -> Result<Answer, Lack> {
        let before = |span: &Duration| self.at - TimeDelta::from_std(*span).unwrap();
        let first = self.readings.first().map(|(at, _)| *at);
        match need {
            Need::Window(span) => {
                let within = self.readings.iter().filter(|(at, _)| *at >= before(span));
                let values: Vec<f64> = within.map(|(_, value)| *value).collect();
                let count = f64::from(u32::try_from(values.len()).unwrap());
                let low = values
                    .iter()
                    .copied()
                    .reduce(f64::min)
                    .ok_or(Lack::NotWithin(*span))?;
                Ok(Answer::Window(Window {
                    low,
                    high: values.iter().copied().fold(low, f64::max),
                    mean: values.iter().sum::<f64>() / count,
                    is_whole: first.is_some_and(|first| first <= before(span)),
                }))
            }
            Need::Ago(span) => {
                let then = self.readings.iter().rfind(|(at, _)| *at <= before(span));
                then.map(|(_, value)| Answer::Value(*value))
                    .ok_or(Lack::NotYet(*span))
            }
            Need::Metric(key) => {
                let other = self.others.iter().find(|(other, _)| other == key);
                other.unwrap().1.clone().map(Answer::Value)
            }
        }
    }

    /// One more reading, a minute after the last.
    fn read(&mut self, value: f64) -> Vec<Transition> {
        self.observe(Observed::Value(value))
    }

    fn observe(&mut self, observed: Observed) -> Vec<Transition> {
        self.at += MINUTE;
        let reading = Reading {
            at: self.at,
            elapsed: MINUTE,
            observed,
        };
        // Across a restart it is what was stored.
        let stored = serde_json::to_string(&self.state).unwrap();
        let state = serde_json::from_str(&stored).unwrap();
        let evaluation = judge_with(&self.rule, &state, &reading, &self.history());
        if let Observed::Value(value) = reading.observed {
            self.readings.push((self.at, value));
        }
        self.phase = evaluation.state.phase();
        self.state = evaluation.state;
        self.reason = evaluation.reason;
        evaluation.transitions
    }

    /// Which of these readings alert.
    fn alerts(&mut self, values: &[f64]) -> Vec<f64> {
        let alerts = |value: &f64| {
            let transitions = self.read(*value);
            transitions
                .iter()
                .any(|one| matches!(one, Transition::Alert { .. }))
        };
        values.iter().copied().filter(alerts).collect()
    }
}

#[test]
fn a_rise_within_an_hour_counts_from_the_lowest_and_alerts_once() {
    let mut metric = Series::new("rise = \"20%\"\nwithin = \"1h\"\ninitial = \"learn\"");
    assert_eq!(metric.alerts(&[100.0, 80.0, 90.0, 95.0]), NONE);
    assert_eq!(
        metric.reason,
        "rose 18.75 % from 80 to 95 within 1h: no rise by 20 %"
    );
    assert_eq!(metric.alerts(&[96.0]), [96.0]);
    assert_eq!(metric.reason, "rose 20 % from 80 to 96 within 1h");
    assert_eq!(metric.alerts(&[97.0, 100.0, 96.0]), NONE, "it was alerted on");
    assert_eq!(metric.alerts(&[115.2]), [115.2], "20 % more");
    assert_eq!(metric.reason, "rose 20 % from 96 to 115.2 within 1h");
    assert_eq!(
        metric.alerts(&[60.0, 80.0]),
        [80.0],
        "the next one, after it fell"
    );
}

#[test]
fn a_slow_drift_is_no_rise_within_a_short_span() {
    let mut metric = Series::new("rise = 10\nwithin = \"5m\"\ninitial = \"learn\"");
    let drift: Vec<f64> = (0..60).map(f64::from).collect();
    assert_eq!(
        metric.alerts(&drift),
        NONE,
        "one a minute is five within 5 minutes"
    );
    let steep: Vec<f64> = (0..30).map(|n| 60.0 + 2.0 * f64::from(n)).collect();
    let alerts = metric.alerts(&steep);
    assert_eq!(alerts, [70.0, 80.0, 90.0, 100.0, 110.0], "each 10, and no flood");
    assert_eq!(metric.alerts(&[120.0]), [120.0]);
    assert_eq!(metric.reason, "120 rose by 10 from 110, the lowest within 5m");
}

#[test]
fn a_fall_counts_from_the_highest_and_a_change_from_either() {
    let mut metric = Series::new("fall = \"50%\"\nwithin = \"10m\"");
    assert_eq!(metric.alerts(&[40.0, 100.0, 51.0, 50.0, 49.0]), [50.0]);
    assert_eq!(metric.alerts(&[26.0, 25.0]), [25.0]);
    let mut metric = Series::new("change = 30\nwithin = \"10m\"\ninitial = \"learn\"");
    assert_eq!(metric.alerts(&[50.0, 60.0, 40.0, 69.0]), NONE);
    assert_eq!(metric.alerts(&[70.0]), [70.0]);
    assert_eq!(metric.reason, "70 rose by 30 from 40, the lowest within 10m");
    assert_eq!(metric.alerts(&[41.0, 40.0]), [40.0]);
    assert_eq!(metric.reason, "40 fell by 30 from 70, the highest within 10m");
}

#[test]
fn where_nothing_was_read_within_the_span_the_last_reading_counts() {
    let mut metric = Series::new("rise = \"20%\"\nwithin = \"10m\"\ninitial = \"learn\"");
    metric.read(80.0);
    for _ in 0..30 {
        metric.observe(Observed::Unreadable("it is down".to_owned()));
    }
    assert_eq!(metric.alerts(&[100.0]), [100.0], "a rise in the dark is one");
    assert_eq!(metric.reason, "rose 25 % from 80 to 100");
}

#[test]
fn a_rise_that_has_to_last_counts_from_where_it_began() {
    let mut metric = Series::new("rise = \"20%\"\nwithin = \"5m\"\nfor = \"2m\"\ninitial = \"learn\"");
    assert_eq!(metric.alerts(&[100.0, 125.0]), NONE);
    assert_eq!(metric.phase, Phase::Pending);
    assert_eq!(
        metric.alerts(&[110.0, 125.0, 124.0]),
        NONE,
        "it was back for a minute"
    );
    assert_eq!(metric.alerts(&[123.0]), [123.0]);
}

#[test]
fn from_nothing_every_rise_counts_and_staying_is_none() {
    let mut metric = Series::new("rise = \"20%\"");
    assert_eq!(metric.alerts(&[0.0, 0.0]), NONE);
    assert_eq!(metric.reason, "0 is unchanged from 0: no rise by 20 %");
    assert_eq!(metric.alerts(&[0.001]), [0.001]);
    assert_eq!(metric.reason, "rose from 0 to 0.001");
    let mut metric = Series::new("fall = \"20%\"");
    assert_eq!(
        metric.alerts(&[0.0, 1.0, 0.9, 0.0, -1.0, -1.1, -1.4]),
        [0.0, -1.0, -1.4]
    );
    assert_eq!(metric.reason, "fell 27.27 % from -1.1 to -1.4", "of its size");
}

#[test]
fn an_expression_fires_once_an_excursion_and_holds_its_time() {
    let mut metric = Series::new("when = \"value > avg('5m') * 2\"\nfor = \"1m\"\nkeep_for = \"1m\"");
    assert_eq!(metric.read(10.0), []);
    assert_eq!(metric.reason, "10 is not judged: no reading within 5m");
    for _ in 0..4 {
        assert_eq!(metric.read(10.0), []);
        assert_eq!(metric.reason, "10 is not judged: no reading from 5m ago yet");
        assert_eq!(metric.phase, Phase::Normal);
    }
    assert_eq!(metric.read(10.0), []);
    assert_eq!(
        metric.reason,
        "not when value > avg('5m') * 2: value 10, avg 5m 10"
    );
    assert_eq!((metric.read(30.0), metric.phase), (vec![], Phase::Pending));
    assert_eq!(metric.alerts(&[40.0, 60.0, 110.0]), [40.0], "one an excursion");
    assert_eq!(
        metric.reason,
        "when value > avg('5m') * 2: value 110, avg 5m 30, since 09:19:00 UTC"
    );
    assert_eq!(metric.read(40.0), [], "it has to be over for a minute");
    assert_eq!(metric.read(20.0), [Transition::Recovered { value: 20.0 }]);
    assert_eq!(metric.phase, Phase::Normal);
}

#[test]
fn what_depends_on_what_cannot_be_seen_neither_fires_nor_recovers_and_ends_without_data() {
    let mut metric = Series::new("when = \"value > metric('y')\"\nno_data = \"2m\"");
    metric.others = vec![("y", Ok(5.0))];
    assert_eq!(metric.alerts(&[6.0]), [6.0]);
    metric.others = vec![("y", Err(Lack::Unreadable("y".to_owned())))];
    assert_eq!((metric.read(1.0), metric.phase), (vec![], Phase::Firing));
    assert_eq!(
        metric.reason,
        "1 cannot be judged: metric y is unreadable; was firing since 09:13:00 UTC"
    );
    let why = "2 cannot be judged: metric y is unreadable";
    let no_data = Transition::NoData {
        for_: MINUTE * 2,
        error: why.to_owned(),
    };
    assert_eq!((metric.read(2.0), metric.phase), (vec![no_data], Phase::NoData));
    assert_eq!(
        metric.reason,
        format!("no data for 2m: {why}; was firing since 09:13:00 UTC")
    );
    assert_eq!(metric.read(3.0), [], "once");
    metric.others = vec![("y", Ok(5.0))];
    assert_eq!(
        metric.read(6.0),
        [Transition::DataBack { value: 6.0 }],
        "the excursion of before goes on"
    );
    assert_eq!(metric.read(5.0), [Transition::Recovered { value: 5.0 }]);
}

#[test]
fn readings_of_another_metric_and_failed_ones_of_its_own_are_one_time_without_data() {
    let mut metric = Series::new("when = \"value > metric('y')\"\nno_data = \"3m\"");
    metric.others = vec![("y", Err(Lack::Stale("y".to_owned(), MINUTE)))];
    assert_eq!(metric.read(1.0), []);
    assert_eq!(metric.observe(Observed::Unreadable("it is down".to_owned())), []);
    let transitions = metric.read(1.0);
    assert!(
        matches!(&transitions[..], [Transition::NoData { .. }]),
        "{transitions:?}"
    );
}

#[test]
fn a_rate_is_what_passed_since_the_last_good_reading() {
    let mut metric = Series::new("when = \"rate > 1\"");
    assert_eq!(metric.read(0.0), []);
    assert_eq!(metric.reason, "0 is not judged: nothing was read before");
    for _ in 0..4 {
        metric.observe(Observed::Unreadable("it is down".to_owned()));
    }
    assert_eq!(metric.read(300.0), [], "300 in five minutes are one a second");
    assert_eq!(metric.reason, "not when rate > 1: rate 1");
    assert_eq!(metric.alerts(&[361.0]), [361.0]);
}

#[test]
fn what_comes_to_no_number_decides_nothing_and_is_no_fault() {
    let mut metric = Series::new("when = \"delta / previous > 0.5\"\nno_data = \"1m\"");
    assert_eq!(metric.alerts(&[0.0, 5.0, 8.0]), [8.0]);
    assert_eq!(metric.read(0.0), [Transition::Recovered { value: 0.0 }]);
    for _ in 0..5 {
        assert_eq!(metric.read(0.0), []);
    }
    assert_eq!(metric.phase, Phase::Normal);
    assert_eq!(
        metric.reason,
        "0 is not judged: it divides by 0, or comes to a number beyond all bounds"
    );
}

proptest! {
    /// Whatever is read: a rise within a span that alerts is one from some reading of the span since the last alert, and where
    /// none alerts there is no such reading.
    #[test]
    fn it_alerts_if_and_only_if_some_reading_of_the_span_is_so_far_away(
        values in prop::collection::vec(0i32..200, 1..40),
        percent in 1u32..90,
        span in 1usize..12,
    ) {
        let rule = format!("rise = \"{percent}%\"\nwithin = \"{span}m\"\ninitial = \"learn\"");
        let mut metric = Series::new(&rule);
        let mut since: Vec<f64> = Vec::new();
        for value in values.into_iter().map(f64::from) {
            let lowest = since.iter().rev().take(span).copied().reduce(f64::min);
            let is_due = lowest.is_some_and(|low| {
                let moved = value - low;
                moved > 0.0 && moved * 100.0 >= low * f64::from(percent)
            });
            let has_alerted = !metric.alerts(&[value]).is_empty();
            prop_assert_eq!(has_alerted, is_due, "{} after {:?}: {}", value, since, metric.reason);
            if has_alerted {
                since.clear();
            }
            since.push(value);
        }
    }

    /// `when = "value > 10"` is `above = 10`: the same transitions, phases and states but for the words.
    #[test]
    fn an_expression_is_a_level_like_any_other(
        values in prop::collection::vec(prop::option::weighted(0.8, 0i32..20), 0..40),
        hold in 0u64..4,
        keep_for in 0u64..4,
    ) {
        let spans = |key: &str, minutes: u64| match minutes {
            0 => String::new(),
            minutes => format!("{key} = \"{minutes}m\"\n"),
        };
        let spans = format!("no_data = \"3m\"\n{}{}", spans("for", hold), spans("keep_for", keep_for));
        let mut above = Series::new(&format!("above = 10\n{spans}"));
        let mut when = Series::new(&format!("when = \"value > 10\"\n{spans}"));
        for value in values {
            let observed = value.map_or(Observed::Unreadable("down".to_owned()), |value| Observed::Value(value.into()));
            prop_assert_eq!(above.observe(observed.clone()), when.observe(observed));
            prop_assert_eq!(&above.state, &when.state);
        }
    }
}
