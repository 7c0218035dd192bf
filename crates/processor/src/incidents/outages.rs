//! Which systems can be read, as far as this worker knows: a system that is down is one incident, and not one alert a
//! metric.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Failures of a metric after its system answered another one, until the fault is its own.
const OWN_FAILURES: u32 = 2;

/// How an attempt to read a metric went, as far as its system is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    /// The system gave a number.
    Answered,
    /// The system of this name gave none: it could not be reached or signed in to, or answered something else.
    Down {
        /// The system.
        system: String,
        /// What happened.
        why: String,
    },
    /// Nobody knows: the reading broke off.
    Unknown,
}

/// Why a metric cannot be read, where the fault is not its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// This system is down.
    System {
        name: String,
        since: DateTime<Utc>,
        why: String,
        /// Keys and titles of the metrics that are read from it.
        metrics: BTreeMap<String, String>,
    },
    /// All systems are.
    Offline {
        since: DateTime<Utc>,
        /// Each with what happened.
        systems: Vec<(String, String)>,
        /// Keys and titles of all metrics.
        metrics: BTreeMap<String, String>,
    },
}

impl Cause {
    /// The same, known since then.
    pub(super) fn since(mut self, at: DateTime<Utc>) -> Cause {
        let (Cause::System { since, .. } | Cause::Offline { since, .. }) = &mut self;
        *since = at;
        self
    }
}

/// What is known of all systems.
#[derive(Debug, Default)]
pub(crate) struct Outages(Mutex<Contacts>);

#[derive(Debug, Default)]
struct Contacts {
    /// The system that each metric is read from, and its title.
    of_metric: BTreeMap<String, Read>,
    systems: BTreeMap<String, System>,
    /// When any of them last answered (monotonic).
    answered: Option<Duration>,
}

/// What a metric is read from.
#[derive(Debug)]
struct Read {
    system: String,
    title: String,
}

#[derive(Debug, Default)]
struct System {
    /// When it last answered (monotonic).
    answered: Option<Duration>,
    failing: BTreeMap<String, Failure>,
}

/// A metric that its system keeps from being read.
#[derive(Debug)]
struct Failure {
    since: (Duration, DateTime<Utc>),
    why: String,
    times: u32,
    /// Failures since the system answered another metric again.
    alone: u32,
    /// Failures since any system answered again.
    apart: u32,
}

impl Outages {
    /// Of metrics that are known to be read from these systems: key, title, system.
    pub(crate) fn new(read: impl IntoIterator<Item = (String, String, String)>) -> Outages {
        let read = read.into_iter();
        let of_metric: BTreeMap<String, Read> = read
            .map(|(key, title, system)| (key, Read { system, title }))
            .collect();
        let systems = of_metric
            .values()
            .map(|read| (read.system.clone(), System::default()))
            .collect();
        let answered = None;
        Outages(Mutex::new(Contacts {
            of_metric,
            systems,
            answered,
        }))
    }

    /// Notes how an attempt to read a metric went, which is known by its key and title.
    pub(crate) fn note(
        &self,
        (key, title): (&str, &str),
        contact: &Contact,
        now: Duration,
        wall: DateTime<Utc>,
    ) {
        let mut known = self.lock();
        match contact {
            Contact::Answered => {
                let Some(name) = known.of_metric.get(key).map(|read| read.system.clone()) else {
                    return;
                };
                known.answered = Some(now);
                let system = known.systems.entry(name).or_default();
                system.failing.remove(key);
                system.answered = Some(now);
            }
            Contact::Down { system: name, why } => {
                let read = Read {
                    system: name.clone(),
                    title: title.to_owned(),
                };
                known.of_metric.insert(key.to_owned(), read);
                let any = known.answered;
                let system = known.systems.entry(name.clone()).or_default();
                let answered = system.answered;
                let failure = system.failing.entry(key.to_owned()).or_insert_with(|| Failure {
                    since: (now, wall),
                    why: String::new(),
                    times: 0,
                    alone: 0,
                    apart: 0,
                });
                why.clone_into(&mut failure.why);
                failure.times += 1;
                failure.alone += u32::from(answered.is_some_and(|at| at >= failure.since.0));
                failure.apart += u32::from(any.is_some_and(|at| at >= failure.since.0));
            }
            Contact::Unknown => {}
        }
    }

