//! One reading of one metric: sample, judge, commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_model::{DbError, states};
use monitor_rules::{Observed, Reading, State, judge};

use super::Shared;
use super::counts::Count;
use super::outcome::Outcome;
use crate::metric::{Metric, sample};

/// The longest a sample may take, whatever the retries of its system; the next tick reads again anyway.
const SAMPLE_LIMIT: Duration = Duration::from_secs(30);
/// How often a commit is tried that failed for a passing reason (a locked file, a restarting server).
const COMMIT_TRIES: u32 = 5;
/// The first pause between two tries; it doubles.
const COMMIT_PAUSE: Duration = Duration::from_millis(250);

/// A metric and what this worker remembers of it.
pub(crate) struct Watched {
    pub(crate) metric: Box<dyn Metric>,
    running: AtomicBool,
    known: Mutex<Option<Known>>,
}

/// The rule state as this worker last stored or read it.
#[derive(Clone)]
struct Known {
    state: State,
    version: i64,
    judged_at: Duration,
}

/// The right to run one cycle of a metric; there is one at a time.
pub(crate) struct Turn {
    pub(crate) watched: Arc<Watched>,
}

impl Watched {
    pub(crate) fn new(metric: Box<dyn Metric>) -> Watched {
        Watched {
            metric,
            running: AtomicBool::new(false),
            known: Mutex::new(None),
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
    let begun = shared.clock.monotonic();
    let observed = observe(shared, &*watched.metric).await;
    let took = shared.clock.monotonic().saturating_sub(begun);
    if let Observed::Unreadable(why) = &observed {
        shared.counts.add(Count::unreadable, 1);
        log::warn!("metric {}: cannot be read: {why}", watched.key());
    }
    match commit(shared, watched, observed, took).await {
        Ok(alerts) => {
            shared.counts.add(Count::cycles, 1);
            shared.counts.add(Count::alerts, alerts);
        }
        Err(DbError::Conflict { .. }) => {
            watched.remember(None);
            shared.counts.add(Count::conflicts, 1);
            log::info!(
                "metric {}: judged by another worker meanwhile; this reading is dropped",
                watched.key()
            );
        }
        Err(error) => {
            watched.remember(None);
            shared.counts.add(Count::unsaved, 1);
            log::error!(
                "metric {}: the reading could not be stored: {error}",
                watched.key()
            );
        }
    }
}

async fn observe(shared: &Shared, metric: &dyn Metric) -> Observed {
    let limit = SAMPLE_LIMIT.max(metric.config().interval);
    match monitor_requests::timeout(&*shared.clock, limit, sample(metric, &shared.upstreams)).await {
        Ok(Ok(value)) => Observed::Value(value),
        Ok(Err(error)) => Observed::Unreadable(error.to_string()),
        Err(_) => Observed::Unreadable(format!("no answer within {}", humantime::format_duration(limit))),
    }
}

/// Judges against the stored state and stores the outcome; gives how many alerts it opened.
async fn commit(
    shared: &Shared,
    watched: &Watched,
    observed: Observed,
    took: Duration,
) -> Result<u64, DbError> {
    let at = shared.clock.wall();
    let mut pause = COMMIT_PAUSE;
    let mut tries = 0;
    loop {
        tries += 1;
        match commit_once(shared, watched, observed.clone(), at, took).await {
            Err(error) if may_pass(&error) && tries < COMMIT_TRIES => {
                log::warn!(
                    "metric {}: storing the reading failed (try {tries}): {error}",
                    watched.key()
                );
                // Whether a COMMIT that broke off took place is not known: read the state again before judging,
                // or the same rise could be told twice.
                watched.remember(None);
                shared.clock.sleep(pause).await;
                pause *= 2;
            }
            end => return end,
        }
    }
}

fn may_pass(error: &DbError) -> bool {
    error.is_transient() || matches!(error, DbError::CommitUnknown { .. })
}

async fn commit_once(
    shared: &Shared,
    watched: &Watched,
    observed: Observed,
    at: chrono::DateTime<chrono::Utc>,
    took: Duration,
) -> Result<u64, DbError> {
    let now = shared.clock.monotonic();
    let (known, elapsed) = match watched.known() {
        Some(known) => {
            let elapsed = now.saturating_sub(known.judged_at);
            (known, elapsed)
        }
        None => load(shared, watched.key(), at, now).await?,
    };
    let rule = &watched.metric.config().rule;
    let judgement = judge(
        rule,
        &known.state,
        &Reading {
            at,
            elapsed,
            observed: observed.clone(),
        },
    );
    let outcome = Outcome::new(
        shared,
        &*watched.metric,
        &known.state,
        &judgement,
        &observed,
        at,
        took,
        known.version,
    );
    let alerts = outcome.alerts();
    shared.db.write(move |conn| outcome.store(conn)).await?;
    log::debug!("metric {}: {}", watched.key(), judgement.reason);
    watched.remember(Some(Known {
        state: judgement.state,
        version: known.version + 1,
        judged_at: now,
    }));
    Ok(alerts)
}

/// The stored state, and the time since it was judged: by the wall clock, which is all that outlives a process,
/// and never less than nothing.
async fn load(
    shared: &Shared,
    key: &str,
    at: chrono::DateTime<chrono::Utc>,
    now: Duration,
) -> Result<(Known, Duration), DbError> {
    let wanted = key.to_owned();
    let stored = shared.db.read(move |conn| states::load(conn, &wanted)).await?;
    Ok(match stored {
        None => (
            Known {
                state: State::default(),
                version: 0,
                judged_at: now,
            },
            Duration::ZERO,
        ),
        Some(row) => {
            let state = serde_json::from_str(&row.state).unwrap_or_else(|error| {
                log::error!("metric {key}: the stored rule state cannot be read, starting afresh: {error}");
                State::default()
            });
            let elapsed = (at.naive_utc() - row.updated_at).to_std().unwrap_or_default();
            (
                Known {
                    state,
                    version: row.version,
                    judged_at: now,
                },
                elapsed,
            )
        }
    })
}
