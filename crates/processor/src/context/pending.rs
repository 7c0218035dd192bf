//! What waits for an answer, and since when: a database that hangs gives no error.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// When something began, on the monotonic clock and for words.
type Begun = (Duration, DateTime<Utc>);

/// Everything of one kind that waits; a clone is of the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    begun: BTreeMap<u64, Begun>,
}

/// One that waits, until it is dropped.
pub(crate) struct Entry {
    all: Pending,
    number: u64,
}

impl Pending {
    /// One more waits.
    pub(crate) fn begin(&self, now: Duration, wall: DateTime<Utc>) -> Entry {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.begun.insert(number, (now, wall));
        Entry {
            all: self.clone(),
            number,
        }
    }

    /// When the one that waits longest began, where that is at least so long ago.
    pub(crate) fn longer_than(&self, least: Duration, now: Duration) -> Option<Begun> {
        let (_, begun) = self.lock().begun.first_key_value().map(|(n, at)| (*n, *at))?;
        (now.saturating_sub(begun.0) >= least).then_some(begun)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.all.lock().begun.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_counts() {
        let (s, wall) = (Duration::from_secs, DateTime::UNIX_EPOCH);
        let pending = Pending::default();
        assert_eq!(pending.longer_than(s(0), s(9)), None);
        let first = pending.begin(s(1), wall);
        let second = pending.begin(s(2), wall);
        assert_eq!(pending.longer_than(s(8), s(9)), Some((s(1), wall)));
        drop(first);
        assert_eq!(pending.longer_than(s(8), s(9)), None);
        drop(second);
        assert_eq!(pending.longer_than(s(0), s(9)), None);
    }
}
