//! What a rule's condition needs to know beyond the state: earlier readings of the metric, the latest of others. Loaded
//! before a reading is judged, and nothing for a rule that needs nothing.
//!
//! Windows are kept between two cycles, as far as this worker knows that no other has read the metric meanwhile.

mod window;

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{Conn, DbError, realtime, samples};
use monitor_rules::{Answer, History, Lack, Need, Rule};

use super::Polling;
use super::metric_state::{CachedState, MetricState};
use crate::context::ago;

pub(super) use window::Windows;

/// What is to be known of a metric, and how old it may be.
pub struct HistoryQuery {
    /// The metric.
    pub key: String,
    /// How often it is read.
    pub interval: Duration,
    /// What its condition needs.
    pub needs: Vec<Need>,
    /// How long before a time the reading may have been that still stands for it.
    pub no_data: Duration,
    /// Other metrics, and after how long without a reading their last one says nothing any more.
    pub others: Vec<(String, Duration)>,
}

impl HistoryQuery {
    /// What `rule` needs of the metric `key`, which is read every `interval`. `no_data_of` says of another metric after how
    /// long it is one without data.
    pub fn of(
        key: &str,
        rule: &Rule,
        interval: Duration,
        no_data_of: impl Fn(&str) -> Option<Duration>,
    ) -> HistoryQuery {
        let needs = rule.condition.needs();
        let others = needs.iter().filter_map(|need| match need {
            Need::Metric(other) => Some((other.clone(), no_data_of(other)?)),
            Need::Window(_) | Need::Ago(_) => None,
        });
        HistoryQuery {
            key: key.to_owned(),
            interval,
            others: others.collect(),
            no_data: rule.no_data,
            needs,
        }
    }
}

/// Loads what is needed, for a reading at `at`.
///
/// # Errors
/// When the database cannot be read.
pub fn history(conn: &mut Conn, query: &HistoryQuery, at: DateTime<Utc>) -> Result<History, DbError> {
    let windows = Windows::load(conn, query, at.naive_utc())?;
    answers(conn, query, &windows, at.naive_utc())
}

/// The same, with windows that are loaded.
fn answers(
    conn: &mut Conn,
    query: &HistoryQuery,
    windows: &Windows,
    at: NaiveDateTime,
) -> Result<History, DbError> {
    let mut history = History::default();
    for need in &query.needs {
        let answer = match need {
            Need::Window(span) => windows.answer(*span, at).map(Answer::Window),
            Need::Ago(span) => then(conn, query, *span, at)?.map(Answer::Value),
            Need::Metric(key) => latest(conn, query, key, at)?.map(Answer::Value),
        };
        history = history.with(need.clone(), answer);
    }
    Ok(history)
}

/// The value `span` ago: the last one that was read by then, unless that was too long before.
fn then(
    conn: &mut Conn,
    query: &HistoryQuery,
    span: Duration,
    at: NaiveDateTime,
) -> Result<Result<f64, Lack>, DbError> {
    let time = ago(at, span);
    if let Some(value) = samples::latest_value(conn, &query.key, ago(time, query.no_data), time)? {
        return Ok(Ok(value));
    }
    let oldest = samples::oldest(conn, &query.key)?;
    Ok(Err(match oldest {
        Some(oldest) if oldest <= time => Lack::NotThen(span),
        _ => Lack::NotYet(span),
    }))
}

/// The latest value of another metric, if it can be read.
fn latest(
    conn: &mut Conn,
    query: &HistoryQuery,
    key: &str,
    at: NaiveDateTime,
) -> Result<Result<f64, Lack>, DbError> {
    let row = realtime::get(conn, key)?;
    let read = row.as_ref().and_then(|row| Some((row.value?, row.value_at?)));
    let (Some(row), Some((value, value_at))) = (&row, read) else {
        return Ok(Err(Lack::NeverRead(key.to_owned())));
    };
    if row.error.is_some() {
        return Ok(Err(Lack::Unreadable(key.to_owned())));
    }
    let age = (at - value_at).to_std().unwrap_or_default();
    let bears = query.others.iter().find(|(other, _)| other == key);
    Ok(match bears {
        Some((_, bears)) if age > *bears => Err(Lack::Stale(key.to_owned(), age)),
        _ => Ok(value),
    })
}

/// What judging the next reading of `metric` needs, with as little loading as possible.
pub(super) async fn load(
    polling: &Polling,
    metric: &MetricState,
    pinned: &CachedState,
    at: DateTime<Utc>,
) -> Result<History, DbError> {
    let config = metric.monitored.metric.config();
    let no_data_of = |key: &str| polling.rule_of(key).map(|rule| rule.no_data);
    let query = HistoryQuery::of(&config.key, &config.rule, config.interval, no_data_of);
    if query.needs.is_empty() {
        return Ok(History::default());
    }
    let at = at.naive_utc();
    let kept = metric
        .windows(pinned.version)
        .filter(|kept| kept.have(&query.needs));
    if let Some(windows) = &kept
        && windows.are_all_of(&query.needs)
    {
        let all = query.needs.iter().filter_map(|need| match need {
            Need::Window(span) => Some((need.clone(), windows.answer(*span, at).map(Answer::Window))),
            Need::Ago(_) | Need::Metric(_) => None,
        });
        return Ok(all.fold(History::default(), |history, (need, answer)| {
            history.with(need, answer)
        }));
    }
    let load = move |conn: &mut Conn| {
        let windows = match kept {
            Some(kept) => kept,
            None => Windows::load(conn, &query, at)?,
        };
        let history = answers(conn, &query, &windows, at)?;
        Ok((windows, history))
    };
    let (windows, history) = polling.context.db.read(load).await?;
    metric.keep_windows(pinned.version, windows);
    Ok(history)
}
