//! `monitor-worker`: reads the metrics, judges, alerts and delivers.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use monitor_domain::SystemClock;
use monitor_worker::{
    Exit, Health, engine, log_to_stderr, on_signals, open_database, read_settings, serve_health,
};

/// Reads the metrics, judges them, sounds the alarm and tells people.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The config file.
    #[arg(
        long,
        value_name = "FILE",
        env = "MONITOR_CONFIG",
        default_value = "config/monitor.toml"
    )]
    config: PathBuf,
    /// Do one cycle of every metric, deliver what is due, and exit.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    monitor_requests::install_crypto();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<(), Exit> {
    monitor_processor::fault::check().map_err(Exit::Usage)?;
    let settings = read_settings(&arguments.config)?;
    let stop = on_signals().context("listening to signals")?;
    let db = open_database(&settings).await?;
    let engine = engine(&settings, db.clone(), SystemClock::shared())?;
    if arguments.once {
        return Ok(engine.run_once(stop).await.context("one cycle")?);
    }
    if let Some(address) = settings.worker.listen {
        let listener = std::net::TcpListener::bind(address).with_context(|| {
            format!("worker.listen: cannot listen on {address}; another worker here? Set worker.listen to another port, or \"\" for none")
        })?;
        let health = Health::new(&settings, db, &engine)?;
        tokio::spawn(serve_health(listener, health, stop.clone()));
    }
    log::info!("watching {} metrics", settings.metrics.len());
    engine.run(stop).await.context("the worker stopped")?;
    log::info!("stopped");
    Ok(())
}
