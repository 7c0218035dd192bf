//! A condition that is not built in, judging a few readings: `cargo run -p monitor-rules --example own_condition`.

mod stuck;

use std::time::Duration;

use monitor_rules::{KINDS, Observed, Reading, RuleSettings, State, judge};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interval = Duration::from_secs(10);
    let kinds: Vec<_> = KINDS.iter().copied().chain([stuck::KIND]).collect();
    let table = toml::from_str("stuck = 3")?;
    let settings = RuleSettings::read(&table, &kinds).map_err(|wrong| wrong[0].clone())?;
    let rule = settings.rule(interval).map_err(|wrong| wrong[0].clone())?;
    eprintln!("rule: {}", rule.describe());

    let mut state = State::default();
    for value in [5.0, 5.0, 5.0, 6.0] {
        let reading = Reading {
            at: "2026-11-23T09:12:00Z".parse()?,
            elapsed: interval,
            observed: Observed::Value(value),
        };
        let evaluation = judge(&rule, &state, &reading);
        eprintln!("{:<8} {}", evaluation.state.phase(), evaluation.reason);
        state = evaluation.state;
    }
    Ok(())
}
