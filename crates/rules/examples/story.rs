//! Plays a few readings over a rule and prints what it makes of them: `cargo run -p monitor-rules --example story`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_rules::{Observed, Reading, RuleSettings, State, judge};

fn main() -> Result<(), Box<dyn Error>> {
    let interval = Duration::from_secs(10);
    let settings = RuleSettings {
        above: Some(100.0),
        clear_below: Some(90.0),
        ..RuleSettings::default()
    };
    let rule = settings.rule(interval).map_err(|errors| errors[0].clone())?;
    println!("rule: {}", rule.describe());

    let mut at: DateTime<Utc> = "2026-11-23T09:12:00Z".parse()?;
    let mut state = State::default();
    let values = [
        Ok(80.0),
        Ok(131.0),
        Ok(95.0),
        Err("System A answers 503"),
        Ok(140.0),
        Ok(70.0),
    ];
    for value in values {
        let observed = match value {
            Ok(value) => Observed::Value(value),
            Err(error) => Observed::Unreadable(error.to_owned()),
        };
        let judgement = judge(
            &rule,
            &state,
            &Reading {
                at,
                elapsed: interval,
                observed,
            },
        );
        println!(
            "{:<8} {}  {:?}",
            judgement.state.phase(),
            judgement.reason,
            judgement.transitions
        );
        state = judgement.state;
        at += TimeDelta::seconds(10);
    }
    Ok(())
}
