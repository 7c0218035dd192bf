//! Builds the rooms, starts and stops them. The only file that knows all of them.
//!
//! | task | does |
//! |---|---|
//! | scheduler | reads every metric on time (`polling`), and stores what follows from it (`alerts`) |
//! | items | goes on by the items of lists that came and went |
//! | dispatcher | works off the outbox (`delivery`), by the jobs that are handed to it here |
//! | follow-up | reminds, escalates, notifies late (`alerts`) |
//! | incidents | finds the monitor's own incidents and their ends (`incidents`) |
//! | database | notifies people around a database that cannot be written (`incidents`) |
//! | janitor, dead man's switch | signs of life, removing what is old (`upkeep`) |
//! | restating | tells channels that forget what fires (`upkeep`) |

mod items;
mod reloader;
mod tasks;

use std::sync::Arc;

use futures_util::FutureExt;
use monitor_domain::SharedClock;
use monitor_model::{Db, DbError, Presence, ProcessRole};
use monitor_upstream::{Alarm, Upstreams};
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::alerts::{Explain, FollowUp, SoundAlarm};
use crate::context::{
    Channel, Context, DeadMansSwitch, Health, Healths, ListStates, Newest, Options, Pending,
};
use crate::delivery::{Dispatcher, Send, make_due, make_due_beyond_pauses, reap_dead_workers};
use crate::incidents::{Detector, Outages, notify_gap, watch_database};
use crate::metric::Metric;
use crate::metric_list::MetricList;
use crate::outbox::Job;
use crate::polling::{Polling, rename_metrics};
use crate::telemetry::{Counters, OutboxSnapshot, Sources, WorkerGauges};
use crate::upkeep::{heartbeat, restate_once, run_dead_mans_switch, run_janitor, run_restating, sign_off};
use items::StoredItems;
pub use reloader::Reloader;
use reloader::{known_lanes, monitored, read_from};
use tasks::Tasks;

/// What an engine is made of; all of it is passed in.
pub struct Parts {
    /// The shared database, migrated.
    pub db: Db,
    /// Wall and monotonic time.
    pub clock: SharedClock,
    /// What the config describes.
    pub setup: Setup,
}

/// What a config describes. A changed one brings another.
pub struct Setup {
    /// The signed-in systems.
    pub upstreams: Upstreams,
    /// What is watched, in config order.
    pub metrics: Vec<Box<dyn Metric>>,
    /// Metrics that are lists, in config order: each of their items is a metric.
    pub lists: Vec<MetricList>,
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
    reloader: Reloader,
    /// Remembers each metric's state from one run to the next.
    polling: Arc<Polling>,
}

impl Engine {
    /// Puts the parts together. Nothing runs yet.
    pub fn new(parts: Parts) -> Engine {
        let Parts { db, clock, setup } = parts;
        let (lanes, database, outbox) = (Healths::default(), Health::default(), OutboxSnapshot::default());
        let outages = Arc::new(Outages::new(read_from(
            setup.metrics.iter().map(|metric| &**metric),
        )));
        let upstreams = Arc::new(setup.upstreams);
        let newest = Newest {
            upstreams: Arc::clone(&upstreams),
            lanes: known_lanes(&setup.channels, setup.alarm.is_some()),
        };
        let newest = watch::Sender::new(newest);
        let sources = sources(newest.subscribe(), &outages, (&lanes, &database), &outbox);
        let version = &setup.options.version;
        let counters = Counters::new(db.clone(), WorkerGauges(sources), version);
        let context = Context {
            presence: Presence::new(ProcessRole::Worker, version, clock.wall()),
            started: clock.wall(),
            metrics: monitored(setup.metrics, &counters, &[]),
            lists: setup.lists.into_iter().map(Arc::new).collect(),
            items: Arc::default(),
            items_changed: Arc::default(),
            list_states: ListStates::default(),
            counters,
            db,
            clock,
            upstreams,
            newest,
            channels: setup.channels,
            alarm: setup.alarm.map(Arc::new),
            dead_mans_switch: setup.dead_mans_switch,
            options: setup.options,
            lanes,
            database,
            database_failures: Arc::default(),
            commits: Pending::default(),
            outbox,
        };
        let context = Arc::new(context);
        Engine {
            polling: Arc::new(Polling::new(Arc::clone(&context), Arc::clone(&outages))),
            reloader: Reloader {
                generations: watch::Sender::new(context),
                outages,
                changing: Arc::default(),
            },
        }
    }

    /// What has it go on by a changed config.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// By the newest config.
    fn context(&self) -> Arc<Context> {
        self.reloader.generations.borrow().clone()
    }

    /// What it has done so far; cheap, and shared with the running engine.
    pub fn counters(&self) -> Counters {
        self.context().counters.clone()
    }

    /// Whether readings can be stored, as the last one showed; shared with the running engine.
    pub fn database_health(&self) -> Health {
        self.context().database.clone()
    }

    /// The series of all that it does, for `/metrics`.
    pub fn registry(&self) -> Arc<Registry> {
        self.context().counters.registry()
    }

    /// The id of this worker in the `worker` table.
    pub fn worker_id(&self) -> String {
        self.context().worker()
    }

