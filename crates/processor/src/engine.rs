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

mod tasks;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use monitor_domain::SharedClock;
use monitor_model::{Db, DbError, Presence, ProcessRole};
use monitor_notify::Notifier;
use monitor_upstream::{Alarm, Systems, Upstreams};
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::alerts::{Explain, FollowUp, SoundAlarm, breach_kind};
use crate::context::{
    Channel, Context, DeadMansSwitch, Health, Healths, Monitored, Newest, Options, Pending,
};
use crate::delivery::{Dispatcher, Send, make_due, make_due_beyond_pauses, reap_dead_workers};
use crate::incidents::{Detector, Outages, notify_gap, watch_database};
use crate::metric::{self, Metric};
use crate::outbox::{ALARM_LANE, Job};
use crate::polling::{Polling, rename_metrics};
use crate::telemetry::{Counters, OutboxSnapshot, Sources, WorkerGauges};
use crate::upkeep::{heartbeat, run_dead_mans_switch, run_janitor, sign_off};
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

/// Has an engine go on by a changed config, while it runs or before; a clone is of the same engine.
#[derive(Clone)]
pub struct Reloader {
    generations: watch::Sender<Arc<Context>>,
    outages: Arc<Outages>,
}

impl Engine {
    /// Puts the parts together. Nothing runs yet.
    pub fn new(parts: Parts) -> Engine {
        let Parts { db, clock, setup } = parts;
        let (lanes, database, outbox) = (Healths::default(), Health::default(), OutboxSnapshot::default());
        let outages = Arc::new(Outages::new(read_from(&setup.metrics)));
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
        let mut tasks = self.start(context, polling, &halt);
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
        let context = &self.context();
        let polling = self.polling.succeeding(context);
        heartbeat(context).await?;
        reap_dead_workers(context).await?;
        rename_metrics(context).await?;
        polling.log_first_readings().await?;
        make_due_beyond_pauses(context).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = polling.once() => {}
        }
        let outages = || Arc::clone(&self.reloader.outages);
        let followed = FollowUp::new(Arc::clone(context), outages()).tick().await;
        let checked = Detector::new(Arc::clone(context), outages()).tick().await;
        Dispatcher::new(Arc::clone(context), jobs).drain(stop).await?;
        // It was not to watch any longer, so its end is no stop.
        sign_off(context, None).await;
        Ok(followed.and(checked)?)
    }

    /// Starts every part by this config. One that is newer already reaches each of them as it starts.
    fn start(&self, context: &Arc<Context>, polling: Arc<Polling>, halt: &CancellationToken) -> Tasks {
        let (halt, context) = (|| halt.clone(), || Arc::clone(context));
        let generations = || {
            let mut receiver = self.reloader.generations.subscribe();
            receiver.mark_changed();
            receiver
        };
        let outages = || Arc::clone(&self.reloader.outages);
        let mut tasks = Tasks::default();
        tasks.start("scheduler", polling.run(generations(), halt()).boxed());
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
        tasks
    }
}

impl Reloader {
    /// The systems that it reads, by name.
    pub fn systems(&self) -> Systems {
        self.generations.borrow().upstreams.systems().clone()
    }

    /// The channels that it sends through, in config order.
    pub fn notifiers(&self) -> Vec<Arc<dyn Notifier>> {
        let context = self.generations.borrow();
        let channels = context.channels.iter();
        channels.map(|channel| Arc::clone(&channel.notifier)).collect()
    }

    /// Shows why the last changed config was refused, or that it was taken.
    pub fn show_refusal(&self, why: Option<&str>) {
        self.generations.borrow().counters.show_refusal(why);
    }

    /// Goes on by a changed config, as one change: what is in flight ends by the old one, nothing that is remembered is lost and
    /// no tick either. A metric keeps its state by its key; where it says that it had another one, by that.
    ///
    /// A system or a channel that is the same in both is to be the same object in both: it keeps its session, and what is known of
    /// how it fails.
    pub fn reload(&self, setup: Setup) {
        let before = self.generations.borrow().clone();
        let keys = || setup.metrics.iter().map(|metric| metric.config().key.as_str());
        self.outages.changed(read_from(&setup.metrics), &keys().collect());
        before.counters.show(&keys().collect());
        let upstreams = Arc::new(setup.upstreams);
        before.newest.send_replace(Newest {
            upstreams: Arc::clone(&upstreams),
            lanes: known_lanes(&setup.channels, setup.alarm.is_some()),
        });
        let context = Context {
            metrics: monitored(setup.metrics, &before.counters, &before.metrics),
            upstreams,
            channels: setup.channels,
            alarm: setup.alarm.map(Arc::new),
            dead_mans_switch: setup.dead_mans_switch,
            options: setup.options,
            ..Context::clone(&before)
        };
        self.generations.send_replace(Arc::new(context));
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

/// The metrics of a config, each with what is counted for it, and what was known of it by the config before.
fn monitored(
    metrics: Vec<Box<dyn Metric>>,
    counters: &Counters,
    before: &[Arc<Monitored>],
) -> Vec<Arc<Monitored>> {
    let before: HashMap<&str, &Arc<Monitored>> = before.iter().map(|metric| (metric.key(), metric)).collect();
    let metrics = metrics.into_iter().map(|metric| {
        let config = metric.config();
        let meter = counters.meter(&config.key, breach_kind(&config.rule));
        let before = before.get(config.key.as_str()).map(|before| &***before);
        Arc::new(Monitored::new(metric, meter, before))
    });
    metrics.collect()
}

/// Which system each metric is read from, as far as that is known before it is: key, title, system.
fn read_from(metrics: &[Box<dyn Metric>]) -> Vec<(String, String, String)> {
    let read = metrics.iter().filter_map(|metric| {
        let system = metric::system(&**metric)?;
        let config = metric.config();
        Some((config.key.to_string(), config.title.clone(), system.to_owned()))
    });
    read.collect()
}

/// The channels, and the alarm where there is one.
fn known_lanes(channels: &[Channel], has_alarm: bool) -> Vec<String> {
    let channels = channels.iter().map(|channel| channel.notifier.name().to_owned());
    channels.chain(has_alarm.then(|| ALARM_LANE.to_owned())).collect()
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