    /// Why the metric `key` cannot be read, where its system is down: it answered no other metric since this one fails.
    /// A system of which only one metric is read is no news beside that metric.
    pub(crate) fn cause(&self, key: &str) -> Option<Cause> {
        let known = self.lock();
        let name = &known.of_metric.get(key)?.system;
        let system = known.systems.get(name)?;
        let failure = system.failing.get(key)?;
        if system.answered.is_some_and(|at| at >= failure.since.0) {
            return None;
        }
        let all: Vec<(&String, &System)> = known.systems.iter().collect();
        // One failure of another system may be chance.
        let is_cut_off = |(other, system): &(&String, &System)| *other == name || system.is_down(2);
        if all.len() > 1 && all.iter().all(is_cut_off) {
            let failing = || all.iter().flat_map(|(_, system)| system.failing.values());
            return Some(Cause::Offline {
                since: failing().map(|failure| failure.since.1).min()?,
                systems: all
                    .iter()
                    .filter_map(|(name, system)| {
                        let (_, failure) = system.failing.first_key_value()?;
                        Some(((*name).clone(), failure.why.clone()))
                    })
                    .collect(),
                metrics: known.titles(|_| true),
            });
        }
        // It answered none of them since this one fails: those that have not failed yet have no reading either.
        let metrics = known.titles(|of| of == name);
        (metrics.len() > 1).then(|| Cause::System {
            name: name.clone(),
            since: system
                .failing
                .values()
                .map(|failure| failure.since.1)
                .min()
                .unwrap_or(failure.since.1),
            why: failure.why.clone(),
            metrics,
        })
    }

    /// Whether the metric `key`, which an incident of its system covers, is at fault itself by now: the system answers, but not
    /// this metric. `None` where it does not fail, or this worker has not tried yet.
    pub(crate) fn is_alone(&self, key: &str) -> Option<bool> {
        let known = self.lock();
        let system = known.systems.get(&known.of_metric.get(key)?.system)?;
        let failure = system.failing.get(key)?;
        Some(failure.alone >= OWN_FAILURES)
    }

    /// Whether the metric `key` goes on failing although some system answers: the monitor is not cut off.
    pub(crate) fn is_online_without(&self, key: &str) -> bool {
        let known = self.lock();
        let of = known.of_metric.get(key);
        let system = of.and_then(|of| known.systems.get(&of.system));
        let failure = system.and_then(|system| system.failing.get(key));
        failure.is_some_and(|failure| failure.apart >= OWN_FAILURES)
    }

