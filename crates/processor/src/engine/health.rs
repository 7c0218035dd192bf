//! Whether something the engine needs works, as its last use told: a channel, the alarm, the database.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// How it went last; a clone tells of the same thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
enum State {
    /// It was not used yet.
    #[default]
    Unknown,
    Works,
    Fails(Failing),
}

/// Something that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failing {
    /// Since when, on the monotonic clock and for words.
    pub(crate) since: (Duration, DateTime<Utc>),
    /// Why, the last time.
    pub(crate) why: String,
}

impl Health {
    /// How it fails; `None` where it worked the last time, or was not used yet.
    pub(crate) fn failing(&self) -> Option<Failing> {
        match &*self.lock() {
            State::Fails(failing) => Some(failing.clone()),
            State::Unknown | State::Works => None,
        }
    }

    /// It has failed for at least so long.
    pub(crate) fn failing_for(&self, least: Duration, now: Duration) -> Option<Failing> {
        self.failing()
            .filter(|failing| now.saturating_sub(failing.since.0) >= least)
    }

    pub(crate) fn is_failing(&self) -> bool {
        matches!(&*self.lock(), State::Fails(_))
    }

    /// It was used, and worked.
    pub(crate) fn is_good(&self) -> bool {
        matches!(&*self.lock(), State::Works)
    }

    pub(crate) fn works(&self) {
        *self.lock() = State::Works;
    }

    pub(crate) fn fails(&self, why: &str, now: Duration, wall: DateTime<Utc>) {
        let mut state = self.lock();
        let since = match &*state {
            State::Fails(failing) => failing.since,
            State::Unknown | State::Works => (now, wall),
        };
        let why = why.to_owned();
        *state = State::Fails(Failing { since, why });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
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
        assert!(!health.is_failing() && !health.is_good(), "nobody knows yet");
        health.fails("refused", s(1), wall);
        health.fails("timed out", s(9), wall + s(8));
        let failing = health.failing().unwrap();
        assert_eq!((failing.since, failing.why.as_str()), ((s(1), wall), "timed out"));
        assert!(health.failing_for(s(8), s(9)).is_some() && health.failing_for(s(9), s(9)).is_none());
        health.works();
        assert!(health.is_good() && health.failing().is_none());
    }
}
