//! Writes: closures that wait for the one thread that runs them in groups, each group a transaction. It knows no table,
//! and retries nothing that may have been stored.

mod group_commit;
mod queued;
mod stats;
mod transaction;

pub(crate) use group_commit::{QUEUE, Writer};
pub(crate) use queued::{PendingWrite, QueuedWrite, guarded};
pub(crate) use stats::Counters;
pub use stats::Stats;
