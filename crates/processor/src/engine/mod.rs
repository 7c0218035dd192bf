//! The engine: reads every metric on time, and sees each alert through to everybody who should hear of it.
//!
//! - `scheduler` says which metric is due and starts its `cycle`;
//! - a `cycle` samples, judges and commits; `outcome` is that one transaction;
//! - the `dispatcher` claims what is due from the outbox and gives it to its `lane`: the alarm, the asking for
//!   details, or a channel;
//! - the `janitor` keeps the heartbeat and throws away what is old;
//! - `counts` is what they did, and `standing` how each metric is, for `/metrics`.

mod counts;
mod cycle;
mod details;
mod dispatcher;
mod janitor;
mod lane;
mod leases;
mod outcome;
mod scheduler;
mod standing;
mod told;

use std::sync::Arc;
use std::time::Duration;

use monitor_model::{Db, DbError, Presence, ProcessRole};
use monitor_notify::Notifier;
use monitor_requests::SharedClock;
use monitor_upstream::{Alarm, Upstreams};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

pub use counts::Counts;
use cycle::Watched;
use dispatcher::Dispatcher;

use crate::metric::Metric;

/// How much longer than its parts a stop may take.
const GRACE: Duration = Duration::from_secs(1);

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most cycles at one time.
    pub concurrency: usize,
    /// How long a clean stop waits for what is in flight.
    pub shutdown: Duration,
    /// Time between two signs of life in the `worker` table.
    pub heartbeat: Duration,
    /// How long samples are kept.
    pub keep_samples: Duration,
    /// How long the alarm is tried before it is given up.
    pub max_age: Duration,
    /// How long a details question is tried before people are told the reading alone.
    pub details_wait: Duration,
    /// Address of the page, for links in messages; none where nobody could reach it.
    pub page: Option<String>,
    /// This program's version, shown with the worker.
    pub version: String,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            concurrency: 64,
            shutdown: Duration::from_secs(10),
            heartbeat: Duration::from_secs(5),
            keep_samples: Duration::from_secs(30 * 24 * 3600),
            max_age: Duration::from_secs(24 * 3600),
            details_wait: Duration::from_secs(30),
            page: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A channel as the engine uses it.
#[derive(Clone)]
pub struct Channel {
    /// What sends.
    pub notifier: Arc<dyn Notifier>,
    /// How long a delivery is tried before it is given up.
    pub max_age: Duration,
}

/// What an engine is made of; all of it is passed in.
pub struct Parts {
    /// The shared database, migrated.
    pub db: Db,
    /// Wall and monotonic time.
    pub clock: SharedClock,
    /// The signed-in systems.
    pub upstreams: Upstreams,
    /// What is watched, in config order.
    pub metrics: Vec<Box<dyn Metric>>,
    /// The channels, in config order.
    pub channels: Vec<Channel>,
    /// The alarm; none sounds none.
    pub alarm: Option<Alarm>,
    /// How to run.
    pub options: Options,
}

/// Why the engine stopped, or could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database.
    #[error("database: {0}")]
    Db(#[from] DbError),
    /// A part of the engine ended that never should: a bug, told instead of a thread that died silently.
    #[error("the {part} stopped unexpectedly: {why}")]
    PartDied {
        /// Which part.
        part: &'static str,
        /// What it said.
        why: String,
    },
}

/// Everything that the parts of a running engine share.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) upstreams: Upstreams,
    pub(crate) channels: Vec<Channel>,
    pub(crate) alarm: Option<Alarm>,
    pub(crate) options: Options,
    pub(crate) counts: Counts,
    pub(crate) presence: Presence,
}

impl Shared {
    /// This worker's id, in whose name deliveries are claimed.
    pub(crate) fn worker(&self) -> String {
        self.presence.id().to_owned()
    }
}

/// The worker's inside.
pub struct Engine {
    shared: Arc<Shared>,
    metrics: Vec<Arc<Watched>>,
}

