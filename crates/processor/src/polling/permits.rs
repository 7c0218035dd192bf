//! How many cycles run at one time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::metric_state::{CyclePermit, MetricState};
use crate::metric;

/// Permits for cycles. Where metrics are read from several systems, those of one take no more than three quarters of them: a
/// system that hangs leaves the others room.
pub(super) struct Permits {
    all: Semaphore,
    by_system: HashMap<String, Semaphore>,
}

/// One permit, until it is dropped.
pub(super) struct Permit<'a> {
    _own: Option<SemaphorePermit<'a>>,
    _any: Option<SemaphorePermit<'a>>,
}

impl Permits {
    pub(super) fn new(concurrency: usize, metrics: &[Arc<MetricState>]) -> Permits {
        let all = concurrency.max(1);
        let systems: BTreeSet<&str> = metrics
            .iter()
            .filter_map(|metric| metric::system(&*metric.monitored.metric))
            .collect();
        let share = if systems.len() > 1 {
            (all * 3 / 4).max(1)
        } else {
            all
        };
        Permits {
            all: Semaphore::new(all),
            by_system: systems
                .into_iter()
                .map(|system| (system.to_owned(), Semaphore::new(share)))
                .collect(),
        }
    }

    /// Waits for a place, first for one of the metric's system, so that nobody waits for that in everybody's place.
    pub(super) async fn acquire(&self, cycle: &CyclePermit) -> Permit<'_> {
        let system = metric::system(&*cycle.metric.monitored.metric);
        let own = match system.and_then(|system| self.by_system.get(system)) {
            Some(system) => system.acquire().await.ok(),
            None => None,
        };
        Permit {
            _own: own,
            _any: self.all.acquire().await.ok(),
        }
    }
}
