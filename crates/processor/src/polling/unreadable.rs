//! What is logged of readings that fail: a system that is down is one line, and not one a metric and interval.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use log::Level;
use monitor_domain::{Failing, Say, Times};
use monitor_rules::Observed;

use crate::incidents::Contact;

/// The readings that fail, by what is to blame: a system, or a metric itself.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(Mutex<BTreeMap<String, Arc<Failing>>>);

impl Unreadable {
    /// Logs what is to be said of a reading of the metric `key`, taken at a monotonic time.
    pub(super) fn log(&self, key: &str, observed: &Observed, contact: &Contact, now: Duration) {
        for (level, line) in self.lines(key, observed, contact, now) {
            log::log!(level, "{line}");
        }
    }

    fn lines(
        &self,
        key: &str,
        observed: &Observed,
        contact: &Contact,
        now: Duration,
    ) -> Vec<(Level, String)> {
        let Observed::Unreadable(why) = observed else {
            let ended = self.works(key, now).into_iter();
            let line =
                |(to_blame, times)| format!("{to_blame}: can be read again; readings had failed {times}");
            return ended.map(|ended| (Level::Info, line(ended))).collect();
        };
        let to_blame = match contact {
            Contact::Down { system, .. } => format!("system {system}"),
            Contact::Answered | Contact::NotListed | Contact::Unknown => format!("metric {key}"),
        };
        let line = format!("metric {key}: cannot be read: {why}");
        vec![match self.of(&to_blame).fails(key, now) {
            Say::First => (Level::Warn, line),
            Say::Again(times) => (
                Level::Warn,
                format!("{to_blame}: readings have failed {times}; the last: {line}"),
            ),
            Say::Nothing => (Level::Debug, line),
        }]
    }

    /// The config has this metric no more: what there is to say goes on without it.
    pub(super) fn forget(&self, key: &str, now: Duration) {
        self.works(key, now);
    }

    fn of(&self, to_blame: &str) -> Arc<Failing> {
        let mut all = self.0.lock().expect("no code panics while holding this lock");
        Arc::clone(all.entry(to_blame.to_owned()).or_default())
    }

    /// What fails no more now that the metric `key` was read.
    fn works(&self, key: &str, now: Duration) -> Vec<(String, Times)> {
        let all = self.0.lock().expect("no code panics while holding this lock");
        let ended = |(to_blame, failing): (&String, &Arc<Failing>)| {
            Some((to_blame.clone(), failing.works(key, now)?))
        };
        all.iter().filter_map(ended).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is logged above `debug` while readings fail or not, each at a second.
    fn logged(readings: &[(u64, &str, Option<&str>)]) -> Vec<String> {
        let unreadable = Unreadable::default();
        let lines = readings.iter().flat_map(|(second, key, system)| {
            let (observed, contact) = match system {
                None => (Observed::Value(1.0), Contact::Answered),
                Some("") => (Observed::Unreadable("it panicked".to_owned()), Contact::Unknown),
                Some(system) => {
                    let why = format!("system {system}: 503");
                    let system = (*system).to_owned();
                    (Observed::Unreadable(why.clone()), Contact::Down { system, why })
                }
            };
            unreadable.lines(key, &observed, &contact, Duration::from_secs(*second))
        });
        let shown = lines.filter(|(level, _)| *level <= Level::Info);
        shown.map(|(level, line)| format!("{level} {line}")).collect()
    }

    #[test]
    fn a_system_that_is_down_is_said_once_and_so_is_its_return() {
        let a = Some("a");
        let mut readings = Vec::new();
        for second in (0..70).step_by(2) {
            readings.extend([(second, "x", a), (second, "y", a), (second, "z", Some("b"))]);
        }
        readings.extend([(70, "x", None), (71, "y", None), (72, "z", None), (73, "x", None)]);
        assert_eq!(
            logged(&readings),
            [
                "WARN metric x: cannot be read: system a: 503",
                "WARN metric z: cannot be read: system b: 503",
                "WARN system a: readings have failed 61 times in 1m; the last: metric x: cannot be read: system a: 503",
                "WARN system b: readings have failed 31 times in 1m; the last: metric z: cannot be read: system b: 503",
                "INFO system a: can be read again; readings had failed 70 times in 1m 11s",
                "INFO system b: can be read again; readings had failed 35 times in 1m 12s",
            ]
        );
    }

    #[test]
    fn a_metric_that_is_at_fault_itself_is_said_for_itself() {
        let panics = Some("");
        assert_eq!(
            logged(&[
                (0, "x", panics),
                (0, "y", panics),
                (2, "x", panics),
                (3, "y", None),
                (4, "x", None)
            ]),
            [
                "WARN metric x: cannot be read: it panicked",
                "WARN metric y: cannot be read: it panicked",
                "INFO metric y: can be read again; readings had failed 1 time in 3s",
                "INFO metric x: can be read again; readings had failed 2 times in 4s",
            ]
        );
        assert_eq!(logged(&[(0, "x", None), (2, "x", None)]), [""; 0]);
    }
}
