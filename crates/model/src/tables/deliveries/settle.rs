//! The result of an attempt. Each names the attempt, so that a worker that lost its claim changes nothing.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::row::Delivery;
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};
use crate::tables::text::clean;

/// The row, if this attempt still holds the claim.
macro_rules! held {
    ($id:expr, $attempt:expr) => {
        delivery::table
            .find($id)
            .filter(dsl::status.eq(DeliveryStatus::Sending))
            .filter(dsl::attempt.eq($attempt))
    };
}

/// Marks a delivery as sent; `false`: fenced out, another worker claimed it since.
pub fn mark_sent(c: &mut Conn, id: i64, attempt: i32, at: NaiveDateTime) -> Result<bool, DbError> {
    let sent = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(DeliveryStatus::Sent),
            dsl::finished_at.eq(Some(at)),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(None::<String>),
        ))
        .execute(c)?;
    Ok(sent == 1)
}

/// Puts a delivery back until `next_at`, after a failure that may pass; `false`: fenced out.
pub fn mark_retry(
    c: &mut Conn,
    id: i64,
    attempt: i32,
    next_at: NaiveDateTime,
    error: &str,
) -> Result<bool, DbError> {
    let put_back = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::next_at.eq(next_at),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(Some(clean(error))),
        ))
        .execute(c)?;
    Ok(put_back == 1)
}

/// Ends a delivery that was not sent, as `Failed` or `GivenUp`; `false`: fenced out.
///
/// # Errors
/// [`DbError::Query`] for a status that is not final.
pub fn mark_final(
    c: &mut Conn,
    id: i64,
    attempt: i32,
    status: DeliveryStatus,
    at: NaiveDateTime,
    error: &str,
) -> Result<bool, DbError> {
    let ended = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(status),
            dsl::finished_at.eq(Some(at)),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(Some(clean(error))),
        ))
        .execute(c)?;
    Ok(ended == 1)
}

/// Gives a claim back unsent, so that any worker can claim the delivery at once; `false`: fenced out. For a clean stop.
pub fn release(c: &mut Conn, id: i64, attempt: i32) -> Result<bool, DbError> {
    let released = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c)?;
    Ok(released == 1)
}

/// Makes a delivery due again that ended unsent, because a person requests it; `false` where it did not end so.
pub fn retry(c: &mut Conn, id: i64, now: NaiveDateTime) -> Result<bool, DbError> {
    let undelivered = delivery::table.find(id).filter(
        dsl::status
            .eq(DeliveryStatus::Failed)
            .or(dsl::status.eq(DeliveryStatus::GivenUp)),
    );
    let again = diesel::update(undelivered)
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::next_at.eq(now),
            dsl::finished_at.eq(None::<NaiveDateTime>),
            dsl::retried_at.eq(Some(now)),
            dsl::batch.eq(None::<String>),
        ))
        .execute(c)?;
    Ok(again == 1)
}

/// Writes to what waits in lanes other than `lanes` why nothing is tried, and returns to how many that was news.
pub fn mark_orphaned(c: &mut Conn, lanes: &[String], error: &str) -> Result<usize, DbError> {
    let error = clean(error);
    let orphaned = delivery::table
        .filter(dsl::status.eq(DeliveryStatus::Pending))
        .filter(dsl::lane.ne_all(lanes))
        .filter(dsl::last_error.is_null().or(dsl::last_error.ne(error.clone())));
    Ok(diesel::update(orphaned)
        .set(dsl::last_error.eq(Some(error)))
        .execute(c)?)
}

/// Gives up what is stamped so in lanes other than `lanes`, which no worker serves any more, and
/// returns it.
pub fn give_up_orphaned(
    c: &mut Conn,
    lanes: &[String],
    stamped: &Range<NaiveDateTime>,
    now: NaiveDateTime,
    error: &str,
) -> Result<Vec<Delivery>, DbError> {
    let orphaned = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::lane.ne_all(lanes))
        .filter(dsl::created_at.ge(stamped.start))
        .filter(dsl::created_at.lt(stamped.end));
    Ok(diesel::update(orphaned)
        .set((
            dsl::status.eq(DeliveryStatus::GivenUp),
            dsl::finished_at.eq(Some(now)),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(Some(clean(error))),
        ))
        .returning(delivery::all_columns)
        .get_results(c)?)
}
