//! Builds the rooms, starts and stops them. The only file that knows all of them.
//!
//! | task | does |
//! |---|---|
//! | scheduler | reads every metric on time (`polling`), and stores what follows from it (`alerts`) |
//! | dispatcher | works off the outbox (`delivery`), by the jobs that are handed to it here |
//! | follow-up | reminds, escalates, notifies late (`alerts`) |
//! | incidents | finds the monitor's own incidents and their ends (`incidents`) |
//! | database | notifies people around a database that cannot be written (`incidents`) |
//! | janitor, dead man's switch | signs of life, removing what is old (`upkeep`) |

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use monitor_domain::{Failing, SharedClock};
use monitor_model::{Db, DbError, Presence, ProcessRole};
use monitor_upstream::{Alarm, Upstreams};
use prometheus_client::registry::Registry;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::alerts::{Explain, FollowUp, SoundAlarm, breach_kind};
use crate::context::{Channel, Context, Health, Healths, Monitored, Options, Pending};
use crate::delivery::{Dispatcher, Send, make_due, make_due_beyond_pauses, reap_dead_workers};
use crate::incidents::{Detector, Outages, notify_gap, watch_database};
use crate::metric::{self, Metric};
use crate::outbox::{ALARM_LANE, Job};
use crate::polling::{MetricState, Polling, Unreadable};
use crate::telemetry::{Counters, OutboxSnapshot, Sources, WorkerGauges};
use crate::upkeep::{DeadMansSwitch, heartbeat, rename_metrics, run_dead_mans_switch, run_janitor, sign_off};

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
    /// The dead man's switch; none calls none.
    pub dead_mans_switch: Option<DeadMansSwitch>,
    /// How to run.
    pub options: Options,
}

/// Why the engine stopped, or could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database.
    #[error("database: {0}")]
    Db(#[from] DbError),
    /// A part of the engine ended that never should: a bug, reported instead of a thread that died silently.
    #[error("the {part} stopped unexpectedly: {why}")]
    PartDied {
        /// Which part.
        part: &'static str,
        /// What it said.
        why: String,
    },
}

/// The worker's inside.
pub struct Engine {
    context: Arc<Context>,
    outages: Arc<Outages>,
    metrics: Vec<Arc<Monitored>>,
    /// Remembers each metric's state from one run to the next.
    polling: Arc<Polling>,
    dead_mans_switch: Option<DeadMansSwitch>,
}

/// The tasks of a running engine, each with its name.
#[derive(Default)]
struct Tasks {
    tasks: JoinSet<&'static str>,
    names: HashMap<Id, &'static str>,
}

impl Engine {
    /// Puts the parts together. Nothing runs yet.
    pub fn new(parts: Parts) -> Engine {
        let (upstreams, outages) = (Arc::new(parts.upstreams), outages(&parts.metrics));
        let (lanes, database) = (Healths::default(), Health::default());
        let outbox = OutboxSnapshot::default();
        let known = known_lanes(&parts.channels, parts.alarm.is_some());
        let sources = sources(&upstreams, &outages, (&lanes, known, &database), &outbox);
        let version = &parts.options.version;
        let context = Arc::new(Context {
            presence: Presence::new(ProcessRole::Worker, version, parts.clock.wall()),
            counters: Counters::new(parts.db.clone(), WorkerGauges(sources), version),
            db: parts.db,
            clock: parts.clock,
            upstreams,
            channels: parts.channels,
            alarm: parts.alarm,
            options: parts.options,
            lanes,
            database,
            database_failures: Failing::default(),
            commits: Pending::default(),
            outbox,
        });
        let monitored = |metric: Box<dyn Metric>| {
            let config = metric.config();
            let meter = context.counters.meter(&config.key, breach_kind(&config.rule));
            Arc::new(Monitored::new(metric, meter))
        };
        let metrics: Vec<Arc<Monitored>> = parts.metrics.into_iter().map(monitored).collect();
        let states = metrics.iter().cloned();
        Engine {
            polling: Arc::new(Polling {
                context: Arc::clone(&context),
                outages: Arc::clone(&outages),
                unreadable: Unreadable::default(),
                metrics: states.map(|metric| Arc::new(MetricState::new(metric))).collect(),
            }),
            metrics,
            context,
            outages,
            dead_mans_switch: parts.dead_mans_switch,
        }
    }

