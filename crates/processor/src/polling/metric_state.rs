//! A metric and what this worker remembers between two cycles of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::MetricKey;
use monitor_rules::State;

use super::history::Windows;
use crate::context::Monitored;

/// A metric as the config has it, and what is remembered of it.
pub(crate) struct MetricState {
    pub(super) monitored: Arc<Monitored>,
    /// Shared with the same metric of the config before, whose last cycle may still run.
    shared: Arc<Shared>,
    /// The key that it had before, as long as what is stored may have that.
    renaming: Mutex<Option<MetricKey>>,
}

/// The cached rule state of a metric, and whether a cycle of it runs.
#[derive(Default)]
struct Shared {
    is_running: AtomicBool,
    /// A cycle was to be begun while one ran.
    is_wanted: AtomicBool,
    lateness: Mutex<Lateness>,
    memory: Mutex<Memory>,
}

/// Cycles that are skipped because the one before still runs, in a row of cycles that are all too slow.
#[derive(Default)]
struct Lateness {
    /// So many since the last cycle that was in time.
    skipped: u64,
    /// Whether one was while the cycle runs that runs now.
    is_late: bool,
}

impl Lateness {
    /// One more is skipped; whether it is the first.
    fn skip(&mut self) -> bool {
        self.is_late = true;
        self.skipped += 1;
        self.skipped == 1
    }

    /// The cycle has ended: how many were skipped before it, where it is the first that was in time again.
    fn end(&mut self) -> Option<u64> {
        let was_late = std::mem::take(&mut self.is_late);
        (!was_late && self.skipped > 0).then(|| std::mem::take(&mut self.skipped))
    }
}

#[derive(Default)]
struct Memory {
    cached: Option<CachedState>,
    /// When this process last evaluated it and stored that, monotonic.
    evaluated_at: Option<Duration>,
    /// The windows that its rule needs, as they are at this version of the state.
    windows: Option<(i64, Windows)>,
    /// Of one whose values are sent: when the last one came, and since when, monotonic, this process knows of none after it.
    silent: Option<(Option<DateTime<Utc>>, Duration)>,
}

/// The rule state as this worker last stored or read it.
#[derive(Clone)]
pub(super) struct CachedState {
    pub(super) state: State,
    pub(super) version: i64,
    /// When it was evaluated, where that was not by this worker just before.
    pub(super) loaded: Option<NaiveDateTime>,
}

/// The right to run one cycle of a metric; there is one at a time.
pub(super) struct CyclePermit {
    pub(super) metric: Arc<MetricState>,
}

impl MetricState {
    /// One that nothing is remembered of. What is stored may have the key `was`.
    pub(super) fn new(monitored: Arc<Monitored>, was: Option<MetricKey>) -> MetricState {
        MetricState {
            monitored,
            shared: Arc::default(),
            renaming: Mutex::new(was),
        }
    }

    /// The same metric by a changed config: one cycle of it runs at a time, by whichever config, and what is remembered goes on.
    /// Where it has another key now, that goes on too, and what is stored gets that key before the next cycle.
    pub(super) fn succeeding(before: &MetricState, monitored: Arc<Monitored>) -> MetricState {
        let renaming = match before.key() == monitored.key() {
            true => before.renaming().clone(),
            false => Some(before.monitored.metric.config().key.clone()),
        };
        MetricState {
            monitored,
            shared: Arc::clone(&before.shared),
            renaming: Mutex::new(renaming),
        }
    }

    /// The key that what is stored may have still.
    pub(super) fn old_key(&self) -> Option<MetricKey> {
        self.renaming().clone()
    }

    /// What is stored has its key now.
    pub(super) fn is_renamed(&self) {
        *self.renaming() = None;
        self.cache(None);
    }

