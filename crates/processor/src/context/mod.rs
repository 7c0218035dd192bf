//! What every room is handed: the database, the clock, the config, the counters, and whether what the engine needs works.
//! No room is known here, and nothing is decided.

mod database;
mod health;
mod lists;
mod monitored;
mod options;
mod pending;
mod time;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use monitor_domain::{Failing, MetricKey, SharedClock};
use monitor_model::{ClockHistory, Db, DbError, MetricItem, Presence};
use monitor_upstream::{Alarm, Upstreams};
use tokio::sync::{Notify, watch};

pub(crate) use database::may_pass;
pub use health::Health;
pub(crate) use health::{Failure, Healths};
pub(crate) use lists::{Counted, ListStates};
pub(crate) use monitored::Monitored;
pub use options::{Channel, DeadMansSwitch, Options};
pub(crate) use pending::Pending;
pub(crate) use time::ago;

use crate::metric_list::MetricList;
use crate::telemetry::{Counters, OutboxSnapshot};

/// How each room hears of a changed config: it goes on with the newest context, and what is in flight ends with its own.
pub(crate) type Generations = watch::Receiver<Arc<Context>>;

/// What of the newest config `/metrics` has.
#[derive(Clone)]
pub(crate) struct Newest {
    pub(crate) upstreams: Arc<Upstreams>,
    /// The channels, and the alarm where there is one.
    pub(crate) lanes: Vec<String>,
}

/// Everything that the rooms of a running engine share, by one config. A changed config makes another one, which has the same
/// database, clock, counters and healths.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    /// When the engine was made.
    pub(crate) started: DateTime<Utc>,
    /// In the order of the config; then the items of its lists.
    pub(crate) metrics: Vec<Arc<Monitored>>,
    /// Metrics that are lists, in the order of the config.
    pub(crate) lists: Vec<Arc<MetricList>>,
    /// The items of lists that are metrics, also of lists that the config does not have.
    pub(crate) items: Arc<Vec<MetricItem>>,
    /// That this worker has stored other items.
    pub(crate) items_changed: Arc<Notify>,
    /// How the lists were last read.
    pub(crate) list_states: ListStates,
    pub(crate) upstreams: Arc<Upstreams>,
    /// What of the newest config `/metrics` has.
    pub(crate) newest: watch::Sender<Newest>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) alarm: Option<Arc<Alarm>>,
    pub(crate) dead_mans_switch: Option<DeadMansSwitch>,
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// Whether each lane gets through, by name.
    pub(crate) lanes: Healths,
    /// Whether readings can be stored.
    pub(crate) database: Health,
    /// What of that is logged.
    pub(crate) database_failures: Arc<Failing>,
    /// The readings that wait to be stored.
    pub(crate) commits: Pending,
    /// What the outbox held when it was last counted.
    pub(crate) outbox: OutboxSnapshot,
    pub(crate) presence: Presence,
}

impl Context {
    /// The metric of this key, where the config has it.
    pub(crate) fn metric(&self, key: &str) -> Option<&Arc<Monitored>> {
        self.metrics.iter().find(|metric| metric.key() == key)
    }

    /// The list of this key, where the config has it.
    pub(crate) fn list(&self, key: &str) -> Option<&Arc<MetricList>> {
        self.lists.iter().find(|list| **list.key() == *key)
    }

    /// The key that the metric `key` says it had before.
    pub(crate) fn was(&self, key: &str) -> Option<&MetricKey> {
        let mut renamed = self.options.renamed.iter();
        renamed.find(|(_, to)| to.as_str() == key).map(|(from, _)| from)
    }

    /// The channel of this name, where the config has it.
    pub(crate) fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels
            .iter()
            .find(|channel| channel.notifier.name() == name)
    }

    /// This worker's id, in whose name deliveries are claimed.
    pub(crate) fn worker(&self) -> String {
        self.presence.id().to_owned()
    }

    /// How old what is stored is by the time that passed, whatever the wall clock was set to meanwhile.
    pub(crate) async fn clock_history(&self) -> Result<ClockHistory, DbError> {
        self.presence.clock_history(&self.db, &*self.clock).await
    }
}
