//! The engine: reads every metric on time, and sees each alert through to everybody who should hear of it.
//!
//! - `scheduler` says which metric is due and starts its `cycle`;
//! - a `cycle` samples, judges and commits; `outcome` is that one transaction;
//! - the `dispatcher` claims what is due from the outbox and gives it to its `lane`: the alarm, the asking for
//!   details, or a channel;
//! - the `followup` tells again, tells on and tells late what is open, and the `upkeep` tells of the monitor itself;
//! - the `janitor` keeps the heartbeat and throws away what is old;
//! - `counts` is what they did, and `standing` how each metric is, for `/metrics`.

mod breaker;
mod conclude;
mod counts;
mod cycle;
mod database;
mod details;
mod dispatcher;
mod followup;
mod health;
mod incidents;
mod janitor;
mod lane;
mod leases;
mod mutes;
mod outcome;
mod parcel;
mod pulse;
mod scheduler;
mod seen;
mod standing;
mod systems;
mod told;
mod upkeep;
mod waiting;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use monitor_domain::Language;
use monitor_domain::SharedClock;
use monitor_model::{Db, DbError, Presence, ProcessRole};
use monitor_notify::Notifier;
use monitor_rules::Maintenance;
use monitor_upstream::{Alarm, Upstreams};
use prometheus_client::registry::Registry;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use counts::Counts;
use cycle::Watched;
use dispatcher::Dispatcher;
use followup::FollowUp;
use health::Health;
use mutes::Mutes;
pub use pulse::Pulse;
use seen::{OwnState, Seen};
use systems::Systems;
use waiting::Waiting;

use crate::metric::{self, Metric};

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
    /// The language of what the engine itself says.
    pub language: Language,
    /// Names of the channels that are told of the monitor's own incidents.
    pub notify: Vec<String>,
    /// The windows in which nobody is told of alerts, by name.
    pub maintenance: Vec<(String, Maintenance)>,
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
            language: Language::default(),
            notify: Vec::new(),
            maintenance: Vec::new(),
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
    /// After a message, those that come within this time go together as one; none for each by itself.
    pub digest: Option<Duration>,
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
    /// The dead-man's switch; none calls none.
    pub pulse: Option<Pulse>,
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
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) alarm: Option<Alarm>,
    pub(crate) pulse: Option<Pulse>,
    pub(crate) options: Options,
    pub(crate) mutes: Mutes,
    pub(crate) counts: Counts,
    /// Which systems can be read.
    pub(crate) systems: Arc<Systems>,
    /// Which lanes get through, by name.
    healths: Arc<Mutex<BTreeMap<String, Health>>>,
    /// Whether readings can be stored.
    pub(crate) database: Health,
    /// The readings that wait to be stored.
    pub(crate) commits: Waiting,
    pub(crate) seen: Seen,
    pub(crate) presence: Presence,
}

impl Shared {
    /// This worker's id, in whose name deliveries are claimed.
    pub(crate) fn worker(&self) -> String {
        self.presence.id().to_owned()
    }

    /// Whether the lane of this name gets through.
    pub(crate) fn health(&self, lane: &str) -> Health {
        let mut healths = self
            .healths
            .lock()
            .expect("no code panics while holding this lock");
        healths.entry(lane.to_owned()).or_default().clone()
    }

