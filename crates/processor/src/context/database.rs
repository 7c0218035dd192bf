//! Which failures of the database may pass.

use monitor_model::DbError;

/// Whether trying again may help. Where nobody knows whether a COMMIT took place, the version of a state or the number of an
/// attempt tells.
pub(crate) fn may_pass(error: &DbError) -> bool {
    error.is_transient() || matches!(error, DbError::CommitUnknown { .. })
}
