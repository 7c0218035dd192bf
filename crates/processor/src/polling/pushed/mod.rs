//! The cycle of a metric whose values are sent: judges what waits, in the order in which it came, each at the time at which it
//! came; and notices where nothing comes any more.

mod arrivals;
mod until;

use std::sync::Arc;
use std::time::Duration;

use monitor_model::{ClockHistory, DbError, PushedValue, pushed_values, realtime, states};
use monitor_rules::{Observed, Phase, nothing_sent};

use super::Polling;
use super::cycle::{self, Stored, Taken};
use super::metric_state::{CachedState, CyclePermit, MetricState};
use crate::alerts::Pushed;
use crate::fault::{self, Point};
use crate::incidents::Contact;

pub(super) use arrivals::Arrivals;
pub(super) use until::Until;

/// Runs one cycle: until nothing waits. What comes while it ends is judged by it too, but for what the next config is to judge.
pub(super) async fn run(polling: &Polling, permit: CyclePermit, until: &Until) {
    let metric = Arc::clone(&permit.metric);
    let mut permit = Some(permit);
    while permit.is_some() && !until.is_halted() {
        if let Err(error) = judge_all(polling, &metric, until).await {
            cycle::not_stored(&polling.context, &metric, &error);
        }
        drop(permit.take());
        if until.is_superseded(&polling.context) {
            return until.hand_over();
        }
        permit = metric.is_wanted_again().then(|| metric.begin()).flatten();
    }
}

/// Each value is one transaction, and there is no pause between two of them.
async fn judge_all(polling: &Polling, metric: &MetricState, until: &Until) -> Result<(), DbError> {
    let mut clocks: Option<ClockHistory> = None;
    let mut is_silent = true;
    while !until.is_halted() {
        let (pinned, next) = next(polling, metric).await?;
        // After it is read: what came after the config changed is never judged by the one before.
        if until.is_superseded(&polling.context) {
            return Ok(());
        }
        let Some(next) = next else {
            if is_silent {
                silence(polling, metric, &pinned).await?;
            }
            return Ok(());
        };
        is_silent = false;
        let clocks = match &clocks {
            Some(known) => known,
            None => clocks.insert(polling.context.clock_history().await?),
        };
        let taken = taken(polling, metric, &pinned, clocks, &next);
        if judge(polling, metric, &pinned, taken).await == Stored::Failed {
            return Ok(()); // which has been said
        }
    }
    Ok(())
}

/// The state that the next value is judged against, and that value. What another worker has stored meanwhile is loaded.
async fn next(
    polling: &Polling,
    metric: &MetricState,
) -> Result<(CachedState, Option<PushedValue>), DbError> {
    cycle::rename(polling, metric).await?;
    let key = metric.key().to_owned();
    let read = move |conn: &mut monitor_model::Conn| {
        let stored = states::load(conn, &key)?;
        Ok((
            stored.map_or(0, |row| row.version),
            pushed_values::next(conn, &key)?,
        ))
    };
    let (version, next) = polling.context.db.read(read).await?;
    if metric.cached().is_some_and(|cached| cached.version != version) {
        metric.cache(None);
    }
    Ok((cycle::pin(&polling.context, metric).await?, next))
}

/// The reading that a value is.
fn taken(
    polling: &Polling,
    metric: &MetricState,
    pinned: &CachedState,
    clocks: &ClockHistory,
    row: &PushedValue,
) -> Taken {
    let context = &polling.context;
    let messages = match row.messages.as_str() {
        "" => Ok(Vec::new()),
        messages => serde_json::from_str(messages),
    };
    let messages = messages.unwrap_or_else(|error| {
        let key = metric.key();
        log::error!(
            "metric {key}: the messages sent with {} cannot be read: {error}",
            row.push_id
        );
        Vec::new()
    });
    let at = row.received_at.and_utc();
    // Between two values passes what passed between their arrivals, however late they are judged, and whatever the wall clock was
    // set to meanwhile.
    let before = pinned.state.last_value_at();
    let elapsed = match before.filter(|_| pinned.state.error().is_none()) {
        Some(before) => clocks
            .age(before.naive_utc())
            .saturating_sub(clocks.age(row.received_at)),
        None => cycle::elapsed(metric, pinned, context.clock.wall(), context.clock.monotonic()),
    };
    fault::point(Point::AfterSample);
    Taken {
        is_not_listed: false,
        observed: Observed::Value(row.value),
        took: Duration::ZERO,
        at,
        elapsed,
        pushed: Some(Pushed { id: row.id, messages }),
    }
}

/// Nothing waits. That is no reading, until it has lasted for so long that the metric has no data.
async fn silence(polling: &Polling, metric: &MetricState, pinned: &CachedState) -> Result<(), DbError> {
    let context = &polling.context;
    let rule = &metric.monitored.metric.config().rule;
    let (at, now) = (context.clock.wall(), context.clock.monotonic());
    let last = pinned.state.last_value_at();
    let silent = now.saturating_sub(metric.silent_since(last, pinned.loaded.is_none(), now));
    if silent < rule.no_data && pinned.state.phase() != Phase::NoData {
        let (key, at) = (metric.key().to_owned(), at.naive_utc());
        let touch = move |conn: &mut monitor_model::Conn| realtime::touch(conn, &key, at);
        context.db.write(touch).await?;
        context.database.works();
        context.database_served(metric.key());
        return Ok(());
    }
    let elapsed = match pinned.state.error() {
        Some(_) => cycle::elapsed(metric, pinned, at, now),
        None => silent,
    };
    let taken = Taken {
        is_not_listed: false,
        observed: Observed::Unreadable(nothing_sent(rule.language, last, at)),
        took: Duration::ZERO,
        at,
        elapsed,
        pushed: None,
    };
    judge(polling, metric, pinned, taken).await;
    Ok(())
}

async fn judge(polling: &Polling, metric: &MetricState, pinned: &CachedState, taken: Taken) -> Stored {
    let now = polling.context.clock.monotonic();
    let log = &polling.unreadable;
    log.log(metric.key(), &taken.observed, &Contact::Unknown, now);
    cycle::judge(polling, metric, pinned, taken).await
}
