//! Back-off of sign-ins for paths that seem signed out although the session is good: no further sign-in is made for them for
//! a while.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::live::Live;

/// The wait after signing in did not help for the first time; it doubles with each further time.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// More paths than that are not remembered: the one that may try soonest is forgotten.
const MAX_PATHS: usize = 256;

/// The memory of a system.
#[derive(Debug, Default)]
pub(crate) struct ReloginBackoff {
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    paths: HashMap<String, Entry>,
    /// A new session of which nothing good is known did not help one path: until then it is not doubted for others
    /// either, or a system that turns everybody away would see a sign-in for every path there is.
    doubtful_until: Duration,
}

#[derive(Debug)]
struct Entry {
    times: u32,
    /// Until then no sign-in is made for this path.
    until: Duration,
    /// The session in which a 403 was found to be an answer.
    forbidden_in: Option<u64>,
}

impl ReloginBackoff {
    /// Whether signing in did not help lately.
    pub(crate) fn is_blocked(&self, path: &str, live: &Live, now: Duration) -> bool {
        self.lock().is_blocked(path, live, now)
    }

    /// Whether a 403 for this path is an answer in this session: it was before, or signing in did not help lately.
    pub(crate) fn is_forbidden(&self, path: &str, live: &Live, now: Duration) -> bool {
        let mut memory = self.lock();
        let blocked = memory.is_blocked(path, live, now);
        let Some(entry) = memory.paths.get_mut(path) else {
            return blocked;
        };
        if blocked {
            entry.forbidden_in = Some(live.generation);
        }
        entry.forbidden_in == Some(live.generation)
    }

    /// Signing in, which brought this session, did not help; a 403 is an answer for as long as it lasts.
    pub(crate) fn note(&self, path: &str, live: &Live, forbidden: bool, now: Duration) {
        let mut memory = self.lock();
        if !live.good.load(Ordering::Relaxed) {
            memory.doubtful_until = now + FIRST_WAIT;
        }
        let entry = memory.entry(path, now);
        // Those who tried at the same time tried once.
        if now >= entry.until {
            let wait = FIRST_WAIT
                .saturating_mul(2_u32.saturating_pow(entry.times))
                .min(LONGEST_WAIT);
            entry.times = entry.times.saturating_add(1);
            entry.until = now + wait;
        }
        if forbidden {
            entry.forbidden_in = Some(live.generation);
        }
    }

    /// The path was answered as it should be.
    pub(crate) fn forget(&self, path: &str) {
        self.lock().paths.remove(path);
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // Each change is a single step: what a panicking thread left behind is whole.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn is_blocked(&self, path: &str, live: &Live, now: Duration) -> bool {
        let doubtful = now < self.doubtful_until && !live.good.load(Ordering::Relaxed);
        doubtful || self.paths.get(path).is_some_and(|entry| now < entry.until)
    }

    fn entry(&mut self, path: &str, now: Duration) -> &mut Entry {
        if self.paths.len() >= MAX_PATHS
            && !self.paths.contains_key(path)
            && let Some(soonest) = self
                .paths
                .iter()
                .min_by_key(|(_, entry)| entry.until)
                .map(|(path, _)| path.clone())
        {
            self.paths.remove(&soonest);
        }
        self.paths.entry(path.to_owned()).or_insert(Entry {
            times: 0,
            until: now,
            forbidden_in: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credential;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn session(generation: u64, good: bool) -> Live {
        let live = Live::new(generation, Credential::none(), at(0));
        live.good.store(good, Ordering::Relaxed);
        live
    }

    #[test]
    fn waits_double_up_to_ten_minutes_and_a_success_ends_them() {
        let backoff = ReloginBackoff::default();
        let live = session(1, true);
        let mut now = 0;
        for wait in [30, 60, 120, 240, 480, 600, 600] {
            assert!(!backoff.is_blocked("/x", &live, at(now)));
            backoff.note("/x", &live, false, at(now));
            backoff.note("/x", &live, false, at(now));
            assert!(backoff.is_blocked("/x", &live, at(now + wait - 1)), "{wait}");
            assert!(!backoff.is_blocked("/x", &live, at(now + wait)), "{wait}");
            assert!(!backoff.is_blocked("/y", &live, at(now)));
            now += wait;
        }
        backoff.note("/x", &live, false, at(now));
        backoff.forget("/x");
        assert!(!backoff.is_blocked("/x", &live, at(now)));
        backoff.note("/x", &live, false, at(now));
        assert!(!backoff.is_blocked("/x", &live, at(now + 30)), "it starts anew");
    }

    #[test]
    fn a_403_stays_an_answer_for_its_session() {
        let backoff = ReloginBackoff::default();
        let [first, second, third, fourth] = [1, 2, 3, 4].map(|generation| session(generation, true));
        assert!(!backoff.is_forbidden("/x", &first, at(0)));
        backoff.note("/x", &second, true, at(0));
        assert!(backoff.is_forbidden("/x", &second, at(100_000)));
        assert!(!backoff.is_forbidden("/x", &third, at(30)));
        assert!(
            backoff.is_forbidden("/x", &fourth, at(29)),
            "no sign-in so soon, in whatever session"
        );
        assert!(
            backoff.is_forbidden("/x", &fourth, at(100_000)),
            "and then it is an answer of that session"
        );
        assert!(!backoff.is_forbidden("/y", &second, at(0)));
    }

    #[test]
    fn a_new_session_that_is_turned_away_everywhere_is_doubted_once() {
        let backoff = ReloginBackoff::default();
        let live = session(2, false);
        backoff.note("/x", &live, false, at(0));
        assert!(backoff.is_blocked("/y", &live, at(29)) && backoff.is_forbidden("/z", &live, at(29)));
        assert!(!backoff.is_blocked("/y", &live, at(30)));
        live.good.store(true, Ordering::Relaxed);
        assert!(
            !backoff.is_blocked("/y", &live, at(0)),
            "until it works for anybody"
        );
        assert!(backoff.is_blocked("/x", &live, at(0)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let backoff = ReloginBackoff::default();
        let live = session(1, true);
        for n in 0..1_000 {
            backoff.note(&format!("/{n}"), &live, false, at(n));
        }
        assert_eq!(backoff.lock().paths.len(), MAX_PATHS);
        assert!(backoff.is_blocked("/999", &live, at(1_000)));
    }
}