    fn renaming(&self) -> MutexGuard<'_, Option<MetricKey>> {
        self.renaming
            .lock()
            .expect("no code panics while holding this lock")
    }

    pub(super) fn key(&self) -> &str {
        self.monitored.key()
    }

    pub(super) fn interval(&self) -> Duration {
        self.monitored.metric.config().interval
    }

    /// The permit, or nothing while the cycle before runs.
    pub(super) fn begin(self: &Arc<MetricState>) -> Option<CyclePermit> {
        let free = self
            .shared
            .is_running
            .compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        free.then(|| CyclePermit {
            metric: Arc::clone(self),
        })
    }

    /// The same; a cycle that runs is to read again what it may have missed.
    pub(super) fn begin_or_want(self: &Arc<MetricState>) -> Option<CyclePermit> {
        self.begin().or_else(|| {
            // Written as it is read in `is_wanted_again`: either that sees it, or the cycle is over and can be begun here.
            self.shared.is_wanted.swap(true, Ordering::AcqRel);
            self.begin()
        })
    }

    /// Whether a cycle was to be begun while one ran that has ended now.
    pub(super) fn is_wanted_again(&self) -> bool {
        self.shared.is_wanted.swap(false, Ordering::AcqRel)
    }

    /// A cycle is skipped because the one before still runs. Logged once, however many follow it.
    pub(super) fn skip(&self) {
        self.monitored.meter.late(1);
        if self.lateness().skip() {
            log::warn!(
                "metric {}: the cycle before is still running; this one is skipped, and so is each until it is read in time",
                self.key()
            );
        }
    }

    fn lateness(&self) -> MutexGuard<'_, Lateness> {
        self.shared
            .lateness
            .lock()
            .expect("no code panics while holding this lock")
    }

    pub(super) fn cached(&self) -> Option<CachedState> {
        self.lock().cached.clone()
    }

    /// Remembers what is stored; `None` where this worker does not know.
    pub(super) fn cache(&self, cached: Option<CachedState>) {
        let flapping = cached.as_ref().map(|cached| cached.state.is_flapping());
        self.monitored.set_flapping(flapping);
        self.lock().cached = cached;
    }

    /// The windows at this version of the state, where this worker has them.
    pub(super) fn windows(&self, version: i64) -> Option<Windows> {
        let memory = self.lock();
        let kept = memory.windows.as_ref().filter(|(at, _)| *at == version)?;
        Some(kept.1.clone())
    }

    pub(super) fn keep_windows(&self, version: i64, windows: Windows) {
        self.lock().windows = Some((version, windows));
    }

    /// A reading is stored with the version after this one; a failed one has no value.
    pub(super) fn advance_windows(&self, version: i64, at: NaiveDateTime, value: Option<f64>) {
        let mut memory = self.lock();
        let kept = memory.windows.take().filter(|(at, _)| *at == version);
        memory.windows = kept.map(|(version, mut windows)| {
            if let Some(value) = value {
                windows.push(at, value);
            }
            (version + 1, windows)
        });
    }

    pub(super) fn evaluated_at(&self) -> Option<Duration> {
        self.lock().evaluated_at
    }

    pub(super) fn set_evaluated(&self, now: Duration) {
        self.monitored.set_evaluated();
        self.lock().evaluated_at = Some(now);
    }

    /// Since when this process knows of no value after the one that came at `last`: since it judged that itself, or else since
    /// now.
    pub(super) fn silent_since(&self, last: Option<DateTime<Utc>>, is_own: bool, now: Duration) -> Duration {
        let mut memory = self.lock();
        let known = memory.silent.filter(|(known, _)| *known == last);
        let own = memory.evaluated_at.filter(|_| is_own);
        let (_, since) = *memory.silent.insert(known.unwrap_or((last, own.unwrap_or(now))));
        since
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.shared
            .memory
            .lock()
            .expect("no code panics while holding this lock")
    }
}

impl Drop for CyclePermit {
    fn drop(&mut self) {
        let skipped = self.metric.lateness().end();
        self.metric.shared.is_running.store(false, Ordering::Release);
        if let Some(skipped) = skipped {
            log::info!(
                "metric {}: read in time again; cycles skipped meanwhile: {skipped}",
                self.metric.key()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_cycles_are_reported_once_and_counted_at_the_end() {
        let mut metric = Lateness::default();
        assert_eq!(metric.end(), None, "nothing was skipped");
        // A system that hangs: each cycle lasts until its limit, and two are skipped meanwhile.
        let mut firsts = Vec::new();
        for _ in 0..3 {
            firsts.extend([metric.skip(), metric.skip()]);
            assert_eq!(metric.end(), None, "it was late itself");
        }
        assert_eq!(
            firsts,
            [true, false, false, false, false, false],
            "one line an outage"
        );
        assert_eq!(metric.end(), Some(6), "and one at its end");
        assert_eq!(metric.end(), None);
        assert!(metric.skip(), "the next outage is another");
        assert_eq!((metric.end(), metric.end()), (None, Some(1)));
    }
}
