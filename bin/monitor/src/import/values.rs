//! The current values, and with each what the rule compares the next reading with: what the old program read last is no news.

use chrono::NaiveDateTime;
use monitor_domain::MetricKey;
use monitor_legacy::Old;
use monitor_model::{Conn, DbError, MetricState, realtime, states, utc};
use monitor_rules::State;

/// The last value of a metric in the old program.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LastValue {
    pub(super) key: MetricKey,
    value: f64,
    /// When; `None` where nothing says.
    at: Option<NaiveDateTime>,
    /// The value that it last alerted on.
    alerted: Option<f64>,
}

/// One of each metric: its current value, or else that of its last record, which is what the old program compares with.
pub(super) fn of(old: &Old) -> Vec<LastValue> {
    let last = |key: &&MetricKey| {
        let current = old.values.iter().find(|value| value.key == **key);
        let record = old.last_record(key);
        let value = current.map(|value| value.value).or(record?.value)?;
        Some(LastValue {
            key: (*key).clone(),
            value,
            at: current
                .and_then(|value| value.at)
                .or(record.map(|record| record.at)),
            alerted: record.and_then(|record| record.value),
        })
    };
    old.keys().iter().filter_map(last).collect()
}

/// Whether this monitor has never read the metric itself.
pub(super) fn is_unread(c: &mut Conn, key: &MetricKey) -> Result<bool, DbError> {
    let is_shown = realtime::get(c, key)?.is_some_and(|row| row.value.is_some());
    let state = states::load(c, key)?;
    let is_judged = state.is_some_and(|row| parse(&row).last_value().is_some());
    Ok(!is_shown && !is_judged)
}

/// Stores it, unless this monitor has read the metric itself: that is newer. Whether it did. A worker that judges the metric at the same
/// time finds the state changed and loads it anew.
///
/// # Errors
/// [`DbError::Conflict`] where a worker was first; run again, this finds its reading.
pub(super) fn bring_over(c: &mut Conn, last: &LastValue, now: NaiveDateTime) -> Result<bool, DbError> {
    if !is_unread(c, &last.key)? {
        return Ok(false);
    }
    let at = last.at.unwrap_or(now).min(now);
    let row = states::load(c, &last.key)?;
    let version = row.as_ref().map_or(0, |row| row.version);
    let before = row.as_ref().map(parse).unwrap_or_default();
    let state = before.continuing(last.value, utc(at), last.alerted);
    let stored = MetricState {
        key: last.key.clone(),
        version,
        phase: state.phase().as_str().to_owned(),
        since: state.since().map_or(now, |since| since.naive_utc()),
        reason: "read by the old program".to_owned(),
        state: serde_json::to_string(&state).unwrap_or_else(|_| "{}".to_owned()),
        updated_at: now,
    };
    states::save(c, &stored, version)?;
    let failure = realtime::get(c, &last.key)?;
    realtime::record_value(c, &last.key, last.value, at)?;
    // That it cannot be read at present stays.
    if let Some((error, checked_at)) = failure.and_then(|row| Some((row.error?, row.checked_at))) {
        realtime::record_error(c, &last.key, &error, checked_at)?;
    }
    Ok(true)
}

/// As the worker reads it: what it cannot read begins afresh.
fn parse(row: &MetricState) -> State {
    serde_json::from_str(&row.state).unwrap_or_default()
}
