//! Whether something that the engine needs works, as its last use showed: a channel, the alarm, the database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// How its last use went; well, where there was none. A clone is of the same thing.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Option<Failure>>>);

/// The same of several things, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Healths(Arc<Mutex<BTreeMap<String, Health>>>);

/// How it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Since when, on the monotonic clock and for words.
    pub(crate) since: (Duration, DateTime<Utc>),
    /// Why, the last time.
    pub(crate) why: String,
    /// Another use that goes well shows that this one would too.
    is_passing: bool,
}

impl Health {
    /// Why it fails; `None` where it works, as far as is known.
    pub fn failure(&self) -> Option<String> {
        self.failing().map(|failure| failure.why)
    }

    /// How it fails; `None` where it worked the last time, or was not used yet.
    pub(crate) fn failing(&self) -> Option<Failure> {
        self.lock().clone()
    }

    /// It has failed for at least so long.
    pub(crate) fn failing_for(&self, least: Duration, now: Duration) -> Option<Failure> {
        self.failing()
            .filter(|failing| now.saturating_sub(failing.since.0) >= least)
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.lock().is_some()
    }

    pub(crate) fn works(&self) {
        *self.lock() = None;
    }

    /// Another use of it went well: so may the next of this kind, where the failure was one that passes.
    pub(crate) fn may_work(&self) {
        self.lock().take_if(|failing| failing.is_passing);
    }

    pub(crate) fn fails(&self, why: &str, now: Duration, wall: DateTime<Utc>) {
        self.fails_so(why, false, now, wall);
    }

    pub(crate) fn fails_so(&self, why: &str, is_passing: bool, now: Duration, wall: DateTime<Utc>) {
        let mut failing = self.lock();
        let since = failing.as_ref().map_or((now, wall), |failing| failing.since);
        *failing = Some(Failure {
            since,
            why: why.to_owned(),
            is_passing,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Failure>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

impl Healths {
    /// The one of this name.
    pub(crate) fn get(&self, name: &str) -> Health {
        self.lock().entry(name.to_owned()).or_default().clone()
    }

    /// Nothing is known of the one of this name any more: it is another one now.
    pub(crate) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    /// All that were used, by name.
    pub(crate) fn all(&self) -> Vec<(String, Health)> {
        let all = self.lock();
        all.iter()
            .map(|(name, health)| (name.clone(), health.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Health>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_since_when_and_why() {
        let s = Duration::from_secs;
        let (health, wall) = (Health::default(), DateTime::UNIX_EPOCH);
        assert!(!health.is_failing(), "nobody knows yet");
        health.fails("refused", s(1), wall);
        health.fails("timed out", s(9), wall + s(8));
        let failing = health.failing().unwrap();
        assert_eq!((failing.since, failing.why.as_str()), ((s(1), wall), "timed out"));
        assert!(health.failing_for(s(8), s(9)).is_some() && health.failing_for(s(9), s(9)).is_none());
        health.may_work();
        assert!(health.is_failing(), "a failure that stays");
        health.fails_so("locked", true, s(10), wall);
        health.may_work();
        assert!(health.failing().is_none());
    }
}
