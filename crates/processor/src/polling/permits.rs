//! How many cycles run at one time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::metric_state::{CyclePermit, MetricState};
use crate::metric;

/// Permits for cycles. Half of them belong to the systems that metrics are read from, in equal parts and at least one each; the
/// other half is for whoever comes, and no system takes more than half of that. So any number of systems that hang slow only
/// themselves: what belongs to another system is always free for it.
pub(super) struct Permits {
    /// How many there are, as long as each system has one.
    concurrency: usize,
    systems: HashMap<String, System>,
    /// For metrics that are read from no system.
    none: System,
    shared: Semaphore,
}

/// The permits of one system.
struct System {
    own: Semaphore,
    /// How many of the shared ones it may hold.
    of_shared: Semaphore,
}

/// One permit, until it is dropped.
pub(super) struct Permit<'a> {
    _held: [Option<SemaphorePermit<'a>>; 2],
}

impl Permits {
    pub(super) fn new(concurrency: usize, metrics: &[Arc<MetricState>]) -> Permits {
        let systems = metrics
            .iter()
            .map(|metric| metric::system(&*metric.monitored.metric));
        Permits::of(concurrency, &systems.collect())
    }

    /// Whether they are what a config with these metrics has: otherwise those that are held now are given back, and no more.
    pub(super) fn fit(&self, concurrency: usize, metrics: &[Arc<MetricState>]) -> bool {
        let systems = metrics
            .iter()
            .map(|metric| metric::system(&*metric.monitored.metric));
        let systems: BTreeSet<&str> = systems.flatten().collect();
        self.concurrency == concurrency
            && self.systems.keys().map(String::as_str).collect::<BTreeSet<_>>() == systems
    }

    /// For these systems; `None` are metrics that are read from none.
    fn of(concurrency: usize, systems: &BTreeSet<Option<&str>>) -> Permits {
        let all = concurrency.max(1);
        let count = systems.len().max(1);
        let own = if count == 1 { all } else { (all / 2 / count).max(1) };
        let shared = all.saturating_sub(own * count);
        let system = || System {
            own: Semaphore::new(own),
            of_shared: Semaphore::new(shared.div_ceil(2)),
        };
        Permits {
            concurrency,
            systems: systems
                .iter()
                .flatten()
                .map(|name| ((*name).to_owned(), system()))
                .collect(),
            none: system(),
            shared: Semaphore::new(shared),
        }
    }

    /// Waits for a permit: one that belongs to the metric's system, or a shared one, whichever comes first.
    pub(super) async fn acquire(&self, cycle: &CyclePermit) -> Permit<'_> {
        self.acquire_for(metric::system(&*cycle.metric.monitored.metric))
            .await
    }

    async fn acquire_for(&self, system: Option<&str>) -> Permit<'_> {
        let system = system
            .and_then(|name| self.systems.get(name))
            .unwrap_or(&self.none);
        tokio::select! {
            biased;
            own = system.own.acquire() => Permit { _held: [own.ok(), None] },
            held = self.acquire_shared(system) => Permit { _held: held },
        }
    }

    /// Nobody waits in everybody's queue who has taken the share of its system already.
    async fn acquire_shared<'a>(&'a self, system: &'a System) -> [Option<SemaphorePermit<'a>>; 2] {
        let share = system.of_shared.acquire().await.ok();
        [share, self.shared.acquire().await.ok()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// How many permits of `permits` a system gets at once.
    fn take<'a>(permits: &'a Permits, system: Option<&str>, most: usize) -> Vec<Permit<'a>> {
        let now = |_| tokio::task::unconstrained(permits.acquire_for(system)).now_or_never();
        (0..most).map_while(now).collect()
    }

    #[tokio::test]
    async fn any_number_of_systems_that_hang_leave_the_others_theirs() {
        let systems = [Some("a"), Some("b"), Some("c"), None].into();
        let permits = Permits::of(64, &systems);
        let a = take(&permits, Some("a"), 99);
        let b = take(&permits, Some("b"), 99);
        assert_eq!(
            (a.len(), b.len()),
            (24, 24),
            "8 of its own and half of the shared ones"
        );
        let c = take(&permits, Some("c"), 99);
        let none = take(&permits, None, 99);
        assert_eq!((c.len(), none.len()), (8, 8));
        drop(a);
        assert_eq!(
            take(&permits, Some("c"), 99).len(),
            16,
            "what is given back is for whoever comes"
        );
        drop((b, c, none));
    }

    #[tokio::test]
    async fn one_system_has_all_and_each_of_many_at_least_one() {
        let permits = Permits::of(5, &[Some("a")].into());
        assert_eq!(take(&permits, Some("a"), 99).len(), 5);
        let permits = Permits::of(1, &[Some("a"), Some("b"), Some("c")].into());
        let held: Vec<_> = ["a", "b", "c"].map(|name| take(&permits, Some(name), 9)).into();
        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[tokio::test]
    async fn who_waits_is_next_when_a_permit_of_its_system_is_given_back() {
        let permits = Permits::of(4, &[Some("a"), Some("b")].into());
        let mut a = take(&permits, Some("a"), 9);
        let waiting = permits.acquire_for(Some("a"));
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(a.remove(0));
        assert!(waiting.now_or_never().is_some());
    }
}
