//! What goes on failing, such as each reading of a system that is down: said as it begins, then counted, and said as it ends.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::counted;

/// Until the failures are counted for the first time; each further time takes twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest until they are counted again.
const LAST_PAUSE: Duration = Duration::from_secs(600);

/// The failures of something that several depend on: a system of its metrics, the database of all that use it.
#[derive(Debug, Default)]
pub struct Failing(Mutex<Option<Run>>);

/// From the first failure until all that failed work again.
#[derive(Debug)]
struct Run {
    since: Duration,
    /// How many failed.
    times: u64,
    /// What failed and has not worked since.
    who: BTreeSet<String>,
    next: Duration,
    pause: Duration,
}

/// What a failure is to be logged as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// In full: it is the first one, or the first of one that had worked on beside the others.
    First,
    /// As one of so many: some time has passed since that was said.
    Again(Times),
    /// Not at all.
    Nothing,
}

/// How many failures in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How many.
    pub times: u64,
    /// Since the first.
    pub lasted: Duration,
}

impl Failing {
    /// `who` failed, at a monotonic time.
    pub fn fails(&self, who: &str, now: Duration) -> Say {
        let mut run = self.lock();
        // Of one that never works again nobody could tell that it is still the same.
        let is_old = |run: &Run| now.saturating_sub(run.next) > LAST_PAUSE;
        if run.as_ref().is_none_or(is_old) {
            *run = Some(Run {
                since: now,
                times: 1,
                who: BTreeSet::from([who.to_owned()]),
                next: now + FIRST_PAUSE,
                pause: FIRST_PAUSE,
            });
            return Say::First;
        }
        let Some(run) = run.as_mut() else {
            return Say::First;
        };
        run.times += 1;
        let is_new = run.who.insert(who.to_owned());
        if now >= run.next {
            run.pause = (run.pause * 2).min(LAST_PAUSE);
            run.next = now + run.pause;
            return Say::Again(run.times(now));
        }
        // What shares one cause fails at about the same time.
        if is_new && now.saturating_sub(run.since) >= FIRST_PAUSE {
            return Say::First;
        }
        Say::Nothing
    }

    /// `who` works, at a monotonic time. How many failed, where it was the last that did.
    pub fn works(&self, who: &str, now: Duration) -> Option<Times> {
        let mut run = self.lock();
        let failing = run.as_mut()?;
        if !failing.who.remove(who) || !failing.who.is_empty() {
            return None;
        }
        run.take().map(|run| run.times(now))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Run>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

impl Run {
    fn times(&self, now: Duration) -> Times {
        Times {
            times: self.times,
            lasted: now.saturating_sub(self.since),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = counted(usize::try_from(self.times).unwrap_or(usize::MAX), "time");
        let lasted = humantime::format_duration(Duration::from_secs(self.lasted.as_secs()));
        write!(f, "{times} in {lasted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn an_outage_is_said_once_counted_at_growing_intervals_and_ended_once() {
        let failing = Failing::default();
        let mut said = Vec::new();
        for second in (0..3600).step_by(2) {
            for who in ["x", "y", "z"] {
                match failing.fails(who, S * second) {
                    Say::Nothing => {}
                    Say::First => said.push((second, 1)),
                    Say::Again(times) => said.push((second, times.times)),
                }
            }
        }
        let seconds: Vec<u32> = said.iter().map(|(second, _)| *second).collect();
        assert_eq!(seconds, [0, 60, 180, 420, 900, 1500, 2100, 2700, 3300]);
        assert_eq!(said[1], (60, 91));
        assert_eq!(failing.works("x", S * 3600), None, "y and z may fail yet");
        assert_eq!(failing.works("x", S * 3601), None);
        assert_eq!(failing.works("z", S * 3602), None);
        let ended = failing.works("y", S * 3603).unwrap();
        assert_eq!(ended.to_string(), "5400 times in 1h 3s");
        assert_eq!(failing.works("y", S * 3604), None);
        assert_eq!(failing.fails("x", S * 3605), Say::First, "another outage");
    }

    #[test]
    fn one_that_fails_for_good_does_not_hide_what_fails_beside_it() {
        let failing = Failing::default();
        assert_eq!(failing.fails("x", S), Say::First);
        assert_eq!(failing.fails("y", S * 2), Say::Nothing, "the same outage");
        assert_eq!(failing.works("y", S * 3), None);
        assert!(matches!(failing.fails("x", S * 61), Say::Again(_)));
        assert_eq!(failing.fails("y", S * 90), Say::First, "it had worked");
        assert_eq!(failing.fails("y", S * 92), Say::Nothing);
        assert_eq!(failing.works("w", S * 93), None, "it never failed");
    }

    #[test]
    fn what_was_not_heard_of_for_long_begins_anew() {
        let failing = Failing::default();
        assert_eq!(failing.fails("x", S), Say::First);
        assert!(matches!(failing.fails("x", S * 300), Say::Again(_)));
        assert_eq!(failing.fails("x", S * 5000), Say::First);
        assert_eq!(failing.works("x", S * 5001).unwrap().to_string(), "1 time in 1s");
    }
}
