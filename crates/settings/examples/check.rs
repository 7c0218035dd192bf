//! Says all that is wrong with a config: `cargo run -p monitor-settings --example check -- config/monitor.toml`.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::process::ExitCode;

use monitor_settings::Kinds;

fn main() -> ExitCode {
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("config/monitor.toml"), PathBuf::from);
    match monitor_settings::load(&path, &Kinds::stock()) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                println!("warning: {warning}");
            }
            for metric in &loaded.settings.metrics {
                println!(
                    "{}: {} every {:?}",
                    metric.title,
                    metric.rule.describe(),
                    metric.interval
                );
            }
            ExitCode::SUCCESS
        }
        Err(errors) => {
            println!("{errors}");
            ExitCode::from(2)
        }
    }
}
