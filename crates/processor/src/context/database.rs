//! Which failures of the database may pass, and how they are logged.

use std::fmt::Display;

use monitor_domain::Say;
use monitor_model::DbError;

use super::Context;

/// Whether trying again may help. Where nobody knows whether a COMMIT took place, the version of a state or the number of an
/// attempt tells.
pub(crate) fn may_pass(error: &DbError) -> bool {
    error.is_transient() || matches!(error, DbError::CommitUnknown { .. })
}

impl Context {
    /// Logs that the database failed `who`, which then could not do `what`. An outage is said once and counted from then on,
    /// however many need the database, and each how often.
    pub(crate) fn database_failed(&self, who: &str, what: impl Display, error: &DbError) {
        match self.database_failures.fails(who, self.clock.monotonic()) {
            Say::First => log::error!("{what}: {error}"),
            Say::Again(times) => log::error!("the database has failed {times}; the last: {what}: {error}"),
            Say::Nothing => log::debug!("{what}: {error}"),
        }
    }

    /// The database served `who`.
    pub(crate) fn database_served(&self, who: &str) {
        if let Some(times) = self.database_failures.works(who, self.clock.monotonic()) {
            log::info!("the database works again; it had failed {times}");
        }
    }
}
