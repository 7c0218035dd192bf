//! Claims that last, and claims without a worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// Extends the leases of what a worker is sending; returns how many it still holds.
pub fn renew(
    c: &mut Conn,
    worker: &str,
    in_flight: &[i64],
    lease_until: NaiveDateTime,
) -> Result<usize, DbError> {
    let held = delivery::table
        .filter(dsl::id.eq_any(in_flight))
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.eq(worker));
    Ok(diesel::update(held)
        .set(dsl::lease_until.eq(Some(lease_until)))
        .execute(c)?)
}

/// Puts back what a worker claimed and is not sending: after a claim whose commit was not answered, or an attempt that
/// broke off. Returns how many.
pub fn release_orphaned(c: &mut Conn, worker: &str, in_flight: &[i64]) -> Result<usize, DbError> {
    let orphaned = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.eq(worker))
        .filter(dsl::id.ne_all(in_flight));
    Ok(diesel::update(orphaned)
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c)?)
}

/// The workers that hold claims, dead ones among them.
pub fn holders(c: &mut Conn) -> Result<Vec<String>, DbError> {
    Ok(delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.is_not_null())
        .select(dsl::worker.assume_not_null())
        .distinct()
        .load(c)?)
}

/// Takes away all claims of a worker that is known to be dead, so that they need not wait for its lease to run out;
/// returns how many.
pub fn reclaim(c: &mut Conn, dead_worker: &str) -> Result<usize, DbError> {
    let held = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.eq(dead_worker));
    Ok(diesel::update(held)
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c)?)
}