    /// What it has done so far; cheap, and shared with the running engine.
    pub fn counters(&self) -> Counters {
        self.context.counters.clone()
    }

    /// Whether readings can be stored, as the last one showed; shared with the running engine.
    pub fn database_health(&self) -> Health {
        self.context.database.clone()
    }

    /// The series of all that it does, for `/metrics`.
    pub fn registry(&self) -> Arc<Registry> {
        self.context.counters.registry()
    }

    /// The id of this worker in the `worker` table.
    pub fn worker_id(&self) -> &str {
        self.context.presence.id()
    }

    /// Runs until `stop`, then stops cleanly: nothing new starts; what is in flight finishes within
    /// `options.shutdown` or is left for the next worker to claim.
    ///
    /// # Errors
    /// When the database cannot be used at the start, its file was deleted or replaced, or a part died.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), EngineError> {
        let context = &self.context;
        let beginning = async {
            let metrics = self.metrics.iter();
            let no_data = metrics.map(|metric| metric.metric.config().rule.no_data);
            notify_gap(context, no_data.min()).await?;
            heartbeat(context).await?;
            reap_dead_workers(context).await?;
            rename_metrics(context).await?;
            self.polling.log_first_readings().await?;
            // What was in the way before this start may have been mended.
            make_due(context).await
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            begun = beginning => begun?,
        }
        // Not a child of `stop`: a part that ends before it is stopped has died, and that must be distinguished.
        let halt = CancellationToken::new();
        let mut tasks = self.start(&halt);
        let ended_early = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            // What is stored from now on is lost, and it cannot go on with another file in the middle of its work.
            error = context.db.file_replaced() => Some(error.into()),
            end = tasks.tasks.join_next_with_id() => end.map(|end| tasks.died(&end)),
        };
        halt.cancel();
        if let Some(error) = ended_early {
            return Err(error);
        }
        let limit = context.options.ending();
        let all = tasks.finish();
        match monitor_domain::timeout(&*context.clock, limit, all).await {
            Ok(ended) => ended?,
            // A database that hangs without an error holds up whatever waits for it, but not the stop.
            Err(_) => {
                log::warn!("not everything ended within {limit:?}; what is left is for the next worker");
            }
        }
        sign_off(context, Some(context.clock.wall())).await;
        Ok(())
    }

    /// One cycle of every metric, then delivers what is due, and returns; earlier at `stop`.
    ///
    /// # Errors
    /// When the database cannot be used. A metric that cannot be read is a reading, not an error.
    pub async fn run_once(&self, stop: CancellationToken) -> Result<(), EngineError> {
        let context = &self.context;
        heartbeat(context).await?;
        reap_dead_workers(context).await?;
        rename_metrics(context).await?;
        self.polling.log_first_readings().await?;
        make_due_beyond_pauses(context).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.polling.once() => {}
        }
        let followed = self.followup().tick().await;
        let checked = self.detector().tick().await;
        self.dispatcher().drain(stop).await?;
        // It was not to watch any longer, so its end is no stop.
        sign_off(context, None).await;
        Ok(followed.and(checked)?)
    }

    fn start(&self, halt: &CancellationToken) -> Tasks {
        let (context, halt) = (&self.context, || halt.clone());
        let mut tasks = Tasks::default();
        tasks.start("scheduler", Arc::clone(&self.polling).run(halt()).boxed());
        tasks.start("dispatcher", self.dispatcher().run(halt()).boxed());
        tasks.start("follow-up", self.followup().run(halt()).boxed());
        tasks.start("incidents", self.detector().run(halt()).boxed());
        tasks.start("janitor", run_janitor(Arc::clone(context), halt()).boxed());
        tasks.start("database", watch_database(Arc::clone(context), halt()).boxed());
        let switch = self.dead_mans_switch.clone();
        let switch = run_dead_mans_switch(Arc::clone(context), switch, halt());
        tasks.start("dead man's switch", switch.boxed());
        tasks
    }

    fn dispatcher(&self) -> Dispatcher {
        let context = &self.context;
        let mut jobs: Vec<Arc<dyn Job>> = vec![
            Arc::new(SoundAlarm::new(context)),
            Arc::new(Explain::new(context, &self.metrics)),
        ];
        for channel in &context.channels {
            jobs.push(Arc::new(Send::new(channel.clone())));
        }
        Dispatcher::new(Arc::clone(context), jobs)
    }

    fn followup(&self) -> FollowUp {
        FollowUp::new(
            Arc::clone(&self.context),
            Arc::clone(&self.outages),
            &self.metrics,
        )
    }

    fn detector(&self) -> Detector {
        let keys = self.metrics.iter().map(|metric| metric.key().to_owned());
        Detector::new(Arc::clone(&self.context), Arc::clone(&self.outages), keys)
    }
}

