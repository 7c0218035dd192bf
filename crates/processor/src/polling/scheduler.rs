//! Which metric is due when.
//!
//! Times are on the monotonic clock: a wall clock that is stepped moves nothing. Starts are spread over slots so
//! that no upstream is hit by all metrics at once, and metrics of one slot share one wake-up. Those that request the same are in
//! one slot, and share the call.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::counted;
use monitor_upstream::{Identity, Tick};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::groups::{Groups, Ticks};
use super::metric_state::MetricState;
use super::permits::Permits;
use super::pushed::{self, Arrivals, Until};
use super::{Polling, cycle, lists};
use crate::context::{Context, Generations};

/// When each metric of a config is due, and each list.
struct Schedule {
    polling: Arc<Polling>,
    permits: Arc<Permits>,
    groups: Groups,
    /// When, and the index of the metric; the lists come after them.
    agenda: BinaryHeap<Reverse<(Duration, usize)>>,
}

impl Polling {
    /// Starts cycles until `halt`, by the newest config, then waits for those in flight, within the shutdown time.
    pub(crate) async fn run(self: Arc<Polling>, mut generations: Generations, halt: CancellationToken) {
        let cycles = TaskTracker::new();
        let clock = Arc::clone(&self.context.clock);
        let mut arrivals = Arrivals::watch(generations.clone());
        let until = Until::halted(halt.clone(), generations.clone(), arrivals.again());
        let mut schedule = Schedule::new(self, clock.monotonic());
        loop {
            let due = async {
                match schedule.due() {
                    Some(due) => clock.sleep_until(due).await,
                    None => std::future::pending().await, // nothing to watch is not a reason to end
                }
            };
            tokio::select! {
                biased;
                () = halt.cancelled() => break,
                Ok(()) = generations.changed() => {
                    let context = generations.borrow_and_update().clone();
                    schedule = schedule.changed(&context, clock.monotonic());
                }
                () = due => schedule.start(clock.monotonic(), &cycles, &until),
                keys = arrivals.next() => schedule.start_pushed(&keys, &cycles, &until),
            }
        }
        cycles.close();
        let limit = schedule.polling.context.options.finishing();
        if monitor_domain::timeout(&*clock, limit, cycles.wait())
            .await
            .is_err()
        {
            log::warn!(
                "{} did not finish within {limit:?}; the reading is lost, no alert is",
                counted(cycles.len(), "cycle")
            );
        }
    }

    /// What is read at this place of the schedule: the key of a metric, or of a list, and how often.
    fn read_at(&self, index: usize) -> (&str, Duration) {
        match self.metrics.get(index) {
            Some(metric) => (metric.key(), metric.interval()),
            None => {
                let config = self.context.lists[index - self.metrics.len()].config();
                (&config.key, config.interval)
            }
        }
    }

    /// Reads every list once; gives the ticks in which that was, by what was requested.
    pub(crate) async fn read_lists(&self) -> HashMap<Identity, Tick> {
        let mut ticks: HashMap<Identity, Tick> = HashMap::new();
        let reads = self.context.lists.iter().map(|list| {
            let tick = ticks.entry(list.fetch().identity().clone()).or_default().clone();
            lists::run(self, list, tick)
        });
        let reads: Vec<_> = reads.collect();
        futures_util::future::join_all(reads).await;
        ticks
    }

    /// One cycle of every metric; those that request what lists did share the calls of these ticks.
    pub(crate) async fn once(&self, of_lists: &HashMap<Identity, Tick>) {
        let permits = Permits::new(self.context.options.concurrency, &self.metrics);
        let (groups, mut ticks) = (Groups::new(&self.metrics, &[]), Ticks::default());
        let ticks = self.metrics.iter().enumerate().map(|(index, metric)| {
            let fetch = metric.monitored.metric.config().fetch.as_ref();
            let of_list = fetch.and_then(|fetch| of_lists.get(fetch.identity()));
            of_list.cloned().unwrap_or_else(|| ticks.of(&groups, index))
        });
        let begun = self.metrics.iter().map(MetricState::begin).zip(ticks);
        let begun = begun.filter_map(|(cycle, tick)| Some((cycle?, tick)));
        let permits = &permits;
        let cycles = begun.map(|(cycle, tick)| async move {
            let _place = permits.acquire(&cycle).await;
            if cycle.metric.monitored.is_pushed() {
                pushed::run(self, cycle, &Until::done()).await;
            } else {
                cycle::run(self, cycle, tick).await;
            }
        });
        let cycles: Vec<_> = cycles.collect();
        futures_util::future::join_all(cycles).await;
    }
}

impl Schedule {
    fn new(polling: Arc<Polling>, now: Duration) -> Schedule {
        let lists = &polling.context.lists;
        let groups = Groups::new(&polling.metrics, lists);
        let metrics = 0..polling.metrics.len() + lists.len();
        Schedule {
            agenda: metrics
                .map(|index| Reverse((now + groups.offset(index), index)))
                .collect(),
            groups,
            permits: Arc::new(Permits::new(
                polling.context.options.concurrency,
                &polling.metrics,
            )),
            polling,
        }
    }

