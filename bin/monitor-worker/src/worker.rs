//! The worker as a program of its own, stock or with what a team adds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use monitor_domain::{MetricKey, SystemClock, counted};
use monitor_login::LoginSettings;
use monitor_notify::ChannelSettings;
use monitor_process::{Reloading, Signals, log_to_stderr, signals};
use monitor_processor::{CodedMetric, Make};
use monitor_rules::ConditionSettings;

use crate::command::{Exit, open_database_until};
use crate::health::{Health, listen, serve};
use crate::program::Program;
use crate::reload::EnginePart;

/// The config that the programs read where none is named.
pub const DEFAULT_CONFIG: &str = "config/monitor.toml";

/// The worker. Made by [`Worker::builder`].
#[derive(Clone, Debug)]
pub struct Worker {
    program: Program,
    config: PathBuf,
}

/// A kind of system, channel or condition, as the lists of their crates hold it.
type Kind<S> = monitor_domain::Kind<S>;

/// Reads the metrics, judges them, sounds the alarm and notifies people.
#[derive(Parser)]
#[command(name = "monitor-worker", version)]
struct Arguments {
    /// The config file.
    #[arg(long, value_name = "FILE", env = "MONITOR_CONFIG", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Do one cycle of every metric, deliver what is due, and exit.
    #[arg(long)]
    once: bool,
}

impl Worker {
    /// A worker with the stock kinds and metrics, run by this config. What is added may be named in the config; a kind or
    /// metric of the same name replaces the stock one.
    ///
    /// Give it to [`main`] for the command line of `monitor-worker`, to `monitor::main` for the whole operator's command, or
    /// call [`run`](Worker::run).
    pub fn builder(config: impl Into<PathBuf>) -> Worker {
        Worker {
            program: Program::stock(),
            config: config.into(),
        }
    }

    /// One more metric: an empty `[metrics.KEY]` with an `alert` turns it on.
    ///
    /// # Panics
    /// Where `key` is no key for a metric: it is written in the program.
    #[must_use]
    pub fn metric(mut self, key: &str, make: Make) -> Worker {
        let key: MetricKey = key.parse().unwrap_or_else(|error| panic!("{error}"));
        self.program.kinds = self.program.kinds.metric(key.clone());
        self.program.metrics.push(CodedMetric { key, make });
        self
    }

    /// One more kind of system.
    #[must_use]
    pub fn login(mut self, kind: Kind<dyn LoginSettings>) -> Worker {
        self.program.kinds = self.program.kinds.system(kind);
        self
    }

    /// One more kind of channel.
    #[must_use]
    pub fn channel(mut self, kind: Kind<dyn ChannelSettings>) -> Worker {
        self.program.kinds = self.program.kinds.channel(kind);
        self
    }

    /// One more condition of an `alert`.
    #[must_use]
    pub fn condition(mut self, kind: Kind<dyn ConditionSettings>) -> Worker {
        self.program.kinds = self.program.kinds.condition(kind);
        self
    }

    /// What it is made of.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The config where the command line names none.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Runs until a signal stops it. Logs to standard error, serves `worker.listen`.
    pub fn run(&self) -> ExitCode {
        log_to_stderr();
        finish(&self.program, &self.config, false)
    }
}

/// The command line of `monitor-worker`, with the kinds and metrics of `worker`.
pub fn main(worker: &Worker) -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    finish(&worker.program, &arguments.config, arguments.once)
}

fn finish(program: &Program, config: &Path, once: bool) -> ExitCode {
    monitor_requests::install_crypto();
    match work(program, config, once) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}

#[tokio::main]
async fn work(program: &Program, config: &Path, once: bool) -> Result<(), Exit> {
    monitor_processor::fault::check().map_err(Exit::Usage)?;
    let settings = program.read_settings(config)?;
    let Signals { stop, hangups } = signals().context("listening to signals")?;
    let Some(db) = open_database_until(&settings, &stop).await? else {
        return Ok(());
    };
    let clock = SystemClock::shared();
    let engine = program.engine(&settings, db.clone(), clock.clone())?;
    if once {
        return Ok(engine.run_once(stop).await.context("one cycle")?);
    }
    if let Some(address) = settings.worker.listen {
        let listener = listen(address)?;
        let health = Health::new(&settings, db.clone(), &engine)?;
        tokio::spawn(serve(listener, health, stop.clone()));
    }
    log::info!("watching {}", counted(settings.metrics.len(), "metric"));
    let part = EnginePart::new(program, &engine, clock.clone());
    let reloading = Reloading::new(config, program.kinds().clone(), settings, vec![Box::new(part)]);
    let processes = vec![engine.worker_id()];
    tokio::spawn(reloading.run(hangups, (db, processes), clock, stop.clone()));
    engine.run(stop).await.context("the worker stopped")?;
    log::info!("stopped");
    Ok(())
}
