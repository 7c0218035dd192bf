//! What the old program knew.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use monitor_domain::MetricKey;

/// A row of `MonitorRecord`.
#[derive(Clone, Debug, PartialEq)]
pub struct OldRecord {
    /// Its id there.
    pub id: i64,
    /// The metric that its type is.
    pub key: MetricKey,
    /// The value it was about.
    pub value: Option<f64>,
    /// Whether it is an alert.
    pub alert: bool,
    /// The message; empty where there was none.
    pub message: String,
    /// When, in UTC.
    pub at: NaiveDateTime,
    /// What distinguishes it from every other row of every old database, and is the same each time it is read, from a file or from
    /// a dump, whatever the time zone is said to be.
    pub origin: String,
}

/// What `RealtimeMonitor` has of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct OldValue {
    /// The metric.
    pub key: MetricKey,
    /// Its value.
    pub value: f64,
    /// When it was written, in UTC; `None` where the table does not say.
    pub at: Option<NaiveDateTime>,
}

/// A row that cannot be brought over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its table.
    pub table: String,
    /// Its id, or its place where it has none.
    pub row: String,
    /// Why.
    pub why: String,
}

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Old {
    /// The records, by id.
    pub records: Vec<OldRecord>,
    /// The current values, by metric.
    pub values: Vec<OldValue>,
    /// Rows that could not be read.
    pub left_out: Vec<LeftOut>,
    /// Types that are no metric: how many rows have each.
    pub unknown_types: BTreeMap<String, u64>,
    /// What else is to be known, such as columns that nobody reads.
    pub notes: Vec<String>,
}

impl Old {
    /// The newest record of a metric.
    pub fn last_record(&self, key: &MetricKey) -> Option<&OldRecord> {
        self.records.iter().rev().find(|record| record.key == *key)
    }

    /// The metrics of which anything is known.
    pub fn keys(&self) -> Vec<&MetricKey> {
        let of_records = self.records.iter().map(|record| &record.key);
        let mut keys: Vec<_> = of_records
            .chain(self.values.iter().map(|value| &value.key))
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }
}
