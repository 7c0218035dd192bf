//! Readings that say what the ones before said: nothing is stored of each but that the run of equal readings goes on, once a second
//! for all metrics together. A crash forgets up to a second of that, which is a gap then and never a reading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_domain::MetricKey;
use monitor_model::{Conn, Extension, RunBefore, RunEnd, realtime};
use monitor_rules::Observed;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::context::{Context, may_pass};

/// What is read less often has a row of its own each time: no run may be removed for its age while it goes on.
const LONGEST_SPACE: Duration = Duration::from_secs(3_600);
/// How long readings are collected.
const COLLECTED_FOR: Duration = Duration::from_secs(1);

/// The newest run of equal readings of a metric, as this worker has stored it.
#[derive(Clone, Debug)]
pub(super) struct OpenRun {
    end: RunEnd,
    /// When its last reading was taken, monotonic.
    until: Duration,
    observed: Observed,
    reason: String,
}

/// A reading that may be the next of a run.
pub(super) struct Next<'a> {
    pub(super) at: NaiveDateTime,
    /// The same, monotonic.
    pub(super) now: Duration,
    pub(super) observed: &'a Observed,
    pub(super) reason: &'a str,
    /// How often the metric is read.
    pub(super) interval: Duration,
}

impl OpenRun {
    /// A run that begins with this reading, which is stored with this version of the state.
    pub(super) fn begun(first: &Next<'_>, version: i64) -> OpenRun {
        OpenRun {
            end: RunEnd {
                at: first.at,
                version,
                until: first.at,
                times: 1,
            },
            until: first.now,
            observed: first.observed.clone(),
            reason: first.reason.to_owned(),
        }
    }

    pub(super) fn version(&self) -> i64 {
        self.end.version
    }

    /// The run with this reading, where it goes on with it: it says the same, no reading before it was missed, and neither the clock
    /// nor the day is another.
    pub(super) fn extended(&self, next: &Next<'_>) -> Option<OpenRun> {
        let latest = next.interval.mul_f64(1.5).min(LONGEST_SPACE);
        let later = (next.at - self.end.until).to_std().ok()?;
        let goes_on = !later.is_zero()
            && later <= latest
            && next.now.saturating_sub(self.until) <= latest
            && next.at.date() == self.end.at.date()
            && next.reason == self.reason
            && is_same(next.observed, &self.observed);
        goes_on.then(|| OpenRun {
            end: RunEnd {
                until: next.at,
                times: self.end.times + 1,
                ..self.end
            },
            until: next.now,
            ..self.clone()
        })
    }

    /// What its row is still to be given once another begins.
    pub(super) fn before(&self) -> RunBefore {
        match self.end.times {
            1 => RunBefore::Ended,
            _ => RunBefore::Ends(self.end),
        }
    }

    pub(super) fn extension(&self, key: &MetricKey) -> Extension {
        Extension {
            key: key.clone(),
            version: self.end.version,
            at: self.end.until,
            times: self.end.times,
        }
    }
}

/// To the bit: zero and minus zero are equal, and are not the same number.
fn is_same(one: &Observed, other: &Observed) -> bool {
    match (one, other) {
        (Observed::Value(one), Observed::Value(other)) => one.to_bits() == other.to_bits(),
        (one, other) => one == other,
    }
}

/// The runs that go on, until that is stored.
#[derive(Default)]
pub(super) struct Repeats {
    waiting: Mutex<HashMap<MetricKey, Extension>>,
    /// Metrics that another worker has evaluated since, and the version of the state that it was not.
    refused: Mutex<HashMap<MetricKey, i64>>,
    added: Notify,
}

impl Repeats {
    /// One more reading.
    pub(super) fn add(&self, extension: Extension) {
        lock(&self.waiting).insert(extension.key.clone(), extension);
        self.added.notify_one();
    }

    /// The run is over, and its end is stored.
    pub(super) fn forget(&self, key: &MetricKey) {
        lock(&self.waiting).remove(key);
    }

    /// Whether the state with this version is another one by now, as the last reading has shown that went on with it.
    pub(super) fn is_refused(&self, key: &MetricKey, version: i64) -> bool {
        lock(&self.refused).remove(key) == Some(version)
    }

    /// Stores what is collected, until `halt`.
    pub(super) async fn run(self: Arc<Repeats>, context: Arc<Context>, halt: CancellationToken) {
        loop {
            let collect = async {
                self.added.notified().await;
                context.clock.sleep(COLLECTED_FOR).await;
            };
            tokio::select! {
                () = halt.cancelled() => return,
                () = collect => self.store(&context).await,
            }
        }
    }

