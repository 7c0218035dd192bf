//! Which systems can be read, as far as this worker knows: a system that is down is one incident, and not one alert a
//! metric.

use std::collections::{BTreeMap, BTreeSet, HashSet};
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
    /// Its list was read, and the metric, which is an item of it, is not there.
    NotListed,
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
    /// When an item of each list was last read (monotonic): they are read from one answer.
    lists: BTreeMap<String, Duration>,
    /// Metrics that were in a config before, whose last readings may be on their way.
    gone: BTreeSet<String>,
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
        Outages(Mutex::new(Contacts {
            of_metric,
            systems,
            ..Contacts::default()
        }))
    }

    /// The config is another one, with these metrics: what is known of the others is forgotten.
    pub(crate) fn changed(
        &self,
        read: impl IntoIterator<Item = (String, String, String)>,
        keys: &HashSet<&str>,
    ) {
        let is_there = |key: &String| keys.contains(key.as_str());
        let mut known = self.lock();
        let before: Vec<String> = known.of_metric.keys().cloned().collect();
        known.gone.extend(before);
        known.gone.retain(|key| !is_there(key));
        known.of_metric.retain(|key, _| is_there(key));
        for (key, title, system) in read {
            known.of_metric.insert(key, Read { system, title });
        }
        let Contacts {
            of_metric,
            systems,
            lists: lists_answered,
            ..
        } = &mut *known;
        for read in of_metric.values() {
            systems.entry(read.system.clone()).or_default();
        }
        let lists: BTreeSet<&str> = of_metric.keys().filter_map(|key| list_of(key)).collect();
        lists_answered.retain(|list, _| lists.contains(list.as_str()));
        systems.retain(|name, _| of_metric.values().any(|read| read.system == *name));
        for (name, system) in systems {
            let is_of_it = |key: &String| of_metric.get(key).is_some_and(|read| read.system == *name);
            system.failing.retain(|key, _| is_of_it(key));
        }
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
        if known.gone.contains(key) {
            return;
        }
        match contact {
            Contact::Answered => {
                let Some(name) = known.of_metric.get(key).map(|read| read.system.clone()) else {
                    return;
                };
                known.answered = Some(now);
                let system = known.systems.entry(name).or_default();
                system.failing.remove(key);
                system.answered = Some(now);
                if let Some(list) = list_of(key) {
                    known.lists.insert(list.to_owned(), now);
                }
            }
            Contact::Down { system: name, why } => {
                let read = Read {
                    system: name.clone(),
                    title: title.to_owned(),
                };
                known.of_metric.insert(key.to_owned(), read);
                let (any, of_list) = (known.answered, known.list_answered(key));
                let system = known.systems.entry(name.clone()).or_default();
                let answered = of_list.unwrap_or(system.answered);
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
            Contact::NotListed | Contact::Unknown => {}
        }
    }

    /// Why the metric `key` cannot be read, where its system is down: it answered no other metric since this one fails.
    /// A system of which only one metric is read is no news beside that metric.
    pub(crate) fn cause(&self, key: &str) -> Option<Cause> {
        let known = self.lock();
        let name = &known.of_metric.get(key)?.system;
        let system = known.systems.get(name)?;
        let failure = system.failing.get(key)?;
        let is_since = |at: Option<Duration>| at.is_some_and(|at| at >= failure.since.0);
        if is_since(system.answered) {
            // It answers others, but gives nothing of the list that this is an item of.
            let list = list_of(key).filter(|_| !is_since(known.list_answered(key).flatten()))?;
            let metrics = known.titles(|key, _| list_of(key) == Some(list));
            return (metrics.len() > 1).then(|| system.cause(name, failure, list_of(key), metrics));
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
                metrics: known.titles(|_, _| true),
            });
        }
        // It answered none of them since this one fails: those that have not failed yet have no reading either.
        let metrics = known.titles(|_, of| of == name);
        (metrics.len() > 1).then(|| system.cause(name, failure, None, metrics))
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
    /// Of an item of a list: when any item of that was last read.
    fn list_answered(&self, key: &str) -> Option<Option<Duration>> {
        list_of(key).map(|list| self.lists.get(list).copied())
    }

    /// Keys and titles of the metrics that are read from these systems.
    fn titles(&self, is_one: impl Fn(&str, &str) -> bool) -> BTreeMap<String, String> {
        let read = self
            .of_metric
            .iter()
            .filter(|(key, read)| is_one(key, &read.system));
        read.map(|(key, read)| (key.clone(), read.title.clone()))
            .collect()
    }
}

impl System {
    /// That it gives nothing of these metrics, or of this list alone.
    fn cause(
        &self,
        name: &str,
        failure: &Failure,
        list: Option<&str>,
        metrics: BTreeMap<String, String>,
    ) -> Cause {
        let failing = self.failing.iter();
        let failing = failing.filter(|(key, _)| list.is_none() || list_of(key) == list);
        Cause::System {
            name: name.to_owned(),
            since: failing
                .map(|(_, failure)| failure.since.1)
                .min()
                .unwrap_or(failure.since.1),
            why: failure.why.clone(),
            metrics,
        }
    }

    /// It keeps a metric from being read, `times` times at least, and answered none since that fails.
    fn is_down(&self, times: u32) -> bool {
        self.failing
            .values()
            .any(|failure| failure.times >= times && self.answered.is_none_or(|at| at < failure.since.0))
    }
}

/// The list that the metric of this key is an item of.
fn list_of(key: &str) -> Option<&str> {
    key.split_once('.').map(|(list, _)| list)
}

#[cfg(test)]
#[path = "outages_tests.rs"]
mod tests;
