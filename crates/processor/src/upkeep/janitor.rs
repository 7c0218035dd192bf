//! The housekeeping of a worker: its sign of life, and removing what is old.

use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{Conn, DbError, workers};
use tokio_util::sync::CancellationToken;

use super::round::Round;
use super::{aging, pruning, pushed};
use crate::context::{Context, Generations};

/// Time between two cleanings, and the longest between two rounds of acknowledging what is old.
const CLEANING: Duration = Duration::from_secs(600);
/// How much later than `auto_acknowledge` says an event may be acknowledged, as a part of that time.
const LATE: u32 = 20;
/// Time between two truncations of SQLite's write-ahead log.
const TRUNCATING: Duration = Duration::from_secs(60);
/// How long a worker that is not heard from stays listed.
const FORGET: Duration = Duration::from_secs(24 * 3600);

/// Who needs the database for the sign of life, in the log.
const HEARTBEAT: &str = "heartbeat";

/// Beats and cleans until `halt`, by the newest config. A database that fails is logged and tried again.
pub(crate) async fn run(mut generations: Generations, halt: CancellationToken) {
    let mut cleaning = generations.borrow().clock.monotonic();
    let (mut truncating, mut aging) = (cleaning, cleaning);
    loop {
        let context = generations.borrow_and_update().clone();
        tokio::select! {
            () = halt.cancelled() => return,
            () = context.clock.sleep(context.options.heartbeat) => {}
        }
        match heartbeat(&context).await {
            Ok(()) => context.database_served(HEARTBEAT),
            Err(error) => context.database_failed(HEARTBEAT, HEARTBEAT, &error),
        }
        if context.clock.monotonic() >= truncating {
            truncating = context.clock.monotonic() + TRUNCATING;
            truncate(&context).await;
        }
        if context.clock.monotonic() >= aging {
            let done = aging::run(&context, &Round::begin(&context, &halt)).await;
            let pause = CLEANING.min(context.options.auto_acknowledge / LATE);
            aging = next(&context, done, "acknowledging old events", pause);
        }
        if context.clock.monotonic() >= cleaning {
            let done = clean(&context, &halt).await;
            cleaning = next(&context, done, "cleaning", CLEANING);
        }
    }
}

/// Keeps SQLite's write-ahead log short, and says who makes it grow.
async fn truncate(context: &Context) {
    let who = "write-ahead log";
    match context.db.truncate_log().await {
        Ok(Some(log)) if log.is_a_problem() => log::warn!("{log}"),
        Ok(_) => context.database_served(who),
        Err(error) => context.database_failed(who, "the write-ahead log could not be truncated", &error),
    }
}

/// Stores that this worker is alive.
pub(crate) async fn heartbeat(context: &Context) -> Result<(), DbError> {
    let beaten = context.presence.beat(&context.db, &*context.clock).await;
    if beaten.is_ok() {
        context.database.may_work();
    }
    beaten
}

/// Takes this worker off the list: it is not missed. `stopped_at` is when it stopped, where it was to run until then.
pub(crate) async fn sign_off(context: &Context, stopped_at: Option<DateTime<Utc>>) {
    let leaving = context.presence.leave(&context.db, stopped_at);
    let limit = context.options.goodbye();
    match monitor_domain::timeout(&*context.clock, limit, leaving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            log::warn!("this worker could not be signed off and will be shown as dead: {error}");
        }
        Err(_) => log::warn!("this worker could not be signed off in time and will be shown as dead"),
    }
}

/// Removes what is old by the time that passed while the monitor ran, as no step of the wall clock makes it so; whether nothing is left
/// to do.
async fn clean(context: &Context, halt: &CancellationToken) -> Result<bool, DbError> {
    let history = context.clock_history().await?;
    for silent in history.older_than(FORGET) {
        let forget = move |conn: &mut Conn| workers::forget(conn, &silent);
        context.db.write(forget).await?;
    }
    let round = Round::begin(context, halt);
    Ok(pushed::run(context, &history, &round).await? & pruning::run(context, &history, &round).await?)
}

/// When to go on: at the next heartbeat where a round was too short.
fn next(context: &Context, done: Result<bool, DbError>, what: &str, pause: Duration) -> Duration {
    let pause = match done {
        Ok(false) => Duration::ZERO,
        Ok(true) => pause,
        Err(error) => {
            log::warn!("{what}: {error}");
            pause
        }
    };
    context.clock.monotonic() + pause
}
