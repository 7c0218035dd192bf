//! One cycle of one metric: sample, judge, commit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use monitor_model::{DbError, states};
use monitor_rules::{History, Observed, Reading, Rule, State, Transition, judge_with};
use monitor_upstream::{Poll, Tick, UpstreamError};

use super::Polling;
use super::history;
use super::metric_state::{CachedState, CyclePermit, MetricState};
use super::renaming::rename_metric;
use crate::alerts::{Commit, Evaluated, Pushed};
use crate::context::{Context, may_pass};
use crate::fault::{self, Point};
use crate::incidents::Contact;
use crate::metric::{self, Metric, sample};

/// The longest a sample may take, whatever the retries of its system; the next tick reads again anyway.
pub(super) const SAMPLE_LIMIT: Duration = Duration::from_secs(30);
/// How often a commit is tried that failed for a passing reason (a locked file, a restarting server).
const COMMIT_TRIES: u32 = 5;
/// The first pause between two tries; it doubles.
const COMMIT_PAUSE: Duration = Duration::from_millis(250);

/// A reading that was taken.
pub(super) struct Taken {
    pub(super) observed: Observed,
    pub(super) took: Duration,
    /// The list that it is an item of was read, and does not have it.
    pub(super) is_not_listed: bool,
    /// When, on the wall clock.
    pub(super) at: DateTime<Utc>,
    /// Time since the evaluation before.
    pub(super) elapsed: Duration,
    /// The row of one that was sent.
    pub(super) pushed: Option<Pushed>,
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Yes,
    /// Another worker has evaluated the metric meanwhile.
    Conflict,
    /// The database failed, which is logged.
    Failed,
}

/// Runs one cycle. What cannot be read is a reading too; what cannot be stored is logged and counted, and the next reading is
/// judged against what was stored last, so a rise is not lost with it. What is read in the same tick shares its calls.
pub(super) async fn run(polling: &Polling, permit: CyclePermit, tick: Tick) {
    let (context, metric) = (&polling.context, &permit.metric);
    if let Err(error) = rename(polling, metric).await {
        return not_stored(context, metric, &error);
    }
    // The state is pinned before the reading is taken, and a reading is never judged against another one. A slow answer judged
    // against what a second worker has stored meanwhile would be a step into the past, and the way back from it a breach that
    // people are notified of twice.
    let pinned = match pin(context, metric).await {
        Ok(pinned) => pinned,
        Err(error) => return not_stored(context, metric, &error),
    };
    let begun = context.clock.monotonic();
    let poll = Poll {
        key: metric.key().to_owned(),
        previous: pinned.state.last_value(),
        tick,
    };
    let (observed, contact) = observe(context, &*metric.monitored.metric, poll).await;
    fault::point(Point::AfterSample);
    let now = context.clock.monotonic();
    let took = now.saturating_sub(begun);
    let title = &metric.monitored.metric.config().title;
    polling
        .outages
        .note((metric.key(), title), &contact, now, context.clock.wall());
    metric.monitored.meter.sampled(took);
    polling.unreadable.log(metric.key(), &observed, &contact, now);
    let (at, now) = (context.clock.wall(), context.clock.monotonic());
    let taken = Taken {
        is_not_listed: contact == Contact::NotListed,
        observed,
        took,
        at,
        elapsed: elapsed(metric, &pinned, at, now),
        pushed: None,
    };
    judge(polling, metric, &pinned, taken).await;
}

/// What is stored under the key that the metric had before gets the one that it has now.
pub(super) async fn rename(polling: &Polling, metric: &MetricState) -> Result<(), DbError> {
    if let Some(was) = metric.old_key() {
        rename_metric(&polling.context, &was, &metric.monitored.metric.config().key).await?;
        metric.is_renamed();
    }
    Ok(())
}

/// Judges a reading and stores what follows; says in the log where that failed.
pub(super) async fn judge(
    polling: &Polling,
    metric: &MetricState,
    pinned: &CachedState,
    taken: Taken,
) -> Stored {
    let context = &polling.context;
    let becomes = match taken.pushed {
        Some(_) => "what was sent is read again",
        None => "this reading is dropped",
    };
    match commit(polling, metric, pinned, taken).await {
        Ok(()) => {
            context.database.works();
            context.database_served(metric.key());
            Stored::Yes
        }
        Err(DbError::Conflict { .. }) => {
            context.database.works();
            context.database_served(metric.key());
            metric.cache(None);
            metric.monitored.meter.conflicted();
            log::info!(
                "metric {}: evaluated by another worker meanwhile; {becomes}",
                metric.key()
            );
            Stored::Conflict
        }
        Err(error) => {
            not_stored(context, metric, &error);
            Stored::Failed
        }
    }
}

/// The reading is lost, or, of one that was sent, put off.
pub(super) fn not_stored(context: &Context, metric: &MetricState, error: &DbError) {
    let (now, wall) = (context.clock.monotonic(), context.clock.wall());
    context
        .database
        .fails_so(&error.to_string(), may_pass(error), now, wall);
    metric.cache(None);
    metric.monitored.meter.lost();
    let what = format!("metric {}: the reading could not be stored", metric.key());
    context.database_failed(metric.key(), what, error);
}

/// The state that the next reading is judged against.
pub(super) async fn pin(context: &Context, metric: &MetricState) -> Result<CachedState, DbError> {
    if let Some(cached) = metric.cached() {
        return Ok(cached);
    }
    let key = metric.key().to_owned();
    let stored = context.db.read(move |conn| states::load(conn, &key)).await?;
    let Some(row) = stored else {
        return Ok(CachedState {
            state: State::default(),
            version: 0,
            loaded: None,
        });
    };
    let state = serde_json::from_str(&row.state).unwrap_or_else(|error| {
        log::error!(
            "metric {}: the stored rule state cannot be read, starting afresh: {error}",
            metric.key()
        );
        State::default()
    });
    Ok(CachedState {
        state,
        version: row.version,
        loaded: Some(row.updated_at),
    })
}

