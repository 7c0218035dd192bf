//! What a rule's condition needs to know beyond the state: earlier readings of the metric, the latest of others. Loaded
//! before a reading is judged, and nothing for a rule that needs nothing.
//!
//! Windows are kept between two cycles, as far as this worker knows that no other has read the metric meanwhile.

mod window;

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{Conn, DbError, realtime, samples};
use monitor_rules::{History, Known, Lack, Need, Rule};

use super::Polling;
use super::metric_state::{CachedState, MetricState};
use crate::context::ago;

pub(super) use window::Windows;

/// What is to be known of a metric, and how old it may be.
pub struct Asked {
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

impl Asked {
    /// What `rule` needs of the metric `key`, which is read every `interval`. `no_data_of` says of another metric after how
    /// long it is one without data.
    pub fn of(
        key: &str,
        rule: &Rule,
        interval: Duration,
        no_data_of: impl Fn(&str) -> Option<Duration>,
    ) -> Asked {
        let needs = rule.condition.needs();
        let others = needs.iter().filter_map(|need| match need {
            Need::Metric(other) => Some((other.clone(), no_data_of(other)?)),
            Need::Window(_) | Need::Ago(_) => None,
        });
        Asked {
            key: key.to_owned(),
            interval,
            others: others.collect(),
            no_data: rule.no_data,
            needs,
        }
    }
}

/// Loads what is asked for, for a reading at `at`.
///
/// # Errors
/// When the database cannot be read.
pub fn history(conn: &mut Conn, asked: &Asked, at: DateTime<Utc>) -> Result<History, DbError> {
    let windows = Windows::load(conn, asked, at.naive_utc())?;
    answers(conn, asked, &windows, at.naive_utc())
}

/// The same, with windows that are loaded.
fn answers(conn: &mut Conn, asked: &Asked, windows: &Windows, at: NaiveDateTime) -> Result<History, DbError> {
    let mut history = History::default();
    for need in &asked.needs {
        let answer = match need {
            Need::Window(span) => windows.answer(*span, at).map(Known::Window),
            Need::Ago(span) => then(conn, asked, *span, at)?.map(Known::Value),
            Need::Metric(key) => latest(conn, asked, key, at)?.map(Known::Value),
        };
        history = history.with(need.clone(), answer);
    }
    Ok(history)
}

/// The value `span` ago: the last one that was read by then, unless that was too long before.
fn then(
    conn: &mut Conn,
    asked: &Asked,
    span: Duration,
    at: NaiveDateTime,
) -> Result<Result<f64, Lack>, DbError> {
    let time = ago(at, span);
    if let Some(value) = samples::latest_value(conn, &asked.key, ago(time, asked.no_data), time)? {
        return Ok(Ok(value));
    }
    let oldest = samples::oldest(conn, &asked.key)?;
    Ok(Err(match oldest {
        Some(oldest) if oldest <= time => Lack::NotThen(span),
        _ => Lack::NotYet(span),
    }))
}

/// The latest value of another metric, if it can be read.
fn latest(
    conn: &mut Conn,
    asked: &Asked,
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
    let bears = asked.others.iter().find(|(other, _)| other == key);
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
    let asked = Asked::of(&config.key, &config.rule, config.interval, no_data_of);
    if asked.needs.is_empty() {
        return Ok(History::default());
    }
    let at = at.naive_utc();
    let kept = metric.windows(pinned.version);
    if let Some(windows) = &kept
        && windows.are_all_of(&asked.needs)
    {
        let all = asked.needs.iter().filter_map(|need| match need {
            Need::Window(span) => Some((need.clone(), windows.answer(*span, at).map(Known::Window))),
            Need::Ago(_) | Need::Metric(_) => None,
        });
        return Ok(all.fold(History::default(), |history, (need, answer)| {
            history.with(need, answer)
        }));
    }
    let load = move |conn: &mut Conn| {
        let windows = match kept {
            Some(kept) => kept,
            None => Windows::load(conn, &asked, at)?,
        };
        let history = answers(conn, &asked, &windows, at)?;
        Ok((windows, history))
    };
    let (windows, history) = polling.context.db.read(load).await?;
    metric.keep_windows(pinned.version, windows);
    Ok(history)
}