    /// Stores what is collected. What could not be stored is kept, and goes with the next: the readings were taken.
    pub(super) async fn store(&self, context: &Context) {
        let waiting: Vec<Extension> = lock(&self.waiting).values().cloned().collect();
        if waiting.is_empty() {
            return;
        }
        let rows = waiting.clone();
        let extend = move |conn: &mut Conn| realtime::extend(conn, &rows);
        let begun = context.clock.monotonic();
        let pending = context.commits.begin(begun, context.clock.wall());
        let stored = context.db.write(extend).await;
        drop(pending);
        match stored {
            Ok(refused) => {
                context.database.works();
                context.database_served(WHO);
                self.stored(&waiting, &refused);
            }
            Err(error) => {
                let (now, wall) = (context.clock.monotonic(), context.clock.wall());
                let why = error.to_string();
                context.database.fails_so(&why, may_pass(&error), now, wall);
                let what = format!("{} that say the same as before are not stored yet", waiting.len());
                context.database_failed(WHO, what, &error);
                self.added.notify_one();
            }
        }
    }

    fn stored(&self, stored: &[Extension], refused: &[MetricKey]) {
        let mut waiting = lock(&self.waiting);
        for one in stored {
            if waiting.get(&one.key) == Some(one) {
                waiting.remove(&one.key);
            }
        }
        drop(waiting);
        let versions = stored.iter().map(|one| (&one.key, one.version));
        let versions: HashMap<&MetricKey, i64> = versions.collect();
        let of_refused = refused
            .iter()
            .filter_map(|key| Some((key.clone(), *versions.get(key)?)));
        lock(&self.refused).extend(of_refused);
    }
}

/// Who it is that the database serves or fails here.
const WHO: &str = "readings that repeat";

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().expect("no code panics while holding this lock")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn at(seconds: i64) -> NaiveDateTime {
        DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(seconds)
    }

    /// A reading of a metric that is read every 10 s.
    fn next<'a>(second: u64, observed: &'a Observed, reason: &'a str) -> Next<'a> {
        Next {
            at: at(i64::try_from(second).unwrap()),
            now: Duration::from_secs(second),
            observed,
            reason,
            interval: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_run_goes_on_with_a_reading_that_says_the_same() {
        let seven = Observed::Value(7.0);
        let run = OpenRun::begun(&next(0, &seven, "fine"), 3);
        assert_eq!(run.before(), RunBefore::Ended);
        let run = run.extended(&next(10, &seven, "fine")).unwrap();
        let run = run.extended(&next(25, &seven, "fine")).unwrap();
        let end = RunEnd {
            at: at(0),
            version: 3,
            until: at(25),
            times: 3,
        };
        assert_eq!(run.before(), RunBefore::Ends(end));
        let key = MetricKey::stored("x");
        let extension = Extension {
            key: key.clone(),
            version: 3,
            at: at(25),
            times: 3,
        };
        assert_eq!(run.extension(&key), extension);
    }

    #[test]
    fn a_run_ends_with_what_says_something_else_or_comes_late() {
        let zero = Observed::Value(0.0);
        let run = OpenRun::begun(&next(100, &zero, "fine"), 1);
        let goes_on = |reading: &Next<'_>| run.extended(reading).is_some();
        assert!(goes_on(&next(110, &zero, "fine")));
        assert!(!goes_on(&next(110, &zero, "high")), "another reason");
        for other in [
            Observed::Value(-0.0),
            Observed::Value(1.0),
            Observed::Unreadable("no".to_owned()),
        ] {
            assert!(!goes_on(&next(110, &other, "fine")), "{other:?}");
        }
        assert!(goes_on(&next(115, &zero, "fine")));
        assert!(!goes_on(&next(116, &zero, "fine")), "a reading was missed");
        assert!(!goes_on(&next(100, &zero, "fine")), "at the same time");
        assert!(!goes_on(&next(90, &zero, "fine")), "the clock was set back");
        let later = Next {
            now: Duration::from_secs(200),
            ..next(110, &zero, "fine")
        };
        assert!(!goes_on(&later), "the clock was set back while it was not read");
        let midnight = OpenRun::begun(&next(86_395, &zero, "fine"), 1);
        assert!(
            midnight.extended(&next(86_405, &zero, "fine")).is_none(),
            "another day"
        );
    }

    #[test]
    fn what_was_refused_is_known_of_that_version_alone() {
        let (repeats, key) = (Repeats::default(), MetricKey::stored("x"));
        let one = |times| Extension {
            key: key.clone(),
            version: 3,
            at: at(times),
            times,
        };
        repeats.add(one(2));
        repeats.add(one(3));
        repeats.stored(&[one(2)], &[]);
        assert_eq!(
            lock(&repeats.waiting).get(&key),
            Some(&one(3)),
            "it was added meanwhile"
        );
        repeats.stored(&[one(3)], std::slice::from_ref(&key));
        assert!(lock(&repeats.waiting).is_empty());
        assert!(!repeats.is_refused(&key, 4), "a commit of its own was later");
        repeats.stored(&[one(3)], std::slice::from_ref(&key));
        assert!(repeats.is_refused(&key, 3));
        assert!(!repeats.is_refused(&key, 3), "it is said once");
    }
}
