//! What holds for every rule and every sequence of readings.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::Language;
use monitor_rules::{
    Baseline, Condition, Event, EventKind, Flapping, Initial, Judgement, Level, Observed, Phase, Reading,
    Rule, State, Transition, judge,
};
use proptest::prelude::*;

/// One reading without its time of day: seconds since the one before, and the value if it could be read.
type Step = (u64, Option<f64>);

fn start() -> DateTime<Utc> {
    "2026-11-23T09:12:00Z".parse().unwrap()
}

fn play(rule: &Rule, steps: &[Step]) -> Vec<Judgement> {
    play_at(rule, steps, |at, elapsed, _| {
        at + TimeDelta::from_std(elapsed).unwrap()
    })
}

/// Plays the steps with a wall clock of the caller's choice.
fn play_at(
    rule: &Rule,
    steps: &[Step],
    mut next: impl FnMut(DateTime<Utc>, Duration, usize) -> DateTime<Utc>,
) -> Vec<Judgement> {
    let (mut at, mut state, mut judgements) = (start(), State::default(), Vec::new());
    for (i, (seconds, value)) in steps.iter().enumerate() {
        let elapsed = Duration::from_secs(*seconds);
        at = next(at, elapsed, i);
        let observed = value.map_or_else(|| Observed::Unreadable("it is down".to_owned()), Observed::Value);
        let judgement = judge(
            rule,
            &state,
            &Reading {
                at,
                elapsed,
                observed,
            },
        );
        state = judgement.state.clone();
        judgements.push(judgement);
    }
    judgements
}

/// Values around the thresholds, whole and fractional, and sometimes anything a number can be.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-5i32..25).prop_map(f64::from),
        4 => -5.0..25.0f64,
        1 => any::<f64>(),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u64..40, prop::option::weighted(0.75, value())), 0..60)
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![
        (prop::option::of(0.0..9.0)).prop_map(|clear_below| Level::Above {
            threshold: 10.0,
            clear_below
        }),
        (prop::option::of(10.5..19.0)).prop_map(|clear_above| Level::Below {
            threshold: 10.0,
            clear_above
        }),
        (prop::option::of(4.0..8.0), prop::option::of(9.0..14.0)).prop_map(|(clear_above, clear_below)| {
            Level::Outside {
                low: 3.0,
                high: 15.0,
                clear_above,
                clear_below,
            }
        }),
    ]
}

fn spans() -> impl Strategy<Value = (Duration, Duration, Duration)> {
    let span = || prop_oneof![2 => Just(0u64), 3 => 1u64..90].prop_map(Duration::from_secs);
    (span(), span(), (1u64..90).prop_map(Duration::from_secs))
}

fn flapping() -> impl Strategy<Value = Flapping> {
    (2u32..6, 1u64..200).prop_map(|(alerts, within)| Flapping {
        alerts,
        within: Duration::from_secs(within),
    })
}

fn level_rule() -> impl Strategy<Value = Rule> {
    (level(), spans(), prop::option::of(flapping())).prop_map(
        |(level, (hold, keep_for, no_data), flapping)| Rule {
            hold,
            keep_for,
            no_data,
            flapping,
            ..Rule::new(Condition::Level(level))
        },
    )
}

fn event_rule() -> impl Strategy<Value = Rule> {
    let kind = prop_oneof![
        Just(EventKind::Rise),
        Just(EventKind::Fall),
        Just(EventKind::Change)
    ];
    let baseline = prop_oneof![Just(Baseline::Last), Just(Baseline::LastAlert)];
    let initial = prop_oneof![Just(Initial::CountFromZero), Just(Initial::Learn)];
    (kind, 0.5..5.0f64, baseline, initial, spans()).prop_map(
        |(kind, by, baseline, initial, (hold, keep_for, no_data))| Rule {
            hold,
            keep_for,
            no_data,
            ..Rule::new(Condition::Event(Event {
                kind,
                by,
                baseline,
                initial,
            }))
        },
    )
}

