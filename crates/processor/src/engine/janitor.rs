//! The housekeeping of a worker: its sign of life, and throwing away what is old.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::{Conn, DbError, deliveries, samples, workers};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::conclude::elsewhere;
use super::parcel::Parcel;
use super::told::{self, ALARM_LANE, DETAILS_LANE};

/// Time between two cleanings.
const CLEANING: Duration = Duration::from_secs(600);
/// Rows deleted in one transaction: short enough that no reading waits for it.
const BATCH: i64 = 2_000;
/// How long a worker that stops tries to say so.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a worker that is not heard from stays listed.
const FORGET: Duration = Duration::from_secs(24 * 3600);

/// Beats and cleans until `halt`. A database that fails is told and tried again.
pub(crate) async fn run(shared: Arc<Shared>, halt: CancellationToken) {
    let mut cleaning = shared.clock.monotonic();
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = shared.clock.sleep(shared.options.heartbeat) => {}
        }
        if let Err(error) = heartbeat(&shared).await {
            log::error!("heartbeat: {error}");
        }
        if shared.clock.monotonic() >= cleaning {
            cleaning = shared.clock.monotonic() + CLEANING;
            if let Err(error) = clean(&shared, &halt).await {
                log::warn!("cleaning: {error}");
            }
        }
    }
}

/// Says that this worker lives.
pub(crate) async fn heartbeat(shared: &Shared) -> Result<(), DbError> {
    let beaten = shared.presence.beat(&shared.db, shared.clock.wall()).await;
    if beaten.is_ok() {
        shared.database.may_work();
    }
    beaten
}

/// Takes this worker off the list: it stopped cleanly and is not missed.
pub(crate) async fn sign_off(shared: &Shared) {
    let leaving = shared.presence.leave(&shared.db);
    match monitor_domain::timeout(&*shared.clock, GOODBYE, leaving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            log::warn!("this worker could not be signed off and will be shown as dead: {error}");
        }
        Err(_) => log::warn!("this worker could not be signed off in time and will be shown as dead"),
    }
}

/// Gives up what waits for a channel that the config has no more: as long as any other delivery it may wait for the
/// channel to come back, and then it is shown, counted and told elsewhere like any other.
async fn strand(shared: &Arc<Shared>, now: NaiveDateTime) -> Result<(), DbError> {
    let mut lanes = vec![ALARM_LANE.to_owned(), DETAILS_LANE.to_owned()];
    lanes.extend(
        shared
            .channels
            .iter()
            .map(|channel| channel.notifier.name().to_owned()),
    );
    let before = ago(now, shared.options.max_age);
    let telling = Arc::clone(shared);
    let give_up = move |conn: &mut Conn| {
        let error = "no channel of this name is in the config any more";
        let stranded = deliveries::give_up_orphaned(conn, &lanes, before, now, error)?;
        let count = stranded.len();
        for parcel in stranded.into_iter().filter_map(|one| Parcel::of(vec![one])) {
            if let Some((audience, about, message)) = elsewhere(&telling, &parcel, error, now) {
                told::enqueue(conn, &audience, about, &message, now)?;
            }
        }
        Ok(count)
    };
    let stranded = shared.db.write(give_up).await?;
    if stranded > 0 {
        log::error!("{stranded} deliveries for channels that the config does not have were given up");
    }
    Ok(())
}

async fn clean(shared: &Arc<Shared>, halt: &CancellationToken) -> Result<(), DbError> {
    let now = shared.clock.wall().naive_utc();
    let before = ago(now, shared.options.keep_samples);
    while !halt.is_cancelled() {
        let gone = shared
            .db
            .write(move |conn| samples::prune(conn, before, BATCH))
            .await?;
        if i64::try_from(gone).unwrap_or(0) < BATCH {
            break;
        }
    }
    strand(shared, now).await?;
    let silent = ago(now, FORGET);
    shared.db.write(move |conn| workers::forget(conn, silent)).await?;
    Ok(())
}

/// A time so long ago that the calendar does not reach it is the earliest there is.
pub(crate) fn ago(now: NaiveDateTime, span: Duration) -> NaiveDateTime {
    chrono::Duration::from_std(span)
        .ok()
        .and_then(|span| now.checked_sub_signed(span))
        .unwrap_or(NaiveDateTime::MIN)
}