/// Takes the reading. A metric that panics is one that cannot be read: it must not go silent.
async fn observe(context: &Context, metric: &dyn Metric, poll: Poll) -> (Observed, Contact) {
    let limit = SAMPLE_LIMIT.max(metric.config().interval);
    let reading = AssertUnwindSafe(sample(metric, &context.upstreams, &poll)).catch_unwind();
    let (system, why) = match monitor_domain::timeout(&*context.clock, limit, reading).await {
        Ok(Ok(Ok(value))) if value.is_finite() => return (Observed::Value(value), Contact::Answered),
        Ok(Ok(Ok(value))) => return (Observed::Value(value), Contact::Unknown),
        Ok(Ok(Err(error @ UpstreamError::NotListed { .. }))) => {
            return (Observed::Unreadable(error.to_string()), Contact::NotListed);
        }
        Ok(Ok(Err(error))) => (error.system().map(str::to_owned), error.to_string()),
        Ok(Err(_)) => (None, "reading it panicked; see the log".to_owned()),
        Err(_) => {
            let within = humantime::format_duration(limit);
            let system = metric::system(metric).map(str::to_owned);
            (system, format!("no answer within {within}"))
        }
    };
    let contact = system.map_or(Contact::Unknown, |system| Contact::Down {
        system,
        why: why.clone(),
    });
    (Observed::Unreadable(why), contact)
}

/// Judges against the pinned state and stores what follows.
async fn commit(
    polling: &Polling,
    metric: &MetricState,
    pinned: &CachedState,
    taken: Taken,
) -> Result<(), DbError> {
    let context = &polling.context;
    let (at, wall, now) = (taken.at, context.clock.wall(), context.clock.monotonic());
    let is_sent = taken.pushed.is_some();
    let reading = Reading {
        at,
        elapsed: taken.elapsed,
        observed: taken.observed,
    };
    let rule = &metric.monitored.metric.config().rule;
    let history = match reading.observed {
        Observed::Value(_) => history::load(polling, metric, pinned, at).await?,
        Observed::Unreadable(_) => History::default(),
    };
    // An item that its list does not have any more is no *no data*: while it stays away it ends as a removed metric does.
    let patient = taken.is_not_listed.then(|| Rule {
        no_data: Duration::MAX,
        ..rule.clone()
    });
    let rule = patient.as_ref().unwrap_or(rule);
    let evaluation = judge_with(rule, &pinned.state, &reading, &history);
    let is_no_data = |step: &Transition| matches!(step, Transition::NoData { .. });
    let cause = evaluation.transitions.iter().any(is_no_data);
    let cause = cause.then(|| polling.outages.cause(metric.key())).flatten();
    let commit = Arc::new(Commit::new(
        context,
        Evaluated {
            metric: &*metric.monitored.metric,
            before: &pinned.state,
            version: pinned.version,
            observed: &reading.observed,
            evaluation: &evaluation,
            cause,
            at,
            now: if is_sent { wall } else { at },
            took: taken.took,
            pushed: taken.pushed,
        },
    ));
    fault::point(Point::BeforeCommit);
    store(context, metric, &commit).await?;
    fault::point(Point::AfterCommit);
    metric.set_evaluated(now);
    log::debug!("metric {}: {}", metric.key(), evaluation.reason);
    let phase = evaluation.state.phase();
    metric.advance_windows(pinned.version, at.naive_utc(), commit.value());
    metric.cache(Some(CachedState {
        state: evaluation.state,
        version: pinned.version + 1,
        loaded: None,
    }));
    let meter = &metric.monitored.meter;
    meter.committed(commit.value(), at, phase, commit.opened());
    Ok(())
}

/// Stores it, again after a failure that may pass. Where a COMMIT broke off and nobody knows whether it took place, the version
/// shows: if it did, the next try is a conflict and changes nothing.
async fn store(context: &Context, metric: &MetricState, commit: &Arc<Commit>) -> Result<(), DbError> {
    let mut pause = COMMIT_PAUSE;
    for tries in 1.. {
        let storing = Arc::clone(commit);
        let begun = context.clock.monotonic();
        let pending = context.commits.begin(begun, context.clock.wall());
        let stored = context.db.write(move |conn| storing.store(conn)).await;
        drop(pending);
        let took = context.clock.monotonic().saturating_sub(begun);
        context.counters.commit_took(took);
        match stored {
            Err(error) if may_pass(&error) && tries < COMMIT_TRIES => {
                // What becomes of it in the end is logged then.
                log::debug!(
                    "metric {}: storing the reading failed (try {tries}): {error}",
                    metric.key()
                );
                context.clock.sleep(pause).await;
                pause *= 2;
            }
            end => return end,
        }
    }
    Ok(())
}

/// Time since the evaluation before, monotonic where this process made it. Of an evaluation by another process only the wall clock
/// knows, which may have been stepped: it counts for no more than this process knows to have passed, and at the start of a
/// process for no more than one interval.
pub(super) fn elapsed(
    metric: &MetricState,
    pinned: &CachedState,
    at: DateTime<Utc>,
    now: Duration,
) -> Duration {
    let own = metric.evaluated_at().map(|before| now.saturating_sub(before));
    let most = own.unwrap_or_else(|| metric.interval());
    match pinned.loaded {
        Some(updated_at) => (at.naive_utc() - updated_at)
            .to_std()
            .unwrap_or_default()
            .min(most),
        None => own.unwrap_or_default(),
    }
}
