//! The housekeeping of a worker: its sign of life, and removing what is old.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{Conn, DbError, samples, workers};
use tokio_util::sync::CancellationToken;

use super::aging;
use crate::context::Context;

/// Time between two cleanings, and the longest between two rounds of acknowledging what is old.
const CLEANING: Duration = Duration::from_secs(600);
/// How much later than `auto_acknowledge` says an event may be acknowledged, as a part of that time.
const LATE: u32 = 20;
/// Time between two truncations of SQLite's write-ahead log.
const TRUNCATING: Duration = Duration::from_secs(60);
/// Rows deleted in one transaction: short enough that no reading waits for it.
const BATCH: i64 = 2_000;
/// How long a worker that is not heard from stays listed.
const FORGET: Duration = Duration::from_secs(24 * 3600);

/// Beats and cleans until `halt`. A database that fails is logged and tried again.
pub(crate) async fn run(context: Arc<Context>, halt: CancellationToken) {
    let mut cleaning = context.clock.monotonic();
    let (mut truncating, mut aging) = (cleaning, cleaning);
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = context.clock.sleep(context.options.heartbeat) => {}
        }
        if let Err(error) = heartbeat(&context).await {
            log::error!("heartbeat: {error}");
        }
        if context.clock.monotonic() >= truncating {
            truncating = context.clock.monotonic() + TRUNCATING;
            truncate(&context).await;
        }
        if context.clock.monotonic() >= aging {
            aging = context.clock.monotonic() + CLEANING.min(context.options.auto_acknowledge / LATE);
            if let Err(error) = aging::run(&context, &halt).await {
                log::warn!("acknowledging old events: {error}");
            }
        }
        if context.clock.monotonic() >= cleaning {
            cleaning = context.clock.monotonic() + CLEANING;
            if let Err(error) = clean(&context, &halt).await {
                log::warn!("cleaning: {error}");
            }
        }
    }
}

/// Keeps SQLite's write-ahead log short, and says who makes it grow.
async fn truncate(context: &Context) {
    match context.db.truncate_log().await {
        Ok(Some(log)) if log.is_a_problem() => log::warn!("{log}"),
        Ok(_) => {}
        Err(error) => log::warn!("the write-ahead log could not be truncated: {error}"),
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

/// What is removed is old by the time that passed while the monitor ran: no step of the wall clock makes it so.
async fn clean(context: &Context, halt: &CancellationToken) -> Result<(), DbError> {
    let history = context.clock_history().await?;
    for old in history.older_than(context.options.keep_samples) {
        remove(context, halt, move |conn| samples::prune(conn, &old, BATCH)).await?;
    }
    for silent in history.older_than(FORGET) {
        let forget = move |conn: &mut Conn| workers::forget(conn, &silent);
        context.db.write(forget).await?;
    }
    Ok(())
}

/// Removes batch by batch, until one is not full.
async fn remove(
    context: &Context,
    halt: &CancellationToken,
    batch: impl Fn(&mut Conn) -> Result<usize, DbError> + Clone + Send + 'static,
) -> Result<(), DbError> {
    while !halt.is_cancelled() {
        let gone = context.db.write(batch.clone()).await?;
        if i64::try_from(gone).unwrap_or(0) < BATCH {
            break;
        }
    }
    Ok(())
}
