//! What the writer did, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What was written since the handle was opened. Two numbers taken at once may be one write apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Closures whose work was committed.
    pub writes: u64,
    /// Closures that failed, for whatever reason.
    pub failures: u64,
    /// Transactions committed. `writes / commits` is how many closures shared one.
    pub commits: u64,
    /// Transactions that were lost as a whole; their closures were run again, one by one.
    pub lost: u64,
    /// Closures run again.
    pub reruns: u64,
    /// The most closures that ever shared a transaction.
    pub largest_batch: u64,
    /// Connections opened by the writer, the first included.
    pub connections: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) writes: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) reruns: AtomicU64,
    pub(crate) largest_batch: AtomicU64,
    pub(crate) connections: AtomicU64,
    /// Why the last transaction was not stored; `None` where it was.
    failure: Mutex<Option<String>>,
}

impl Counters {
    /// How the last transaction ended.
    pub(crate) fn ended(&self, failure: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    pub(crate) fn failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone()
    }

    pub(crate) fn add(counter: &AtomicU64, more: usize) {
        counter.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            writes: get(&self.writes),
            failures: get(&self.failures),
            commits: get(&self.commits),
            lost: get(&self.lost),
            reruns: get(&self.reruns),
            largest_batch: get(&self.largest_batch),
            connections: get(&self.connections),
        }
    }
}
