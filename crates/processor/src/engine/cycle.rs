//! One reading of one metric: sample, judge, commit.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use futures_util::FutureExt;
use monitor_model::{DbError, states};
use monitor_rules::{Observed, Reading, State, Transition, judge};

use super::Shared;
use super::counts::Meter;
use super::outcome::Outcome;
use super::systems::Contact;
use crate::fault::{self, Point};
use crate::metric::{self, Metric, sample};

/// The longest a sample may take, whatever the retries of its system; the next tick reads again anyway.
const SAMPLE_LIMIT: Duration = Duration::from_secs(30);
/// How often a commit is tried that failed for a passing reason (a locked file, a restarting server).
const COMMIT_TRIES: u32 = 5;
/// The first pause between two tries; it doubles.
const COMMIT_PAUSE: Duration = Duration::from_millis(250);

/// A metric and what this worker remembers of it.
pub(crate) struct Watched {
    pub(crate) metric: Box<dyn Metric>,
    pub(crate) meter: Arc<Meter>,
    running: AtomicBool,
    known: Mutex<Option<Known>>,
    judged_at: Mutex<Option<Duration>>,
}

/// The rule state as this worker last stored or read it.
#[derive(Clone)]
struct Known {
    state: State,
    version: i64,
    /// When it was judged, where that was not by this worker just before.
    loaded: Option<NaiveDateTime>,
}

/// The right to run one cycle of a metric; there is one at a time.
pub(crate) struct Turn {
    pub(crate) watched: Arc<Watched>,
}

