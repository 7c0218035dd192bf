//! Maintenance windows: hours of the week in which what is wrong is expected. Whether one is open follows from a time alone.
//!
//! Nothing here reads a clock, judges a reading or notifies anybody; what follows from an open window is for others.

mod settings;

use chrono::{DateTime, Utc};

use crate::hours::Hours;

pub use settings::MaintenanceSettings;

/// No window is open for longer than a day and what a change of clocks adds to it.
const MAX_MINUTES: i64 = 2 * 24 * 60;

/// A checked window.
///
/// It is open while the clocks of its zone show a time inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    hours: Hours,
    metrics: Option<Vec<String>>,
    reason: Option<String>,
}

impl Maintenance {
    /// Whether it is for this metric and open at this time.
    pub fn is_active(&self, key: &str, at: DateTime<Utc>) -> bool {
        self.is_for(key) && self.is_open(at)
    }

    /// Whether it is for this metric: by its key, or by that of the list that it is an item of.
    pub fn is_for(&self, key: &str) -> bool {
        self.metrics
            .as_ref()
            .is_none_or(|metrics| metrics.iter().any(|one| is_of(key, one)))
    }

    /// Where it is open at this time: when it closes.
    pub fn until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.is_open(at) {
            return None;
        }
        // It opens and closes, and clocks change, at whole minutes: with each of them tried, none of that needs a case of its own.
        let minute = at.timestamp().div_euclid(60);
        (1..=MAX_MINUTES)
            .filter_map(|later| DateTime::from_timestamp((minute + later) * 60, 0))
            .find(|then| !self.is_open(*then))
    }

    /// The metrics it is for; `None` for all.
    pub fn metrics(&self) -> Option<&[String]> {
        self.metrics.as_deref()
    }

    /// What is done in it, for people.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The IANA name of the zone whose clocks it goes by.
    pub fn zone(&self) -> &'static str {
        self.hours.zone()
    }

    fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.hours.include(at)
    }
}
/// Whether a metric has the key `one`, or is an item of the list that has it: `shops.17` is of `shops`.
fn is_of(key: &str, one: &str) -> bool {
    let rest = key.strip_prefix(one);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
