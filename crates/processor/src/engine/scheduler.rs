//! Which metric is due when.
//!
//! Times are on the monotonic clock: a wall clock that is stepped moves nothing. Starts are spread over slots so
//! that no upstream is hit by all metrics at once, and metrics of one slot share one wake-up.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Shared;
use super::cycle::{self, Turn, Watched};
use crate::metric;

/// The width of a slot.
const SLOT: Duration = Duration::from_millis(50);

/// How many cycles may run at one time. Where metrics are read from several systems, those of one take no more than three
/// quarters of the places: a system that hangs leaves the others room.
struct Places {
    all: Semaphore,
    of_system: HashMap<String, Semaphore>,
}

impl Places {
    fn new(shared: &Shared, metrics: &[Arc<Watched>]) -> Places {
        let all = shared.options.concurrency.max(1);
        let systems: BTreeSet<&str> = metrics
            .iter()
            .filter_map(|watched| metric::system(&*watched.metric))
            .collect();
        let share = if systems.len() > 1 {
            (all * 3 / 4).max(1)
        } else {
            all
        };
        Places {
            all: Semaphore::new(all),
            of_system: systems
                .into_iter()
                .map(|system| (system.to_owned(), Semaphore::new(share)))
                .collect(),
        }
    }

    /// Waits for a place, first for one of its system, so that nobody waits for that in everybody's place.
    async fn of(&self, turn: &Turn) -> (Option<SemaphorePermit<'_>>, Option<SemaphorePermit<'_>>) {
        let system = metric::system(&*turn.watched.metric).and_then(|system| self.of_system.get(system));
        let own = match system {
            Some(system) => system.acquire().await.ok(),
            None => None,
        };
        (own, self.all.acquire().await.ok())
    }
}

/// Starts cycles until `halt`, then waits for those in flight, within the shutdown time.
pub(crate) async fn run(shared: Arc<Shared>, metrics: Vec<Arc<Watched>>, halt: CancellationToken) {
    let cycles = TaskTracker::new();
    let places = Arc::new(Places::new(&shared, &metrics));
    let start = shared.clock.monotonic();
    let mut agenda: BinaryHeap<Reverse<(Duration, usize)>> = metrics
        .iter()
        .enumerate()
        .map(|(index, metric)| Reverse((start + offset(index, metric.interval()), index)))
        .collect();

    while let Some(&Reverse((due, _))) = agenda.peek() {
        tokio::select! {
            biased;
            () = halt.cancelled() => break,
            () = shared.clock.sleep_until(due) => {}
        }
        let now = shared.clock.monotonic();
        while let Some(&Reverse((due, index))) = agenda.peek() {
            if due > now {
                break;
            }
            agenda.pop();
            let metric = &metrics[index];
            let (next, missed) = following(due, now, metric.interval());
            agenda.push(Reverse((next, index)));
            metric.meter.late(missed);
            match metric.begin() {
                Some(turn) => {
                    let (shared, places, halt) = (Arc::clone(&shared), Arc::clone(&places), halt.clone());
                    cycles.spawn(async move {
                        let _place = tokio::select! {
                            () = halt.cancelled() => return,
                            place = places.of(&turn) => place,
                        };
                        cycle::run(&shared, turn).await;
                    });
                }
                None => {
                    metric.meter.late(1);
                    log::warn!(
                        "metric {}: the cycle before is still running; this one is skipped",
                        metric.key()
                    );
                }
            }
        }
    }
    if agenda.is_empty() {
        halt.cancelled().await; // nothing to watch is not a reason to end
    }
    cycles.close();
    let limit = shared.options.shutdown;
    if monitor_domain::timeout(&*shared.clock, limit, cycles.wait())
        .await
        .is_err()
    {
        log::warn!(
            "{} cycles did not finish within {limit:?}; their readings are lost, no alert is",
            cycles.len()
        );
    }
}

/// One cycle of every metric.
pub(crate) async fn once(shared: &Arc<Shared>, metrics: &[Arc<Watched>]) {
    let places = Places::new(shared, metrics);
    let cycles = metrics.iter().filter_map(Watched::begin).map(|turn| async {
        let _place = places.of(&turn).await;
        cycle::run(shared, turn).await;
    });
    futures_util::future::join_all(cycles).await;
}

/// Neighbours start a slot apart, wrapping around the interval.
fn offset(index: usize, interval: Duration) -> Duration {
    let slots = (interval.as_millis() / SLOT.as_millis()).max(1);
    SLOT * u32::try_from(index as u128 % slots).unwrap_or(0)
}

/// The first due time after `now` on the grid of `due` and `interval`, and how many were missed on the way.
fn following(due: Duration, now: Duration, interval: Duration) -> (Duration, u64) {
    let interval = interval.max(Duration::from_millis(1));
    let late = now.saturating_sub(due);
    let missed = u64::try_from(late.as_nanos() / interval.as_nanos()).unwrap_or(u64::MAX);
    let behind = late.as_nanos() % interval.as_nanos();
    let next = now + interval - Duration::from_nanos(u64::try_from(behind).unwrap_or(0));
    (next, missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_next_time_stays_on_the_grid() {
        assert_eq!(following(ms(1000), ms(1000), ms(100)), (ms(1100), 0));
        assert_eq!(following(ms(1000), ms(1099), ms(100)), (ms(1100), 0));
        assert_eq!(following(ms(1000), ms(1100), ms(100)), (ms(1200), 1));
        assert_eq!(
            following(ms(1000), ms(1350), ms(100)),
            (ms(1400), 3),
            "missed ticks are counted, not made up"
        );
    }

    #[test]
    fn starts_are_spread() {
        let ten = Duration::from_secs(10);
        assert_eq!(offset(0, ten), ms(0));
        assert_eq!(offset(3, ten), ms(150));
        assert_eq!(offset(200, ten), ms(0), "200 slots of 50 ms are in 10 s");
        assert_eq!(offset(7, ms(20)), ms(0), "shorter than a slot");
        let counts = (0..1000).fold(std::collections::HashMap::new(), |mut counts, index| {
            *counts.entry(offset(index, ten)).or_insert(0) += 1;
            counts
        });
        assert!(counts.values().all(|n| *n == 5));
    }
}