    /// The same of all lanes, by name.
    pub(crate) fn healths(&self) -> Vec<(String, Health)> {
        let healths = self
            .healths
            .lock()
            .expect("no code panics while holding this lock");
        healths
            .iter()
            .map(|(lane, health)| (lane.clone(), health.clone()))
            .collect()
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
        let read = parts.metrics.iter().filter_map(|metric| {
            let system = metric::system(&**metric)?;
            Some((metric.config().key.to_string(), system.to_owned()))
        });
        let (upstreams, systems) = (Arc::new(parts.upstreams), Arc::new(Systems::new(read)));
        let (healths, database, seen) = (Arc::default(), Health::default(), Seen::default());
        let own = OwnState {
            upstreams: Arc::clone(&upstreams),
            systems: Arc::clone(&systems),
            healths: Arc::clone(&healths),
            database: database.clone(),
            seen: seen.clone(),
        };
        let counts = Counts::new(parts.db.clone(), own, &parts.options.version);
        let shared = Arc::new(Shared {
            presence: Presence::new(ProcessRole::Worker, &parts.options.version, parts.clock.wall()),
            mutes: Mutes::new(parts.options.maintenance.clone()),
            db: parts.db,
            clock: parts.clock,
            upstreams,
            channels: parts.channels,
            alarm: parts.alarm,
            pulse: parts.pulse,
            options: parts.options,
            counts,
            systems,
            healths,
            database,
            commits: Waiting::default(),
            seen,
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
        upkeep::tell_gap(&self.shared).await?;
        janitor::heartbeat(&self.shared).await?;
        leases::reap_dead_workers(&self.shared).await?;
        // What was in the way before this start may have been mended.
        leases::make_due(&self.shared).await?;
        // Not a child of `stop`: a part that ends before it is told to has died, and that must be told apart.
        let halt = CancellationToken::new();
        let (shared, metrics) = (&self.shared, &self.metrics);
        let mut parts: JoinSet<&'static str> = JoinSet::new();
        let mut names = HashMap::new();
        let mut start = |name: &'static str, part: BoxFuture<'static, ()>| {
            let task = parts.spawn(async move {
                part.await;
                name
            });
            names.insert(task.id(), name);
        };
        let scheduler = scheduler::run(Arc::clone(shared), metrics.clone(), halt.clone());
        start("scheduler", scheduler.boxed());
        let dispatcher = Dispatcher::new(Arc::clone(shared), metrics);
        start("dispatcher", dispatcher.run(halt.clone()).boxed());
        let followup = FollowUp::new(Arc::clone(shared), metrics);
        start("follow-up", followup.run(halt.clone()).boxed());
        start("janitor", janitor::run(Arc::clone(shared), halt.clone()).boxed());
        start(
            "database",
            database::run(Arc::clone(shared), halt.clone()).boxed(),
        );
        start("pulse", pulse::run(Arc::clone(shared), halt.clone()).boxed());

        let ended_early = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            end = parts.join_next_with_id() => end.map(|end| died(&names, &end)),
        };
        halt.cancel();
        if let Some(error) = ended_early {
            return Err(error);
        }
        let limit = self.shared.options.shutdown + GRACE;
        let all = async {
            while let Some(end) = parts.join_next_with_id().await {
                if end.is_err() {
                    return Err(died(&names, &end));
                }
            }
            Ok(())
        };
        match monitor_domain::timeout(&*self.shared.clock, limit, all).await {
            Ok(ended) => ended?,
            // A database that hangs without an error holds up whoever waits for it, but not the stop.
            Err(_) => {
                log::warn!("not everything ended within {limit:?}; what is left is for the next worker");
                parts.abort_all();
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
        leases::reap_dead_workers(&self.shared).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = scheduler::once(&self.shared, &self.metrics) => {}
        }
        let mut followup = FollowUp::new(Arc::clone(&self.shared), &self.metrics);
        let looked = followup.look().await;
        Dispatcher::new(Arc::clone(&self.shared), &self.metrics)
            .drain(stop)
            .await?;
        janitor::sign_off(&self.shared).await;
        Ok(looked?)
    }
}

/// A part that ended unasked, or that panicked.
fn died(names: &HashMap<Id, &'static str>, end: &Result<(Id, &'static str), JoinError>) -> EngineError {
    let (id, why) = match end {
        Ok((id, _)) => (*id, "it returned".to_owned()),
        Err(error) => (error.id(), error.to_string()),
    };
    let part = names.get(&id).copied().unwrap_or("engine");
    EngineError::PartDied { part, why }
}