impl Tasks {
    fn start(&mut self, name: &'static str, part: BoxFuture<'static, ()>) {
        let task = self.tasks.spawn(async move {
            part.await;
            name
        });
        self.names.insert(task.id(), name);
    }

    /// Waits for all of them; those that are left are aborted where it is dropped before.
    async fn finish(mut self) -> Result<(), EngineError> {
        while let Some(end) = self.tasks.join_next_with_id().await {
            if end.is_err() {
                return Err(self.died(&end));
            }
        }
        Ok(())
    }

    /// A part that ended by itself, or that panicked.
    fn died(&self, end: &Result<(Id, &'static str), JoinError>) -> EngineError {
        let (id, why) = match end {
            Ok((id, _)) => (*id, "it returned".to_owned()),
            Err(error) => (error.id(), error.to_string()),
        };
        let part = self.names.get(&id).copied().unwrap_or("engine");
        EngineError::PartDied { part, why }
    }
}

/// Which system each metric is read from, as far as that is known before it is.
fn outages(metrics: &[Box<dyn Metric>]) -> Arc<Outages> {
    let read = metrics.iter().filter_map(|metric| {
        let system = metric::system(&**metric)?;
        let config = metric.config();
        Some((config.key.to_string(), config.title.clone(), system.to_owned()))
    });
    Arc::new(Outages::new(read))
}

/// The channels, and the alarm where there is one.
fn known_lanes(channels: &[Channel], has_alarm: bool) -> Vec<String> {
    let channels = channels.iter().map(|channel| channel.notifier.name().to_owned());
    channels.chain(has_alarm.then(|| ALARM_LANE.to_owned())).collect()
}

/// What the worker's gauges are read from.
fn sources(
    upstreams: &Arc<Upstreams>,
    outages: &Arc<Outages>,
    (lanes, known_lanes, database): (&Healths, Vec<String>, &Health),
    outbox: &OutboxSnapshot,
) -> Sources {
    let (outages, lanes, database) = (Arc::clone(outages), lanes.clone(), database.clone());
    let lanes_failing = move || {
        let all = lanes.all().into_iter();
        all.map(|(lane, health)| (lane, health.is_failing())).collect()
    };
    Sources {
        upstreams: Arc::clone(upstreams),
        systems_up: Box::new(move || outages.states()),
        lanes_failing: Box::new(lanes_failing),
        lanes: known_lanes,
        is_database_failing: Box::new(move || database.is_failing()),
        outbox: outbox.clone(),
    }
}
