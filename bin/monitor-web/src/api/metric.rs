//! A metric as it is now.

use chrono::{DateTime, Utc};
use monitor_domain::{Language, MetricKey, Severity};
use monitor_model::alerts::OpenAlerts;
use monitor_model::{MetricState, Realtime};
use serde::Serialize;

use crate::api::Number;
use crate::context::MetricView;
use crate::localized::Localized;

/// Beyond three missed checks, what a check itself may take.
const STALE_SLACK_SECONDS: u64 = 10;

/// What is to be shown of a metric. Unlike the rule's phase it also covers what is unknown: a value that could
/// not be read or is not being checked never shows as normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Never read, and no try failed yet.
    Waiting,
    /// Read, and within its rule.
    Normal,
    /// The rule is breached, but not yet for long enough.
    Pending,
    /// The rule is breached.
    Firing,
    /// Not read for so long that it counts as an alert.
    NoData,
    /// The latest check failed.
    Unreadable,
    /// Not checked for longer than three intervals: nobody is reading it.
    Stale,
}

impl Status {
    /// All of them, worst first.
    pub const ALL: [Status; 7] = [
        Status::Firing,
        Status::NoData,
        Status::Unreadable,
        Status::Stale,
        Status::Pending,
        Status::Normal,
        Status::Waiting,
    ];

    /// The word as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Normal => "normal",
            Status::Pending => "pending",
            Status::Firing => "firing",
            Status::NoData => "no_data",
            Status::Unreadable => "unreadable",
            Status::Stale => "stale",
        }
    }
}

/// A metric as it is now: `GET /api/v1/metrics` and the live events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricStatus {
    /// Its name in the config.
    pub key: MetricKey,
    /// Its name for people.
    pub title: String,
    /// The list that it is an item of; nothing where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<MetricKey>,
    /// What the system calls that item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What is counted; may be empty.
    pub unit: String,
    /// `info`, `warning` or `critical`.
    pub severity: Severity,
    /// The rule that alerts, for people.
    pub rule: String,
    /// The same for the pages' readers.
    #[serde(skip)]
    pub(crate) rule_text: Localized,
    /// The last value read; `null` before the first.
    pub value: Option<Number>,
    /// When that value was read.
    pub value_at: Option<DateTime<Utc>>,
    /// When reading was last tried.
    pub checked_at: Option<DateTime<Utc>>,
    /// Why the last try failed; `null` after a success.
    pub error: Option<String>,
    /// The rule's phase as the worker stored it: `normal`, `pending`, `firing`, `no_data`; `null` before the first
    /// evaluation.
    pub phase: Option<String>,
    /// What to show: the phase, or what makes it doubtful.
    pub status: Status,
    /// When the phase began.
    pub since: Option<DateTime<Utc>>,
    /// The last evaluation, for people.
    pub reason: Option<String>,
    /// Alerts that are not over.
    pub open_alerts: i64,
    /// Those of them that nobody acknowledged.
    pub unacknowledged: i64,
    /// Why nobody would be notified of its alerts now, such as `silence:3`; `null` where people would be.
    pub muted: Option<String>,
    /// Until when that is so, as far as it is known.
    pub muted_until: Option<DateTime<Utc>>,
    /// Why people wanted that: the reason of the silence or the maintenance window.
    pub muted_reason: Option<String>,
    /// Seconds without a check after which [`Status::Stale`] is shown in place of normal or pending.
    pub stale_after: u64,
    /// The latest readings as an SVG path in a box of 120 × 36, newest at the right, broken where a reading failed.
    pub sparkline: String,
}

impl MetricStatus {
    /// The same for a page of this language.
    pub(crate) fn read_in(mut self, language: Language) -> MetricStatus {
        self.rule = self.rule_text.of(language).to_owned();
        self
    }

    /// Puts together what is known of a metric; `open` counts its alerts that are not over.
    pub(crate) fn new(
        view: &MetricView,
        now: Option<&Realtime>,
        state: Option<&MetricState>,
        open: OpenAlerts,
        sparkline: String,
    ) -> MetricStatus {
        let error = now.and_then(|r| r.error.clone());
        let value = now.and_then(|r| r.value).map(Number);
        let phase = state.map(|s| s.phase.clone());
        MetricStatus {
            status: status(phase.as_deref(), value.is_some(), error.is_some()),
            list: view.item.as_ref().map(|item| item.list.clone()),
            item: view.item.as_ref().map(|item| item.item.clone()),
            label: view.item.as_ref().map(|item| item.label.clone()),
            key: view.key.clone(),
            title: view.title.clone(),
            unit: view.unit.clone(),
            severity: view.severity,
            rule: view.rule_text.as_given().to_owned(),
            rule_text: view.rule_text.clone(),
            value,
            value_at: now.and_then(|r| r.value_at).map(monitor_model::utc),
            checked_at: now.map(|r| monitor_model::utc(r.checked_at)),
            error,
            phase,
            since: state.map(|s| monitor_model::utc(s.since)),
            reason: state.map(|s| s.reason.clone()),
            open_alerts: open.all,
            unacknowledged: open.unacknowledged,
            muted: None,
            muted_until: None,
            muted_reason: None,
            stale_after: view
                .interval
                .as_secs()
                .saturating_mul(3)
                .saturating_add(STALE_SLACK_SECONDS),
            sparkline,
        }
    }

    /// The same as it is to be shown at `now`: stale where it has not been checked for too long.
    #[must_use]
    pub fn at(mut self, now: DateTime<Utc>) -> MetricStatus {
        let calm = matches!(self.status, Status::Normal | Status::Pending);
        let age = self
            .checked_at
            .map(|at| (now - at).num_seconds().max(0).unsigned_abs());
        if calm && age.is_some_and(|age| age > self.stale_after) {
            self.status = Status::Stale;
        }
        self
    }
}

fn status(phase: Option<&str>, read: bool, failed: bool) -> Status {
    match phase {
        Some("firing") => Status::Firing,
        Some("no_data") => Status::NoData,
        _ if failed => Status::Unreadable,
        _ if !read => Status::Waiting,
        Some("pending") => Status::Pending,
        _ => Status::Normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_never_normal() {
        assert_eq!(status(None, false, false), Status::Waiting);
        assert_eq!(status(None, false, true), Status::Unreadable);
        assert_eq!(status(Some("normal"), true, true), Status::Unreadable);
        assert_eq!(status(Some("pending"), true, true), Status::Unreadable);
        assert_eq!(status(Some("firing"), true, true), Status::Firing);
        assert_eq!(status(Some("no_data"), true, true), Status::NoData);
        assert_eq!(status(Some("normal"), true, false), Status::Normal);
    }

    #[test]
    fn a_value_nobody_checks_is_stale() {
        let view = MetricView {
            key: MetricKey::stored("x"),
            title: "X".into(),
            unit: String::new(),
            severity: Severity::Warning,
            rule_text: Localized::default(),
            depends_on: Vec::new(),
            interval: std::time::Duration::from_secs(10),
            item: None,
        };
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let row = Realtime {
            key: MetricKey::stored("x"),
            value: Some(1.0),
            value_at: Some(monitor_model::stored(at)),
            checked_at: monitor_model::stored(at),
            error: None,
        };
        let metric = MetricStatus::new(&view, Some(&row), None, OpenAlerts::default(), String::new());
        assert_eq!(metric.stale_after, 40);
        assert_eq!(
            metric.clone().at(at + chrono::TimeDelta::seconds(40)).status,
            Status::Normal
        );
        assert_eq!(
            metric.at(at + chrono::TimeDelta::seconds(41)).status,
            Status::Stale
        );
    }
}