    /// Each system and whether it can be read, as far as that is known.
    pub(crate) fn states(&self) -> Vec<(String, bool)> {
        let known = self.lock();
        let states = known.systems.iter();
        states
            .filter(|(_, system)| system.answered.is_some() || !system.failing.is_empty())
            .map(|(name, system)| (name.clone(), !system.is_down(1)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Contacts> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

impl Contacts {
    /// Keys and titles of the metrics that are read from these systems.
    fn titles(&self, is_one: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let read = self.of_metric.iter().filter(|(_, read)| is_one(&read.system));
        read.map(|(key, read)| (key.clone(), read.title.clone()))
            .collect()
    }
}

impl System {
    /// It keeps a metric from being read, `times` times at least, and answered none since that fails.
    fn is_down(&self, times: u32) -> bool {
        self.failing
            .values()
            .any(|failure| failure.times >= times && self.answered.is_none_or(|at| at < failure.since.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Play {
        systems: Outages,
        now: u64,
    }

    impl Play {
        fn of(read: &[(&str, &str)]) -> Play {
            let read = read.iter();
            let read = read.map(|(key, of)| ((*key).to_owned(), key.to_uppercase(), (*of).to_owned()));
            Play {
                systems: Outages::new(read),
                now: 100,
            }
        }

        fn note(&mut self, key: &str, contact: &Contact) {
            self.now += 1;
            let wall = DateTime::from_timestamp(i64::try_from(self.now).unwrap(), 0).unwrap();
            let title = key.to_uppercase();
            self.systems
                .note((key, &title), contact, Duration::from_secs(self.now), wall);
        }

        fn fails(&mut self, key: &str, system: &str) {
            let contact = Contact::Down {
                system: system.to_owned(),
                why: "503".to_owned(),
            };
            self.note(key, &contact);
        }

        fn answers(&mut self, key: &str) {
            self.note(key, &Contact::Answered);
        }
    }

    const THREE: [(&str, &str); 3] = [("x", "a"), ("y", "a"), ("w", "b")];

    #[test]
    fn a_system_that_answers_nobody_is_down() {
        let mut play = Play::of(&THREE);
        play.answers("w");
        play.answers("x");
        play.fails("x", "a");
        play.fails("y", "a");
        let Some(Cause::System {
            name, metrics, why, ..
        }) = play.systems.cause("x")
        else {
            panic!("{:?}", play.systems.cause("x"));
        };
        assert_eq!((name.as_str(), why.as_str()), ("a", "503"));
        assert!(metrics.values().eq(["X", "Y"]), "{metrics:?}");
        assert_eq!(
            play.systems.states(),
            [("a".to_owned(), false), ("b".to_owned(), true)]
        );
        play.answers("y");
        assert_eq!(play.systems.cause("x"), None, "it answers somebody");
        assert_eq!(
            play.systems.is_alone("x"),
            Some(false),
            "x has not been tried since"
        );
        play.fails("x", "a");
        play.fails("x", "a");
        assert_eq!(play.systems.is_alone("x"), Some(true));
        play.answers("x");
        assert_eq!(play.systems.cause("x"), None);
    }

    #[test]
    fn all_metrics_of_a_system_that_hangs_are_named_at_once() {
        let mut play = Play::of(&[("p", "a"), ("q", "a"), ("r", "a"), ("s", "a"), ("w", "b")]);
        for key in ["p", "q", "r", "s", "w"] {
            play.answers(key);
        }
        play.fails("q", "a");
        let Some(Cause::System { metrics, .. }) = play.systems.cause("q") else {
            panic!("{:?}", play.systems.cause("q"));
        };
        assert!(metrics.values().eq(["P", "Q", "R", "S"]), "{metrics:?}");
        play.fails("t", "a");
        let Some(Cause::System { metrics, .. }) = play.systems.cause("t") else {
            panic!("{:?}", play.systems.cause("t"));
        };
        assert!(
            metrics.contains_key("t") && metrics.len() == 5,
            "and one that is learnt later: {metrics:?}"
        );
    }

    #[test]
    fn one_metric_of_several_that_fails_is_at_fault_itself() {
        let mut play = Play::of(&THREE);
        for _ in 0..5 {
            play.fails("x", "a");
            play.answers("y");
        }
        assert_eq!(play.systems.cause("x"), None);
        let mut lone = Play::of(&[("w", "b"), ("x", "a")]);
        lone.answers("x");
        lone.fails("w", "b");
        assert_eq!(
            lone.systems.cause("w"),
            None,
            "and so is the only one of a system"
        );
    }

    #[test]
    fn all_systems_at_once_is_offline() {
        let mut play = Play::of(&THREE);
        play.fails("x", "a");
        assert!(
            matches!(play.systems.cause("x"), Some(Cause::System { .. })),
            "b is not known yet"
        );
        play.fails("x", "a");
        play.fails("w", "b");
        assert!(
            matches!(play.systems.cause("x"), Some(Cause::System { .. })),
            "once may be chance"
        );
        play.fails("w", "b");
        let Some(Cause::Offline { systems, metrics, .. }) = play.systems.cause("w") else {
            panic!("{:?}", play.systems.cause("w"));
        };
        assert_eq!(
            systems.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert!(metrics.values().eq(["W", "X", "Y"]), "y too: {metrics:?}");
        play.answers("x");
        assert_eq!(play.systems.cause("w"), None);
        assert!(!play.systems.is_online_without("w"), "w has not been tried since");
        play.fails("w", "b");
        play.fails("w", "b");
        assert!(play.systems.is_online_without("w") && !play.systems.is_online_without("x"));
    }

    #[test]
    fn a_metric_that_fails_for_long_hides_no_system_that_goes_down_later() {
        let mut play = Play::of(&[("x", "a"), ("y", "a"), ("z", "a"), ("w", "b")]);
        play.answers("w");
        play.fails("z", "a");
        play.answers("x");
        play.fails("x", "a");
        play.fails("y", "a");
        assert!(matches!(play.systems.cause("x"), Some(Cause::System { .. })));
        assert_eq!(play.systems.cause("z"), None, "that began before");
    }

    #[test]
    fn metrics_in_code_that_do_not_say_where_they_read_are_learnt() {
        let mut play = Play::of(&[]);
        play.fails("p", "c");
        play.fails("q", "c");
        assert!(matches!(play.systems.cause("p"), Some(Cause::System { .. })));
        play.note("p", &Contact::Unknown);
        assert!(
            play.systems.cause("p").is_some(),
            "what is not known changes nothing"
        );
        assert_eq!(play.systems.is_alone("r"), None);
    }
}
