//! Values that were sent, once they are judged: kept for a while, so that a repeat of one is known, and not without end.

use std::ops::Range;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_domain::counted;
use monitor_model::{ClockHistory, Conn, DbError, pushed_values};

use super::round::Round;
use crate::context::Context;

/// How long a judged value is kept: a sender that repeats one later is taken to send another.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);
/// Values of one metric that are kept, however young.
const MOST: i64 = 10_000;
/// Rows removed in one transaction: short enough that no reading waits for it.
const BATCH: i64 = 2_000;

/// Removes up to so many that were stamped so, and gives how many.
type Remove = fn(&mut Conn, &Range<NaiveDateTime>, i64) -> Result<usize, DbError>;

/// Removes what is too old or too much, until the round is over; whether nothing is left to do.
pub(super) async fn run(context: &Context, history: &ClockHistory, round: &Round) -> Result<bool, DbError> {
    let (judged, all_done) = aged(context, history, round, (KEEP, pushed_values::prune)).await?;
    if judged > 0 {
        log::debug!("removed {}", counted(judged, "value that was sent"));
    }
    // A reading would be removed then too.
    let keep = context.options.keep_samples;
    let (unjudged, all_of_them) = aged(context, history, round, (keep, pushed_values::prune_waiting)).await?;
    if unjudged > 0 {
        log::warn!(
            "removed {} that no worker has judged, since no config has had their metrics for as long as readings are kept",
            counted(unjudged, "sent value")
        );
    }
    Ok(all_done && all_of_them && numbered(context, round).await?)
}

/// Removes those that are older than `keep`: how many, and whether that is all.
async fn aged(
    context: &Context,
    history: &ClockHistory,
    round: &Round,
    (keep, remove): (Duration, Remove),
) -> Result<(usize, bool), DbError> {
    let mut all = 0;
    for stamped in history.older_than(keep) {
        loop {
            if round.is_over(context) {
                return Ok((all, false));
            }
            let stamped = stamped.clone();
            let removed = context
                .db
                .write(move |conn| remove(conn, &stamped, BATCH))
                .await?;
            all += removed;
            if i64::try_from(removed).is_ok_and(|removed| removed < BATCH) {
                break;
            }
        }
    }
    Ok((all, true))
}

/// Removes what is more than [`MOST`] of a metric; whether that is all.
async fn numbered(context: &Context, round: &Round) -> Result<bool, DbError> {
    for metric in context.metrics.iter().filter(|metric| metric.is_pushed()) {
        loop {
            if round.is_over(context) {
                return Ok(false);
            }
            let key = metric.key().to_owned();
            let remove = move |conn: &mut Conn| pushed_values::prune_beyond(conn, &key, MOST, BATCH);
            let removed = context.db.write(remove).await?;
            if i64::try_from(removed).is_ok_and(|removed| removed < BATCH) {
                break;
            }
        }
    }
    Ok(true)
}
