//! `monitor-web`: the page, the API and the health checks, in a process of their own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use monitor_domain::{SystemClock, with_causes};
use monitor_model::Db;
use monitor_process::{Reloading, Signals, log_to_stderr, signals};
use monitor_settings::{Kinds, Settings};
use monitor_web::{WebContext, WebPart, listen, serve};

/// How long closing the database may take at the end.
const CLOSE: Duration = Duration::from_secs(1);

/// Shows the metrics and the alert records, and takes resets and deletions.
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
}

/// Exit codes: 0 stopped by a signal, 1 failed while running, 2 bad usage or config.
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    monitor_requests::install_crypto();
    let kinds = Kinds::stock().any_metric();
    let settings = match read(&arguments.config, &kinds) {
        Ok(settings) => settings,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments.config, kinds, settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error));
            ExitCode::from(1)
        }
    }
}

/// Reads the config; the error is everything that is wrong with it, for people.
fn read(path: &Path, kinds: &Kinds) -> Result<Settings, String> {
    let loaded = monitor_settings::load(path, kinds).map_err(|errors| errors.to_string())?;
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    Ok(loaded.settings)
}

#[tokio::main]
async fn run(config: &Path, kinds: Kinds, settings: Settings) -> Result<()> {
    let Signals { stop, hangups } = signals().context("listening to signals")?;
    let db = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        db = open_database(&settings) => db?,
    };
    let clock = SystemClock::shared();
    let ctx = WebContext::from_settings(&settings, db.clone(), clock.clone())?;
    let listener = listen(ctx.bind)?;
    log::info!("the page is at http://{}/monitor", ctx.bind);
    let reloading = Reloading::new(config, kinds, settings, vec![Box::new(WebPart::new(&ctx))]);
    let processes = vec![ctx.presence.id().to_owned()];
    tokio::spawn(reloading.run(hangups, (db.clone(), processes), clock, stop.clone()));
    serve(listener, ctx, |_| {}, stop)
        .await
        .context("the web stopped")?;
    if tokio::time::timeout(CLOSE, db.close()).await.is_err() {
        log::warn!("the database did not answer within {CLOSE:?}; its connections are left to it");
    }
    log::info!("stopped");
    Ok(())
}

async fn open_database(settings: &Settings) -> Result<Db> {
    let db = Db::open(&settings.database.options())
        .await
        .context("opening the database")?;
    let applied = db.migrate().await.context("migrating the database")?;
    if !applied.is_empty() {
        log::info!("migrated the database: {}", applied.join(", "));
    }
    Ok(db)
}
