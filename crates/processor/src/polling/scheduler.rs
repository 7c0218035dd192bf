//! Which metric is due when.
//!
//! Times are on the monotonic clock: a wall clock that is stepped moves nothing. Starts are spread over slots so
//! that no upstream is hit by all metrics at once, and metrics of one slot share one wake-up. Those that request the same are in
//! one slot, and share the call.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::counted;
use monitor_upstream::Tick;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::groups::{Groups, Ticks};
use super::metric_state::MetricState;
use super::permits::Permits;
use super::{Polling, cycle};

impl Polling {
    /// Starts cycles until `halt`, then waits for those in flight, within the shutdown time.
    pub(crate) async fn run(self: Arc<Polling>, halt: CancellationToken) {
        let cycles = TaskTracker::new();
        let (clock, options) = (&self.context.clock, &self.context.options);
        let permits = Arc::new(Permits::new(options.concurrency, &self.metrics));
        let groups = Groups::new(&self.metrics);
        let start = clock.monotonic();
        let mut agenda: BinaryHeap<Reverse<(Duration, usize)>> = self
            .metrics
            .iter()
            .enumerate()
            .map(|(index, _)| Reverse((start + groups.offset(index), index)))
            .collect();

        while let Some(&Reverse((due, _))) = agenda.peek() {
            tokio::select! {
                biased;
                () = halt.cancelled() => break,
                () = clock.sleep_until(due) => {}
            }
            let now = clock.monotonic();
            let mut ticks = Ticks::default();
            while let Some(&Reverse((due, index))) = agenda.peek() {
                if due > now {
                    break;
                }
                agenda.pop();
                let (next, missed) = following(due, now, self.metrics[index].interval());
                agenda.push(Reverse((next, index)));
                self.metrics[index].monitored.meter.late(missed);
                let tick = ticks.of(&groups, index);
                self.start((index, tick), &permits, &cycles, &halt);
            }
        }
        if agenda.is_empty() {
            halt.cancelled().await; // nothing to watch is not a reason to end
        }
        cycles.close();
        let limit = options.finishing();
        if monitor_domain::timeout(&**clock, limit, cycles.wait())
            .await
            .is_err()
        {
            log::warn!(
                "{} did not finish within {limit:?}; the reading is lost, no alert is",
                counted(cycles.len(), "cycle")
            );
        }
    }

    /// One cycle of every metric.
    pub(crate) async fn once(&self) {
        let permits = Permits::new(self.context.options.concurrency, &self.metrics);
        let (groups, mut ticks) = (Groups::new(&self.metrics), Ticks::default());
        let ticks = (0..self.metrics.len()).map(|index| ticks.of(&groups, index));
        let begun = self.metrics.iter().map(MetricState::begin).zip(ticks);
        let begun = begun.filter_map(|(cycle, tick)| Some((cycle?, tick)));
        let permits = &permits;
        let cycles = begun.map(|(cycle, tick)| async move {
            let _place = permits.acquire(&cycle).await;
            cycle::run(self, cycle, tick).await;
        });
        let cycles: Vec<_> = cycles.collect();
        futures_util::future::join_all(cycles).await;
    }

    /// Starts one cycle, unless the one before still runs.
    fn start(
        self: &Arc<Polling>,
        (index, tick): (usize, Tick),
        permits: &Arc<Permits>,
        cycles: &TaskTracker,
        halt: &CancellationToken,
    ) {
        let metric = &self.metrics[index];
        let Some(cycle) = metric.begin() else {
            metric.skip();
            return;
        };
        let (polling, permits, halt) = (Arc::clone(self), Arc::clone(permits), halt.clone());
        cycles.spawn(async move {
            let _place = tokio::select! {
                () = halt.cancelled() => return,
                place = permits.acquire(&cycle) => place,
            };
            cycle::run(&polling, cycle, tick).await;
        });
    }
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
}