impl Watched {
    pub(crate) fn new(metric: Box<dyn Metric>, meter: Arc<Meter>) -> Watched {
        Watched {
            metric,
            meter,
            running: AtomicBool::new(false),
            known: Mutex::new(None),
            judged_at: Mutex::new(None),
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.metric.config().key
    }

    pub(crate) fn interval(&self) -> Duration {
        self.metric.config().interval
    }

    /// The turn, or nothing while the cycle before runs.
    pub(crate) fn begin(self: &Arc<Watched>) -> Option<Turn> {
        let free = self
            .running
            .compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        free.then(|| Turn {
            watched: Arc::clone(self),
        })
    }

    fn known(&self) -> Option<Known> {
        self.known
            .lock()
            .expect("no code panics while holding this lock")
            .clone()
    }

    fn remember(&self, known: Option<Known>) {
        *self.known.lock().expect("no code panics while holding this lock") = known;
    }

    /// Whether this worker has judged it yet.
    pub(crate) fn is_judged(&self) -> bool {
        self.judged_at().is_some()
    }

    /// Whether it goes to and fro, as this worker last judged it; unknown before that.
    pub(crate) fn is_flapping(&self) -> Option<bool> {
        self.known().map(|known| known.state.is_flapping())
    }

    /// When this process last judged it and stored that.
    fn judged_at(&self) -> Option<Duration> {
        *self
            .judged_at
            .lock()
            .expect("no code panics while holding this lock")
    }

    fn judged(&self, now: Duration) {
        *self
            .judged_at
            .lock()
            .expect("no code panics while holding this lock") = Some(now);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.watched.running.store(false, Ordering::Release);
    }
}

/// Runs one cycle. What cannot be read is a reading too; what cannot be stored is logged and counted, and the
/// next reading is judged against what was stored last, so a rise is not lost with it.
pub(crate) async fn run(shared: &Arc<Shared>, turn: Turn) {
    let watched = &turn.watched;
    // The state is pinned before the reading is taken, and a reading is never judged against another one. A slow
    // answer judged against what a second worker has stored meanwhile would be a step into the past, and the way back
    // from it a breach told twice.
    let pinned = match pin(shared, watched).await {
        Ok(pinned) => pinned,
        Err(error) => return lost(shared, watched, &error),
    };
    let begun = shared.clock.monotonic();
    let (observed, contact) = observe(shared, &*watched.metric).await;
    fault::point(Point::AfterSample);
    let now = shared.clock.monotonic();
    let took = now.saturating_sub(begun);
    let title = &watched.metric.config().title;
    shared
        .systems
        .note(watched.key(), title, &contact, now, shared.clock.wall());
    watched.meter.sampled(took);
    if let Observed::Unreadable(why) = &observed {
        log::warn!("metric {}: cannot be read: {why}", watched.key());
    }
    match commit(shared, watched, &pinned, observed, took).await {
        Ok(()) => shared.database.works(),
        Err(DbError::Conflict { .. }) => {
            shared.database.works();
            watched.remember(None);
            watched.meter.conflicted();
            log::info!(
                "metric {}: judged by another worker meanwhile; this reading is dropped",
                watched.key()
            );
        }
        Err(error) => lost(shared, watched, &error),
    }
}

fn lost(shared: &Shared, watched: &Watched, error: &DbError) {
    let (now, wall) = (shared.clock.monotonic(), shared.clock.wall());
    shared
        .database
        .fails_so(&error.to_string(), may_pass(error), now, wall);
    watched.remember(None);
    watched.meter.lost();
    log::error!(
        "metric {}: the reading could not be stored: {error}",
        watched.key()
    );
}

/// The state that the next reading is judged against.
async fn pin(shared: &Shared, watched: &Watched) -> Result<Known, DbError> {
    if let Some(known) = watched.known() {
        return Ok(known);
    }
    let key = watched.key().to_owned();
    let stored = shared.db.read(move |conn| states::load(conn, &key)).await?;
    Ok(match stored {
        None => Known {
            state: State::default(),
            version: 0,
            loaded: None,
        },
        Some(row) => {
            let state = serde_json::from_str(&row.state).unwrap_or_else(|error| {
                log::error!(
                    "metric {}: the stored rule state cannot be read, starting afresh: {error}",
                    watched.key()
                );
                State::default()
            });
            Known {
                state,
                version: row.version,
                loaded: Some(row.updated_at),
            }
        }
    })
}

/// Takes the reading. A metric that panics is one that cannot be read: it must not go silent.
async fn observe(shared: &Shared, metric: &dyn Metric) -> (Observed, Contact) {
    let limit = SAMPLE_LIMIT.max(metric.config().interval);
    let reading = AssertUnwindSafe(sample(metric, &shared.upstreams)).catch_unwind();
    let (system, why) = match monitor_domain::timeout(&*shared.clock, limit, reading).await {
        Ok(Ok(Ok(value))) if value.is_finite() => return (Observed::Value(value), Contact::Answered),
        Ok(Ok(Ok(value))) => return (Observed::Value(value), Contact::Unknown),
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

/// Judges against the pinned state and stores the outcome.
async fn commit(
    shared: &Arc<Shared>,
    watched: &Watched,
    pinned: &Known,
    observed: Observed,
    took: Duration,
) -> Result<(), DbError> {
    let (at, now) = (shared.clock.wall(), shared.clock.monotonic());
    let elapsed = elapsed(watched, pinned, at, now);
    let reading = Reading {
        at,
        elapsed,
        observed,
    };
    let judgement = judge(&watched.metric.config().rule, &pinned.state, &reading);
    let goes_blind = |step: &Transition| matches!(step, Transition::NoData { .. });
    let cause = judgement.transitions.iter().any(goes_blind);
    let cause = cause.then(|| shared.systems.cause(watched.key())).flatten();
    let outcome = Outcome::new(
        shared,
        &*watched.metric,
        &pinned.state,
        &judgement,
        &reading.observed,
        at,
        took,
        pinned.version,
        cause,
    );
    let outcome = Arc::new(outcome);
    fault::point(Point::BeforeCommit);
    store(shared, watched, &outcome).await?;
    fault::point(Point::AfterCommit);
    watched.judged(now);
    log::debug!("metric {}: {}", watched.key(), judgement.reason);
    let phase = judgement.state.phase();
    watched.remember(Some(Known {
        state: judgement.state,
        version: pinned.version + 1,
        loaded: None,
    }));
    watched
        .meter
        .committed(outcome.value(), at, phase, outcome.opened());
    Ok(())
}

/// Stores it, again after a failure that may pass. Where a COMMIT broke off and nobody knows whether it took place, the
/// version tells: if it did, the next try is a conflict and changes nothing.
async fn store(shared: &Shared, watched: &Watched, outcome: &Arc<Outcome>) -> Result<(), DbError> {
    let mut pause = COMMIT_PAUSE;
    for tries in 1.. {
        let storing = Arc::clone(outcome);
        let begun = shared.clock.monotonic();
        let waiting = shared.commits.begin(begun, shared.clock.wall());
        let stored = shared.db.write(move |conn| storing.store(conn)).await;
        drop(waiting);
        shared
            .counts
            .commit_took(shared.clock.monotonic().saturating_sub(begun));
        match stored {
            Err(error) if may_pass(&error) && tries < COMMIT_TRIES => {
                log::warn!(
                    "metric {}: storing the reading failed (try {tries}): {error}",
                    watched.key()
                );
                shared.clock.sleep(pause).await;
                pause *= 2;
            }
            end => return end,
        }
    }
    Ok(())
}

/// Whether trying again may help. A COMMIT of which nobody knows is told apart by version or attempt.
pub(crate) fn may_pass(error: &DbError) -> bool {
    error.is_transient() || matches!(error, DbError::CommitUnknown { .. })
}

/// Time since the judgement before, monotonic where this process made it. Of a judgement by somebody else only the wall
/// clock tells, which may have been stepped: it counts for no more than this process knows to have passed, and at the
/// start of a process for no more than one interval.
fn elapsed(watched: &Watched, pinned: &Known, at: DateTime<Utc>, now: Duration) -> Duration {
    let own = watched.judged_at().map(|before| now.saturating_sub(before));
    let most = own.unwrap_or_else(|| watched.interval());
    match pinned.loaded {
        Some(updated_at) => (at.naive_utc() - updated_at)
            .to_std()
            .unwrap_or_default()
            .min(most),
        None => own.unwrap_or_default(),
    }
}
