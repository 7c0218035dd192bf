//! What the engine has done since it started.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shared counters; a clone counts the same things.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    cycles: AtomicU64,
    unreadable: AtomicU64,
    late: AtomicU64,
    conflicts: AtomicU64,
    unsaved: AtomicU64,
    alerts: AtomicU64,
    sent: AtomicU64,
    retried: AtomicU64,
    given_up: AtomicU64,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl Counts {
            $( $(#[$doc])* pub fn $name(&self) -> u64 { self.inner.$name.load(Ordering::Relaxed) } )+
        }
        #[derive(Clone, Copy, Debug)]
        #[allow(non_camel_case_types)]
        pub(crate) enum Count { $($name),+ }
        impl Counts {
            pub(crate) fn add(&self, what: Count, n: u64) {
                match what { $( Count::$name => &self.inner.$name ),+ }.fetch_add(n, Ordering::Relaxed);
            }
        }
    };
}

counters! {
    /// Readings committed, good and bad.
    cycles,
    /// Readings that held no number.
    unreadable,
    /// Ticks skipped because the cycle before was still running or the machine was busy.
    late,
    /// Readings dropped because another worker had judged the metric meanwhile.
    conflicts,
    /// Readings that could not be stored.
    unsaved,
    /// Alerts opened.
    alerts,
    /// Deliveries done: channels, alarm and details.
    sent,
    /// Attempts that failed and will be made again.
    retried,
    /// Deliveries that ended undone.
    given_up,
}