    /// The same by a changed config. A metric that was there before is due when it was: no tick is lost, and however often the
    /// config changes, none is put off. One whose interval is another is due as a new one is, unless it was earlier.
    fn changed(self, context: &Arc<Context>, now: Duration) -> Schedule {
        let before: HashMap<&str, (Duration, Duration)> = self
            .agenda
            .iter()
            .map(|Reverse((due, index))| {
                let (key, interval) = self.polling.read_at(*index);
                (key, (*due, interval))
            })
            .collect();
        let next = Arc::new(self.polling.succeeding(context));
        let groups = Groups::new(&next.metrics, &context.lists);
        let due = (0..next.metrics.len() + context.lists.len()).map(|index| {
            let (key, new_interval) = next.read_at(index);
            let was = || before.get(context.was(key)?.as_str());
            match before.get(key).or_else(was)? {
                (due, interval) if *interval == new_interval => Some(*due),
                (due, _) => Some((now + groups.offset(index)).min(*due)),
            }
        });
        let due = groups.together(due.collect(), now);
        let concurrency = context.options.concurrency;
        let permits = match self.permits.fit(concurrency, &next.metrics) {
            true => self.permits,
            false => Arc::new(Permits::new(concurrency, &next.metrics)),
        };
        let agenda = due.into_iter().enumerate();
        Schedule {
            agenda: agenda.map(|(index, due)| Reverse((due, index))).collect(),
            polling: next,
            permits,
            groups,
        }
    }

    /// When the next cycle is due.
    fn due(&self) -> Option<Duration> {
        self.agenda.peek().map(|Reverse((due, _))| *due)
    }

    /// Starts what is due at `now`.
    fn start(&mut self, now: Duration, cycles: &TaskTracker, until: &Until) {
        let mut ticks = Ticks::default();
        while let Some(&Reverse((due, index))) = self.agenda.peek() {
            if due > now {
                break;
            }
            self.agenda.pop();
            let (_, interval) = self.polling.read_at(index);
            let (next, missed) = following(due, now, interval);
            self.agenda.push(Reverse((next, index)));
            let tick = ticks.of(&self.groups, index);
            match self.polling.metrics.get(index) {
                Some(metric) => {
                    metric.monitored.meter.late(missed);
                    self.start_one((index, tick), cycles, until);
                }
                None => self.start_list((index - self.polling.metrics.len(), tick), cycles, until.halt()),
            }
        }
    }

    /// Reads a list. It takes no permit: the call that it makes is that of its items.
    fn start_list(&self, (index, tick): (usize, Tick), cycles: &TaskTracker, halt: &CancellationToken) {
        let (polling, halt) = (Arc::clone(&self.polling), halt.clone());
        cycles.spawn(async move {
            let list = &polling.context.lists[index];
            tokio::select! {
                () = halt.cancelled() => {}
                () = lists::run(&polling, list, tick) => {}
            }
        });
    }

    /// Starts one cycle, unless the one before still runs.
    fn start_one(&self, (index, tick): (usize, Tick), cycles: &TaskTracker, until: &Until) {
        let metric = &self.polling.metrics[index];
        if metric.monitored.is_pushed() {
            self.start_pushed_one(metric, cycles, until);
            return;
        }
        let Some(cycle) = metric.begin() else {
            metric.skip();
            return;
        };
        let (polling, permits) = (Arc::clone(&self.polling), Arc::clone(&self.permits));
        let halt = until.halt().clone();
        cycles.spawn(async move {
            let _place = tokio::select! {
                () = halt.cancelled() => return,
                place = permits.acquire(&cycle) => place,
            };
            cycle::run(&polling, cycle, tick).await;
        });
    }

    /// Starts those of these keys whose values are sent.
    fn start_pushed(&self, keys: &[String], cycles: &TaskTracker, until: &Until) {
        for metric in &self.polling.metrics {
            if metric.monitored.is_pushed() && keys.iter().any(|key| key == metric.key()) {
                self.start_pushed_one(metric, cycles, until);
            }
        }
    }

    /// One that is still at work has a backlog, and takes what is new too.
    fn start_pushed_one(&self, metric: &Arc<MetricState>, cycles: &TaskTracker, until: &Until) {
        let Some(cycle) = metric.begin_or_want() else {
            return;
        };
        let (polling, permits) = (Arc::clone(&self.polling), Arc::clone(&self.permits));
        let until = until.clone();
        cycles.spawn(async move {
            let _place = tokio::select! {
                () = until.halt().cancelled() => return,
                place = permits.acquire(&cycle) => place,
            };
            pushed::run(&polling, cycle, &until).await;
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