fn any_rule() -> impl Strategy<Value = Rule> {
    prop_oneof![4 => level_rule(), 4 => event_rule(), 1 => Just(Rule::no_data(Duration::from_secs(30)))]
}

fn level_of(rule: &Rule) -> &Level {
    let Condition::Level(level) = &rule.condition else {
        panic!("a level")
    };
    level
}

fn readable(step: &Step) -> Option<f64> {
    step.1.filter(|value| value.is_finite())
}

/// Alerts and recoveries, without what is told of missing data.
fn alarms(judgement: &Judgement) -> Vec<Transition> {
    let about_data = |t: &&Transition| !matches!(t, Transition::NoData { .. } | Transition::DataBack { .. });
    judgement.transitions.iter().filter(about_data).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_level_alternates_alert_and_recovered(rule in level_rule(), steps in steps()) {
        let mut firing = false;
        for (step, judgement) in steps.iter().zip(play(&rule, &steps)) {
            for transition in alarms(&judgement) {
                match transition {
                    Transition::Alert { value, .. } => {
                        prop_assert!(!firing, "a second alert");
                        prop_assert_eq!(Some(value), readable(step));
                        prop_assert!(level_of(&rule).is_breached(value));
                        firing = true;
                    }
                    Transition::Recovered { value } => {
                        prop_assert!(firing, "recovered from nothing");
                        prop_assert_eq!(Some(value), readable(step));
                        prop_assert!(level_of(&rule).is_clear(value));
                        firing = false;
                    }
                    _ => unreachable!(),
                }
            }
            prop_assert_eq!(judgement.state.is_level_open(), firing);
        }
    }

    /// Against a model that knows nothing of states: an excursion goes from a breach to the first clear value after it.
    #[test]
    fn a_level_alerts_exactly_once_an_excursion(level in level(), steps in steps()) {
        let rule = Rule::new(Condition::Level(level.clone()));
        let told: Vec<bool> =
            play(&rule, &steps).iter().map(|j| j.transitions.iter().any(|t| matches!(t, Transition::Alert { .. }))).collect();
        let good: Vec<(usize, f64)> =
            steps.iter().enumerate().filter_map(|(i, step)| Some((i, readable(step)?))).collect();
        let mut expected = vec![false; steps.len()];
        let mut at = 0;
        while let Some(begin) = (at..good.len()).find(|i| level.is_breached(good[*i].1)) {
            expected[good[begin].0] = true;
            at = (begin..good.len()).find(|i| level.is_clear(good[*i].1)).unwrap_or(good.len());
        }
        prop_assert_eq!(told, expected);
    }

    /// With `for`, an alert comes at the first reading at which all good readings for that long were beyond.
    #[test]
    fn an_alert_has_held_for_as_long_as_asked(rule in level_rule(), steps in steps()) {
        let mut held: Option<u64> = None;
        let mut firing = false;
        for (step, judgement) in steps.iter().zip(play(&rule, &steps)) {
            let Some(value) = readable(step) else { continue };
            held = level_of(&rule).is_breached(value).then(|| held.map_or(0, |held| held + step.0));
            let alerted = judgement.transitions.iter().any(|t| matches!(t, Transition::Alert { .. }));
            let due = !firing && held.is_some_and(|held| Duration::from_secs(held) >= rule.hold);
            prop_assert_eq!(alerted, due);
            firing = judgement.state.is_level_open();
            if firing || !level_of(&rule).is_breached(value) {
                held = None;
            }
        }
    }

    #[test]
    fn flapping_changes_nothing_that_is_told(rule in level_rule(), steps in steps()) {
        let plain = play(&Rule { flapping: None, ..rule.clone() }, &steps);
        for (damped, plain) in play(&rule, &steps).iter().zip(plain) {
            prop_assert_eq!(&damped.transitions, &plain.transitions);
            prop_assert_eq!(damped.state.phase(), plain.state.phase());
            prop_assert_eq!(damped.state.since(), plain.state.since());
            prop_assert!(!plain.state.is_flapping());
            let added = damped.reason.strip_prefix(plain.reason.as_str());
            prop_assert_eq!(added.is_some_and(|note| note.starts_with("; flapping: ")), damped.state.is_flapping());
        }
    }

    /// Against a model that keeps every time there was and looks back over all of them.
    #[test]
    fn a_level_flaps_exactly_when_it_alerts_too_often(level in level(), limit in flapping(), steps in steps()) {
        let rule = Rule { flapping: Some(limit), ..Rule::new(Condition::Level(level)) };
        let (mut now, mut alerts, mut last) = (Duration::ZERO, Vec::new(), None);
        let mut flapping = false;
        for (step, judgement) in steps.iter().zip(play(&rule, &steps)) {
            now += Duration::from_secs(step.0);
            let told = alarms(&judgement);
            let alerted = told.iter().any(|one| matches!(one, Transition::Alert { .. }));
            if !told.is_empty() {
                last = Some(now);
            }
            if alerted {
                alerts.push(now);
                let recent = alerts.iter().filter(|at| now - **at <= limit.within).count();
                flapping |= recent >= usize::try_from(limit.alerts).unwrap();
            }
            if last.is_some_and(|last| now - last >= limit.within) {
                flapping = false;
                alerts.clear();
            }
            prop_assert_eq!(judgement.state.is_flapping(), flapping);
        }
    }

    #[test]
    fn an_event_alerts_only_on_a_move_from_what_it_names(rule in event_rule(), steps in steps()) {
        let Condition::Event(event) = &rule.condition else { unreachable!() };
        for (step, judgement) in steps.iter().zip(play(&rule, &steps)) {
            let alerts = alarms(&judgement);
            prop_assert!(alerts.len() <= 1);
            if let Some(transition) = alerts.first() {
                let Transition::Alert { value, previous: Some(previous) } = transition else {
                    panic!("events do not recover: {transition:?}");
                };
                prop_assert_eq!(Some(*value), readable(step));
                prop_assert!(event.is_met(*value, *previous));
                prop_assert_eq!(judgement.state.phase(), Phase::Firing);
            }
        }
    }

    /// The plain rise of the original program: each good reading against the one before, the first against zero.
    #[test]
    fn a_plain_rise_misses_none_and_makes_up_none(steps in steps()) {
        let rule = Rule::rise(1.0);
        let mut last = 0.0;
        for (step, judgement) in steps.iter().zip(play(&rule, &steps)) {
            let Some(value) = readable(step) else {
                prop_assert!(alarms(&judgement).is_empty());
                continue;
            };
            let expected = if value - last >= 1.0 { vec![Transition::Alert { value, previous: Some(last) }] } else { vec![] };
            // differences within the rounding that `is_met` forgives are not this test's subject
            if ((value - last) - 1.0).abs() > 1e-6 {
                prop_assert_eq!(alarms(&judgement), expected);
            }
            last = value;
        }
    }

    /// Taking out the readings that failed changes no alert and no recovery of those that did not.
    #[test]
    fn failed_readings_change_no_alarm(rule in any_rule(), steps in steps()) {
        let all: Vec<_> = steps
            .iter()
            .zip(play(&rule, &steps))
            .filter(|(step, judgement)| {
                assert!(readable(step).is_some() || alarms(judgement).is_empty(), "an alarm from a failed reading");
                readable(step).is_some()
            })
            .map(|(_, judgement)| alarms(&judgement))
            .collect();
        let good: Vec<Step> = steps.iter().filter(|step| readable(step).is_some()).copied().collect();
        let only: Vec<_> = play(&rule, &good).iter().map(alarms).collect();
        prop_assert_eq!(all, only);
    }

    #[test]
    fn no_data_and_data_back_alternate(rule in any_rule(), steps in steps()) {
        let (mut dark, mut without) = (false, Duration::ZERO);
        for (step, judgement) in steps.iter().zip(play(&rule, &steps)) {
            let good = readable(step);
            let about_data: Vec<_> = judgement
                .transitions
                .iter()
                .filter(|t| matches!(t, Transition::NoData { .. } | Transition::DataBack { .. }))
                .cloned()
                .collect();
            without = if good.is_some() { Duration::ZERO } else { without + Duration::from_secs(step.0) };
            let expected = match good {
                Some(value) if dark => vec![Transition::DataBack { value }],
                None if !dark && without >= rule.no_data => {
                    let error = step.1.map_or_else(|| "it is down".to_owned(), |v| format!("{v} is not a number"));
                    vec![Transition::NoData { for_: without, error }]
                }
                _ => vec![],
            };
            prop_assert_eq!(about_data, expected);
            dark = good.is_none() && without >= rule.no_data;
            prop_assert_eq!(judgement.state.phase() == Phase::NoData, dark);
            if judgement.transitions.len() > 1 {
                let back_comes_first = matches!(judgement.transitions[0], Transition::DataBack { .. });
                prop_assert!(back_comes_first, "{:?}", judgement.transitions);
            }
        }
    }

    #[test]
    fn a_state_is_the_same_after_json(rule in any_rule(), steps in steps()) {
        let (mut at, mut state) = (start(), State::default());
        for ((seconds, value), kept) in steps.iter().zip(play(&rule, &steps)) {
            let elapsed = Duration::from_secs(*seconds);
            at += TimeDelta::from_std(elapsed).unwrap();
            let stored = serde_json::to_string(&state).unwrap();
            state = serde_json::from_str(&stored).unwrap();
            let observed = value.map_or_else(|| Observed::Unreadable("it is down".to_owned()), Observed::Value);
            let judgement = judge(&rule, &state, &Reading { at, elapsed, observed });
            prop_assert_eq!(&judgement, &kept);
            state = judgement.state;
        }
    }

    #[test]
    fn the_wall_clock_has_no_say(rule in any_rule(), steps in steps(), jumps in prop::collection::vec(-90_000i64..90_000, 60)) {
        let steady = play(&rule, &steps);
        let jumpy = play_at(&rule, &steps, |at, _, i| at + TimeDelta::seconds(jumps[i]));
        for (steady, jumpy) in steady.iter().zip(&jumpy) {
            prop_assert_eq!(&steady.transitions, &jumpy.transitions);
            prop_assert_eq!(steady.state.phase(), jumpy.state.phase());
        }
    }

    #[test]
    fn the_language_changes_words_only(rule in any_rule(), steps in steps()) {
        let told = Language::ALL.map(|language| play(&Rule { language, ..rule.clone() }, &steps));
        for (english, chinese) in told[0].iter().zip(&told[1]) {
            prop_assert_eq!(&english.transitions, &chinese.transitions);
            prop_assert_eq!(&english.state, &chinese.state);
            prop_assert_ne!(&english.reason, &chinese.reason);
            prop_assert!(english.reason.is_ascii(), "{}", english.reason);
            let own = chinese.reason.replace("it is down", "");
            let foreign = own
                .split(|one: char| !one.is_ascii_alphabetic())
                .find(|word| !matches!(*word, "" | "UTC" | "NaN" | "inf" | "e"));
            prop_assert_eq!(foreign, None, "{}", chinese.reason);
        }
    }

    #[test]
    fn judging_is_pure_and_always_says_why(rule in any_rule(), steps in steps()) {
        for (a, b) in play(&rule, &steps).iter().zip(play(&rule, &steps)) {
            prop_assert_eq!(a, &b);
            prop_assert!(!a.reason.is_empty());
        }
    }
}
