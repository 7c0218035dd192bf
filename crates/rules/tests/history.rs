//! Conditions that need to know more than the last reading, over short series of readings with what they need.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_rules::{
    History, Known, Lack, Need, Observed, Phase, Reading, Rule, RuleSettings, State, Transition, Window,
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

    fn answer(&self, need: &Need) -> Result<Known, Lack> {
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
                Ok(Known::Window(Window {
                    low,
                    high: values.iter().copied().fold(low, f64::max),
                    mean: values.iter().sum::<f64>() / count,
                    is_whole: first.is_some_and(|first| first <= before(span)),
                }))
            }
            Need::Ago(span) => {
                let then = self.readings.iter().rfind(|(at, _)| *at <= before(span));
                then.map(|(_, value)| Known::Value(*value))
                    .ok_or(Lack::NotYet(*span))
            }
            Need::Metric(key) => {
                let other = self.others.iter().find(|(other, _)| other == key);
                other.unwrap().1.clone().map(Known::Value)
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
}
