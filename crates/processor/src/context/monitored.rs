//! A metric as every room may know it.

use std::sync::{Arc, Mutex};

use crate::metric::Metric;
use crate::telemetry::Meter;

/// A metric, what is counted for it, and how this worker last evaluated it.
pub(crate) struct Monitored {
    pub(crate) metric: Box<dyn Metric>,
    pub(crate) meter: Arc<Meter>,
    /// Shared with the same metric of the config before.
    evaluated: Arc<Mutex<Evaluated>>,
}

#[derive(Clone, Copy, Default)]
struct Evaluated {
    /// This worker has stored an evaluation of it.
    once: bool,
    /// It alerts too often to notify each time; unknown while this worker does not know the stored state.
    flapping: Option<bool>,
}

impl Monitored {
    /// What was `before` in the config before knows how it was evaluated.
    pub(crate) fn new(metric: Box<dyn Metric>, meter: Arc<Meter>, before: Option<&Monitored>) -> Monitored {
        Monitored {
            metric,
            meter,
            evaluated: before
                .map(|before| Arc::clone(&before.evaluated))
                .unwrap_or_default(),
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.metric.config().key
    }

    /// Whether its values are sent, and not read.
    pub(crate) fn is_pushed(&self) -> bool {
        self.metric.config().is_pushed
    }

    /// Whether it is an item of a list.
    pub(crate) fn is_item(&self) -> bool {
        self.metric.config().key.list().is_some()
    }

    /// Whether this worker has evaluated it yet.
    pub(crate) fn is_evaluated(&self) -> bool {
        self.get().once
    }

    /// Whether it is flapping, as this worker last evaluated it; unknown before that.
    pub(crate) fn is_flapping(&self) -> Option<bool> {
        self.get().flapping
    }

    /// This worker has stored an evaluation.
    pub(crate) fn set_evaluated(&self) {
        self.lock().once = true;
    }

    /// What the state says that this worker holds; `None` where it holds none.
    pub(crate) fn set_flapping(&self, flapping: Option<bool>) {
        self.lock().flapping = flapping;
    }

    fn get(&self) -> Evaluated {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Evaluated> {
        self.evaluated
            .lock()
            .expect("no code panics while holding this lock")
    }
}
