//! How the lists were last read, as far as this worker knows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// What is known of each list; a clone is of the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListStates(Arc<Mutex<BTreeMap<String, ListState>>>);

/// How a list was last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListState {
    /// A cycle of it runs.
    is_running: bool,
    /// When labels were last taken over (monotonic).
    pub(crate) relabelled: Option<Duration>,
    /// Since when it cannot be read, monotonic and for words, and why.
    pub(crate) failing: Option<(Duration, DateTime<Utc>, String)>,
    /// How many items it had, and how many of them are watched; nothing before it was first read.
    pub(crate) counted: Option<Counted>,
}

/// Items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) listed: usize,
    pub(crate) watched: usize,
    pub(crate) limit: usize,
}

/// The right to read a list; there is one at a time.
pub(crate) struct ListPermit {
    all: ListStates,
    key: String,
}

impl Counted {
    /// Whether there are more than may be watched.
    pub(crate) fn is_over(self) -> bool {
        self.listed > self.watched
    }
}

impl ListStates {
    /// What is known of the list `key`.
    pub(crate) fn get(&self, key: &str) -> ListState {
        self.lock().get(key).cloned().unwrap_or_default()
    }

    /// Changes it.
    pub(crate) fn update<T>(&self, key: &str, change: impl FnOnce(&mut ListState) -> T) -> T {
        change(self.lock().entry(key.to_owned()).or_default())
    }

    /// Forgets those that the config does not have.
    pub(crate) fn retain(&self, is_there: impl Fn(&str) -> bool) {
        self.lock().retain(|key, state| state.is_running || is_there(key));
    }

    /// The permit, or nothing while it is read.
    pub(crate) fn begin(&self, key: &str) -> Option<ListPermit> {
        let was_running = self.update(key, |state| std::mem::replace(&mut state.is_running, true));
        (!was_running).then(|| ListPermit {
            all: self.clone(),
            key: key.to_owned(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, ListState>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

impl Drop for ListPermit {
    fn drop(&mut self) {
        self.all.update(&self.key, |state| state.is_running = false);
    }
}