    /// Runs until `stop`, then stops cleanly: nothing new starts; what is in flight finishes within
    /// `options.shutdown` or is left for the next worker to claim.
    ///
    /// # Errors
    /// When the database cannot be used at the start, its file was deleted or replaced, or a part died.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), EngineError> {
        let known = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            known = self.load_items() => known?,
        };
        let context = &self.context();
        let polling = Arc::new(self.polling.succeeding(context));
        let beginning = async {
            let metrics = context.metrics.iter();
            let no_data = metrics.map(|metric| metric.metric.config().rule.no_data);
            notify_gap(context, no_data.min()).await?;
            heartbeat(context).await?;
            reap_dead_workers(context).await?;
            rename_metrics(context).await?;
            polling.log_first_readings().await?;
            // What was in the way before this start may have been mended.
            make_due(context).await
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            begun = beginning => begun?,
        }
        // Not a child of `stop`: a part that ends before it is stopped has died, and that must be distinguished.
        let halt = CancellationToken::new();
        let mut tasks = self.start(context, (polling, known), &halt);
        let ended_early = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            // What is stored from now on is lost, and it cannot go on with another file in the middle of its work.
            error = context.db.file_replaced() => Some(error.into()),
            end = tasks.ended() => end.map(|end| tasks.died(&end)),
        };
        halt.cancel();
        if let Some(error) = ended_early {
            return Err(error);
        }
        let context = &self.context();
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
        self.load_items().await?;
        // What is new in a list is read by this cycle already.
        let polling = self.polling.succeeding(&self.context());
        let ticks = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            ticks = polling.read_lists() => ticks,
        };
        if !ticks.is_empty() {
            self.load_items().await?;
        }
        let context = &self.context();
        let polling = self.polling.succeeding(context);
        heartbeat(context).await?;
        reap_dead_workers(context).await?;
        rename_metrics(context).await?;
        polling.log_first_readings().await?;
        make_due_beyond_pauses(context).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = polling.once(&ticks) => {}
        }
        let outages = || Arc::clone(&self.reloader.outages);
        let followed = FollowUp::new(Arc::clone(context), outages()).tick().await;
        let checked = Detector::new(Arc::clone(context), outages()).tick().await;
        Dispatcher::new(Arc::clone(context), jobs)
            .drain(stop.clone())
            .await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = restate_once(context) => {}
        }
        // It was not to watch any longer, so its end is no stop.
        sign_off(context, None).await;
        Ok(followed.and(checked)?)
    }

    /// Goes on by the items of lists that are stored.
    async fn load_items(&self) -> Result<StoredItems, DbError> {
        let known = StoredItems::load(&self.context().db).await?;
        self.reloader.items_changed(Arc::new(known.items.clone()));
        Ok(known)
    }

    /// Starts every part by this config. One that is newer already reaches each of them as it starts.
    fn start(
        &self,
        context: &Arc<Context>,
        (polling, known): (Arc<Polling>, StoredItems),
        halt: &CancellationToken,
    ) -> Tasks {
        let (halt, context) = (|| halt.clone(), || Arc::clone(context));
        let generations = || {
            let mut receiver = self.reloader.generations.subscribe();
            receiver.mark_changed();
            receiver
        };
        let outages = || Arc::clone(&self.reloader.outages);
        let mut tasks = Tasks::default();
        tasks.start("scheduler", polling.run(generations(), halt()).boxed());
        let items = items::follow(self.reloader(), known, generations(), halt());
        tasks.start("items", items.boxed());
        let dispatcher = Dispatcher::new(context(), jobs);
        tasks.start("dispatcher", dispatcher.run(generations(), halt()).boxed());
        let followup = FollowUp::new(context(), outages());
        tasks.start("follow-up", followup.run(generations(), halt()).boxed());
        let detector = Detector::new(context(), outages());
        tasks.start("incidents", detector.run(generations(), halt()).boxed());
        tasks.start("janitor", run_janitor(generations(), halt()).boxed());
        tasks.start("database", watch_database(generations(), halt()).boxed());
        let switch = run_dead_mans_switch(generations(), halt());
        tasks.start("dead man's switch", switch.boxed());
        tasks.start("restating", run_restating(generations(), halt()).boxed());
        tasks
    }
}

/// The jobs of the outbox, one a lane.
fn jobs(context: &Arc<Context>) -> Vec<Arc<dyn Job>> {
    let mut jobs: Vec<Arc<dyn Job>> = vec![
        Arc::new(SoundAlarm::new(context)),
        Arc::new(Explain::new(context)),
    ];
    for channel in &context.channels {
        jobs.push(Arc::new(Send::new(channel.clone())));
    }
    jobs
}

/// What the worker's gauges are read from.
fn sources(
    newest: watch::Receiver<Newest>,
    outages: &Arc<Outages>,
    (lanes, database): (&Healths, &Health),
    outbox: &OutboxSnapshot,
) -> Sources {
    let (outages, lanes, database) = (Arc::clone(outages), lanes.clone(), database.clone());
    let lanes_of = newest.clone();
    let lanes_failing = move || {
        let all = lanes.all().into_iter();
        all.map(|(lane, health)| (lane, health.is_failing())).collect()
    };
    Sources {
        lanes: Box::new(move || lanes_of.borrow().lanes.clone()),
        upstreams: Box::new(move || newest.borrow().upstreams.clone()),
        systems_up: Box::new(move || outages.states()),
        lanes_failing: Box::new(lanes_failing),
        is_database_failing: Box::new(move || database.is_failing()),
        outbox: outbox.clone(),
    }
}
