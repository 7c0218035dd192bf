//! What every room is handed: the database, the clock, the config, the counters, and whether what the engine needs works.
//! No room is known here, and nothing is decided.

mod database;
mod health;
mod monitored;
mod options;
mod pending;
mod time;

use std::sync::Arc;

use monitor_domain::{Failing, SharedClock};
use monitor_model::{ClockHistory, Db, DbError, Presence};
use monitor_upstream::{Alarm, Upstreams};

pub(crate) use database::may_pass;
pub use health::Health;
pub(crate) use health::{Failure, Healths};
pub(crate) use monitored::Monitored;
pub use options::{Channel, Options};
pub(crate) use pending::Pending;
pub(crate) use time::ago;

use crate::telemetry::{Counters, OutboxSnapshot};

/// Everything that the rooms of a running engine share.
pub(crate) struct Context {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) alarm: Option<Alarm>,
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// Whether each lane gets through, by name.
    pub(crate) lanes: Healths,
    /// Whether readings can be stored.
    pub(crate) database: Health,
    /// What of that is logged.
    pub(crate) database_failures: Failing,
    /// The readings that wait to be stored.
    pub(crate) commits: Pending,
    /// What the outbox held when it was last counted.
    pub(crate) outbox: OutboxSnapshot,
    pub(crate) presence: Presence,
}

impl Context {
    /// This worker's id, in whose name deliveries are claimed.
    pub(crate) fn worker(&self) -> String {
        self.presence.id().to_owned()
    }

    /// How old what is stored is by the time that passed, whatever the wall clock was set to meanwhile.
    pub(crate) async fn clock_history(&self) -> Result<ClockHistory, DbError> {
        self.presence.clock_history(&self.db, &*self.clock).await
    }
}
