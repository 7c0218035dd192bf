//! Plays a few readings over a rule and prints each evaluation: `cargo run -p monitor-rules --example series`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_rules::{Observed, Reading, RuleSettings, State, judge};

fn main() -> Result<(), Box<dyn Error>> {
    let interval = Duration::from_secs(10);
    let settings: RuleSettings = toml::from_str("above = 100\nclear_below = 90")?;
    let rule = settings.rule(interval).map_err(|wrong| wrong[0].clone())?;
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
        let evaluation = judge(
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
            evaluation.state.phase(),
            evaluation.reason,
            evaluation.transitions
        );
        state = evaluation.state;
        at += TimeDelta::seconds(10);
    }
    Ok(())
}