impl Engine {
    /// Puts the parts together. Nothing runs yet.
    pub fn new(parts: Parts) -> Engine {
        let counts = Counts::new(parts.db.clone(), &parts.options.version);
        let shared = Arc::new(Shared {
            presence: Presence::new(ProcessRole::Worker, &parts.options.version, parts.clock.wall()),
            db: parts.db,
            clock: parts.clock,
            upstreams: parts.upstreams,
            channels: parts.channels,
            alarm: parts.alarm,
            options: parts.options,
            counts,
        });
        let metrics = parts
            .metrics
            .into_iter()
            .map(|metric| {
                let config = metric.config();
                let meter = shared.counts.meter(&config.key, outcome::breach(&config.rule));
                Arc::new(Watched::new(metric, meter))
            })
            .collect();
        Engine { shared, metrics }
    }

    /// What it has done so far; cheap, and shared with the running engine.
    pub fn counts(&self) -> Counts {
        self.shared.counts.clone()
    }

    /// The series of all that it does, for `/metrics`.
    pub fn registry(&self) -> Arc<Registry> {
        self.shared.counts.registry()
    }

    /// The id of this worker in the `worker` table.
    pub fn worker_id(&self) -> &str {
        self.shared.presence.id()
    }

    /// Runs until `stop`, then stops cleanly: nothing new starts; what is in flight finishes within
    /// `options.shutdown` or is left for the next worker to claim.
    ///
    /// # Errors
    /// When the database cannot be used at the start, or a part died.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), EngineError> {
        janitor::heartbeat(&self.shared).await?;
        leases::bury_the_dead(&self.shared).await?;
        // What was in the way before this start may have been mended.
        leases::hasten(&self.shared).await?;
        // Not a child of `stop`: a part that ends before it is told to has died, and that must be told apart.
        let halt = CancellationToken::new();
        let mut scheduler = tokio::spawn(scheduler::run(
            Arc::clone(&self.shared),
            self.metrics.clone(),
            halt.clone(),
        ));
        let mut dispatcher =
            tokio::spawn(Dispatcher::new(Arc::clone(&self.shared), &self.metrics).run(halt.clone()));
        let mut janitor = tokio::spawn(janitor::run(Arc::clone(&self.shared), halt.clone()));

        let died = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            end = &mut scheduler => Some(died("scheduler", end)),
            end = &mut dispatcher => Some(died("dispatcher", end)),
            end = &mut janitor => Some(died("janitor", end)),
        };
        halt.cancel();
        if let Some(error) = died {
            return Err(error);
        }
        let aborts = [
            scheduler.abort_handle(),
            dispatcher.abort_handle(),
            janitor.abort_handle(),
        ];
        let limit = self.shared.options.shutdown + GRACE;
        let all = async { tokio::join!(scheduler, dispatcher, janitor) };
        match monitor_requests::timeout(&*self.shared.clock, limit, all).await {
            Ok(ends) => {
                for (part, end) in [("scheduler", ends.0), ("dispatcher", ends.1), ("janitor", ends.2)] {
                    if let Err(error) = end {
                        return Err(EngineError::PartDied {
                            part,
                            why: error.to_string(),
                        });
                    }
                }
            }
            // A database that hangs without an error holds up whoever waits for it, but not the stop.
            Err(_) => {
                log::warn!("not everything ended within {limit:?}; what is left is for the next worker");
                aborts.iter().for_each(tokio::task::AbortHandle::abort);
            }
        }
        janitor::sign_off(&self.shared).await;
        Ok(())
    }

    /// One cycle of every metric, then delivers what is due, and returns; earlier at `stop`.
    ///
    /// # Errors
    /// When the database cannot be used. A metric that cannot be read is a reading, not an error.
    pub async fn run_once(&self, stop: CancellationToken) -> Result<(), EngineError> {
        janitor::heartbeat(&self.shared).await?;
        leases::bury_the_dead(&self.shared).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = scheduler::once(&self.shared, &self.metrics) => {}
        }
        Dispatcher::new(Arc::clone(&self.shared), &self.metrics)
            .drain(stop)
            .await?;
        janitor::sign_off(&self.shared).await;
        Ok(())
    }
}

fn died(part: &'static str, end: Result<(), tokio::task::JoinError>) -> EngineError {
    let why = end
        .err()
        .map_or_else(|| "it returned".to_owned(), |error| error.to_string());
    EngineError::PartDied { part, why }
}
