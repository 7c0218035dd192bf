//! Goes on by a changed config, or by other items of its lists.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use monitor_model::MetricItem;
use monitor_notify::Notifier;
use monitor_upstream::Systems;
use tokio::sync::watch;

use super::Setup;
use crate::alerts::breach_kind;
use crate::context::{Channel, Context, Monitored, Newest};
use crate::incidents::Outages;
use crate::metric::{self, Metric};
use crate::metric_list::MetricList;
use crate::outbox::ALARM_LANE;
use crate::telemetry::Counters;

/// Has an engine go on by a changed config, while it runs or before; a clone is of the same engine.
#[derive(Clone)]
pub struct Reloader {
    pub(super) generations: watch::Sender<Arc<Context>>,
    pub(super) outages: Arc<Outages>,
    /// One change after the other: each begins where the one before ended.
    pub(super) changing: Arc<Mutex<()>>,
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
        let _changing = self.lock();
        let before = self.generations.borrow().clone();
        let upstreams = Arc::new(setup.upstreams);
        before.newest.send_replace(Newest {
            upstreams: Arc::clone(&upstreams),
            lanes: known_lanes(&setup.channels, setup.alarm.is_some()),
        });
        let lists: Vec<_> = setup.lists.into_iter().map(Arc::new).collect();
        let items = items_of(&lists, &before.items);
        let metrics = setup.metrics.into_iter().chain(items).collect();
        self.go_on(Context {
            metrics: monitored(metrics, &before.counters, &before.metrics),
            lists,
            upstreams,
            channels: setup.channels,
            alarm: setup.alarm.map(Arc::new),
            dead_mans_switch: setup.dead_mans_switch,
            options: setup.options,
            ..Context::clone(&before)
        });
    }

    /// Goes on by other items of the lists, in the same way.
    pub(super) fn items_changed(&self, items: Arc<Vec<MetricItem>>) {
        let _changing = self.lock();
        let before = self.generations.borrow().clone();
        if before.items == items {
            return;
        }
        let other = items_of(&before.lists, &items).collect();
        let metrics = before.metrics.iter().filter(|metric| !metric.is_item()).cloned();
        let metrics = metrics.chain(monitored(other, &before.counters, &before.metrics));
        self.go_on(Context {
            metrics: metrics.collect(),
            items,
            ..Context::clone(&before)
        });
    }

    fn go_on(&self, context: Context) {
        let metrics = context.metrics.iter().map(|metric| &*metric.metric);
        let keys = || metrics.clone().map(|metric| metric.config().key.as_str());
        self.outages
            .changed(read_from(metrics.clone()), &keys().collect());
        context.counters.show(&keys().collect());
        context.list_states.retain(|key| context.list(key).is_some());
        self.generations.send_replace(Arc::new(context));
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.changing
            .lock()
            .expect("no code panics while holding this lock")
    }
}

/// The metrics that the items of these lists are.
fn items_of<'a>(
    lists: &'a [Arc<MetricList>],
    items: &'a [MetricItem],
) -> impl Iterator<Item = Box<dyn Metric>> + 'a {
    lists.iter().flat_map(|list| list.items(items))
}

/// The metrics of a config, each with what is counted for it, and what was known of it by the config before.
pub(super) fn monitored(
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
pub(super) fn read_from<'m>(metrics: impl Iterator<Item = &'m dyn Metric>) -> Vec<(String, String, String)> {
    let read = metrics.filter_map(|metric| {
        let system = metric::system(metric)?;
        let config = metric.config();
        Some((config.key.to_string(), config.title.clone(), system.to_owned()))
    });
    read.collect()
}

/// The channels, and the alarm where there is one.
pub(super) fn known_lanes(channels: &[Channel], has_alarm: bool) -> Vec<String> {
    let channels = channels.iter().map(|channel| channel.notifier.name().to_owned());
    channels.chain(has_alarm.then(|| ALARM_LANE.to_owned())).collect()
}
