//! A metric and what this worker remembers between two cycles of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_rules::State;

use crate::context::Monitored;

/// A metric, its cached rule state, and whether a cycle of it runs.
pub(crate) struct MetricState {
    pub(super) monitored: Arc<Monitored>,
    is_running: AtomicBool,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    cached: Option<CachedState>,
    /// When this process last evaluated it and stored that, monotonic.
    evaluated_at: Option<Duration>,
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
    pub(crate) fn new(monitored: Arc<Monitored>) -> MetricState {
        MetricState {
            monitored,
            is_running: AtomicBool::new(false),
            memory: Mutex::default(),
        }
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
            .is_running
            .compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        free.then(|| CyclePermit {
            metric: Arc::clone(self),
        })
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

    pub(super) fn evaluated_at(&self) -> Option<Duration> {
        self.lock().evaluated_at
    }

    pub(super) fn set_evaluated(&self, now: Duration) {
        self.monitored.set_evaluated();
        self.lock().evaluated_at = Some(now);
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory
            .lock()
            .expect("no code panics while holding this lock")
    }
}

impl Drop for CyclePermit {
    fn drop(&mut self) {
        self.metric.is_running.store(false, Ordering::Release);
    }
}
