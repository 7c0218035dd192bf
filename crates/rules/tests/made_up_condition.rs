//! A kind of condition that this crate does not have: one file, given beside the ones that there are.

#![allow(clippy::unwrap_used)]

#[path = "../examples/own_condition/stuck.rs"]
mod stuck;

use std::time::Duration;

use monitor_domain::{Finding, Kind};
use monitor_rules::{
    ConditionSettings, KINDS, Observed, Phase, Reading, RuleSettings, State, Transition, condition_of,
    foreign_keys, judge,
};

/// Who follows docs/extending.md to the letter has it in the list as well.
fn kinds() -> Vec<Kind<dyn ConditionSettings>> {
    let others = KINDS.iter().copied().filter(|kind| kind.name != stuck::KIND.name);
    others.chain([stuck::KIND]).collect()
}

fn read(text: &str) -> Result<RuleSettings, Vec<String>> {
    let wrong = |wrong: Vec<Finding>| wrong.iter().map(ToString::to_string).collect();
    RuleSettings::read(&toml::from_str(text).unwrap(), &kinds()).map_err(wrong)
}

#[test]
fn it_is_judged_like_any_other_and_keeps_its_own_notes() {
    let rule = read("stuck = 3\nno_data = \"20s\"").unwrap();
    let rule = rule.rule(Duration::from_secs(10)).unwrap();
    assert_eq!(rule.describe(), "stuck for 3 readings");
    let mut stored = serde_json::to_string(&State::default()).unwrap();
    let mut read = |value: Option<f64>| {
        let reading = Reading {
            at: "2026-11-23T09:12:00Z".parse().unwrap(),
            elapsed: Duration::from_secs(10),
            observed: value.map_or(Observed::Unreadable("it is down".to_owned()), Observed::Value),
        };
        let state: State = serde_json::from_str(&stored).unwrap();
        let evaluation = judge(&rule, &state, &reading);
        stored = serde_json::to_string(&evaluation.state).unwrap();
        (
            evaluation.transitions,
            evaluation.state.phase(),
            evaluation.reason,
        )
    };
    assert_eq!(read(Some(5.0)).1, Phase::Normal);
    assert_eq!(read(Some(5.0)).2, "5 was read 2 times in a row");
    assert_eq!(read(None).0, [], "a failed reading counts for nothing");
    let alert = Transition::Alert {
        value: 5.0,
        previous: Some(5.0),
    };
    let since = "since 09:12:00 UTC";
    assert_eq!(
        read(Some(5.0)),
        (
            vec![alert],
            Phase::Firing,
            format!("5 was read 3 times in a row {since}")
        )
    );
    assert_eq!(read(Some(5.0)).0, [], "one alert an excursion");
    assert_eq!(
        read(Some(6.0)),
        (
            vec![Transition::Recovered { value: 6.0 }],
            Phase::Normal,
            format!("6 was read 1 times in a row: recovered, had been firing {since}")
        )
    );
}

#[test]
fn its_keys_are_its_own_and_a_wrong_one_is_found() {
    let found = |text: &str| read(text).unwrap_err();
    let wrong = found("stuck = 3\nidel = 0");
    assert!(wrong[0].starts_with("idel: unknown field `idel`"), "{wrong:?}");
    assert_eq!(
        found("stuck = 1\nclear_below = 5\nrepeat = \"0s\""),
        [
            "repeat: must be longer than 0s; leave it out for the default",
            "clear_below: goes with above or outside only; remove it",
            "stuck: must be at least 2",
        ]
    );
    assert_eq!(
        found("stuck = 3\nfor = \"1m\""),
        ["for: stuck says how often itself; remove it"]
    );
    assert_eq!(
        found("above = 5\nidle = 1"),
        ["idle: goes with stuck only; remove it"]
    );
    assert!(found("above = 5\nstuck = 3")[0].contains("this one has above and stuck"));
    assert!(found("")[0].ends_with("outside, when, no_data, stuck"));
}

/// What the program's config is read with, where each part knows its place.
#[test]
fn its_parts_are_found_by_the_keys_of_a_table() {
    let (keys, kinds) = (["for", "idle", "stuck", "initial"], kinds());
    let kind = condition_of(&keys, &kinds).unwrap();
    assert_eq!(
        (kind.name, kind.keys()),
        ("stuck", vec!["stuck".to_owned(), "idle".to_owned()])
    );
    let foreign = foreign_keys(&keys, kind, &kinds);
    assert_eq!(foreign.len(), 1);
    assert_eq!(foreign[0].field, "initial");
}
