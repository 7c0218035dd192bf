//! Writing down what an attempt came to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::{Conn, DbError, Delivery, DeliveryStatus, deliveries};

use super::fallback::Fallback;
use super::lane::LaneParts;
use crate::context::{Context, may_pass};
use crate::fault::{self, Point};
use crate::outbox::{AttemptResult, Batch, Done};

/// How often marking is tried that fails for a reason that will not pass.
const MARK_TRIES: u32 = 10;
/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);
/// Characters kept of what the other side said.
const MAX_ERROR: usize = 1_000;

/// How an attempt ended, for its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptOutcome {
    /// Delivered, or refused for a reason that is not the lane's.
    Through,
    /// To be tried again; the other side may have requested a pause.
    Later(Option<Duration>),
    /// Tried for too long.
    GivenUp,
    /// Not marked: it is claimed and nobody is sending it.
    Orphaned,
}

/// Marks what an attempt came to. While the database is away it is tried for as long as it takes: nobody else can claim the
/// delivery either, and what was sent and cannot be marked would be sent again.
pub(super) async fn settle(
    context: &Context,
    batch: &Batch,
    result: AttemptResult,
    lane: &LaneParts,
) -> AttemptOutcome {
    let (mut tries, mut failed) = (0, false);
    loop {
        match mark(context, batch, &result, lane).await {
            Ok(outcome) => {
                if failed {
                    context.database_served(&batch.name());
                }
                return outcome;
            }
            Err(error) => {
                failed = true;
                tries += u32::from(!may_pass(&error));
                let name = batch.name();
                if tries >= MARK_TRIES {
                    log::error!("{name}: could not be marked and will be made again: {error}");
                    return AttemptOutcome::Orphaned;
                }
                let what = format!("{name}: could not be marked, trying again");
                context.database_failed(&name, what, &error);
            }
        }
        context.clock.sleep(DB_PAUSE).await;
    }
}

async fn mark(
    context: &Context,
    batch: &Batch,
    result: &AttemptResult,
    lane: &LaneParts,
) -> Result<AttemptOutcome, DbError> {
    let now = context.clock.wall().naive_utc();
    match result {
        AttemptResult::Delivered(done) => {
            if *done == Done::Unmarked {
                fault::point(Point::BeforeMark);
                mark_sent(context, batch, lane, now).await?;
            }
            lane.health.works();
            fault::point(Point::AfterMark);
            batch.all().iter().for_each(|_| lane.meter.sent());
            log::info!("{} done (attempt {})", batch.name(), batch.attempt());
            Ok(AttemptOutcome::Through)
        }
        AttemptResult::Transient {
            reason,
            retry_after,
            at_most,
        } => put_off(context, batch, lane, now, reason, (*retry_after, *at_most)).await,
        AttemptResult::UnknownRecipient { reason } if !takes_others(context, batch).await? => {
            put_off(context, batch, lane, now, reason, (None, None)).await
        }
        AttemptResult::Permanent { reason } | AttemptResult::UnknownRecipient { reason } => {
            lane.health.works();
            let status = DeliveryStatus::Failed;
            give_up(context, batch, (status, cut(reason)), now, lane).await?;
            Ok(AttemptOutcome::Through)
        }
    }
}

/// Whether the channel delivered to somebody else since this delivery was made. Where it did not, everybody may be refused, and what
/// is set up wrong is mended: then this one is delivered too.
async fn takes_others(context: &Context, batch: &Batch) -> Result<bool, DbError> {
    let Delivery {
        lane,
        recipient,
        created_at,
        ..
    } = batch.first().clone();
    let read = move |conn: &mut Conn| deliveries::was_sent_to_others(conn, &lane, &recipient, created_at);
    context.db.read(read).await
}

/// To be tried again, unless it has been for too long. The other side may have requested a pause, and people may wait no longer
/// than the second one.
async fn put_off(
    context: &Context,
    batch: &Batch,
    lane: &LaneParts,
    now: NaiveDateTime,
    reason: &str,
    (requested, at_most): (Option<Duration>, Option<Duration>),
) -> Result<AttemptOutcome, DbError> {
    let (monotonic, wall) = (context.clock.monotonic(), context.clock.wall());
    lane.health.fails(reason, monotonic, wall);
    let age = batch.age(&context.clock_history().await?);
    let left = lane.retry.max_age.saturating_sub(age);
    if left.is_zero() {
        let status = DeliveryStatus::GivenUp;
        give_up(context, batch, (status, cut(reason)), now, lane).await?;
        return Ok(AttemptOutcome::GivenUp);
    }
    // The last attempt comes when the time is over, however long the pause would be.
    let pause = lane.retry.pause(batch.attempt(), requested);
    let pause = pause.min(at_most.unwrap_or(left)).min(left);
    mark_retry(context, batch, reason, now, pause).await?;
    lane.meter.retried();
    Ok(AttemptOutcome::Later(requested))
}

/// Where the lane failed before and works now, nothing in it need wait any longer. After a restart only the delivery knows.
async fn mark_sent(
    context: &Context,
    batch: &Batch,
    lane: &LaneParts,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let works_again = batch.was_put_off() || lane.health.is_failing();
    let (name, recipient) = (batch.first().lane.clone(), batch.first().recipient.clone());
    // Where one recipient failed, the others have nothing to make up for, and where another fails, it goes on waiting.
    let everybody = lane.is_down.load(Ordering::Relaxed);
    let claims = batch.claims();
    let mark = move |conn: &mut Conn| {
        let mut sent = false;
        for (id, attempt) in &claims {
            sent |= deliveries::mark_sent(conn, *id, *attempt, now)?;
        }
        if sent && works_again {
            let recipient = (!everybody).then_some(recipient.as_str());
            deliveries::make_due_again(conn, &name, recipient, now)?;
        }
        Ok(())
    };
    context.db.write(mark).await
}

async fn mark_retry(
    context: &Context,
    batch: &Batch,
    reason: &str,
    now: NaiveDateTime,
    pause: Duration,
) -> Result<(), DbError> {
    let (name, attempt) = (batch.name(), batch.attempt());
    log::warn!("{name} failed (attempt {attempt}), again in {pause:.1?}: {reason}");
    // Whole milliseconds: the databases hold no more than microseconds.
    let next = now + Duration::from_millis(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
    let (claims, error) = (batch.claims(), cut(reason));
    let mark = move |conn: &mut Conn| {
        for (id, attempt) in &claims {
            deliveries::mark_retry(conn, *id, *attempt, next, &error)?;
        }
        Ok(())
    };
    context.db.write(mark).await
}

/// Ends what does not get through, and notifies others of it in the same transaction.
async fn give_up(
    context: &Context,
    batch: &Batch,
    (status, error): (DeliveryStatus, String),
    now: NaiveDateTime,
    lane: &LaneParts,
) -> Result<(), DbError> {
    log::error!("{} given up: {error}", batch.name());
    let given_up = lane.job.given_up(context, batch, &error, now);
    let fallback = given_up.and_then(|given_up| Fallback::of(context, batch, given_up));
    let claims = batch.claims();
    let end = move |conn: &mut Conn| {
        let mut ended = false;
        for (id, attempt) in &claims {
            ended |= deliveries::mark_final(conn, *id, *attempt, status, now, &error)?;
        }
        if ended && let Some(fallback) = &fallback {
            fallback.enqueue(conn, now)?;
        }
        Ok(())
    };
    context.db.write(end).await?;
    batch.all().iter().for_each(|_| lane.meter.ended(status));
    Ok(())
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_ERROR).collect()
}
