//! Into the outbox, each key once.

use diesel::prelude::*;

use super::row::NewDelivery;
use crate::backend::{Conn, on_each};
use crate::error::DbError;
use crate::tables::schema::delivery::{self, dsl};
use crate::tables::text::clean;

/// Rows an INSERT: 12 values each stay below every limit on bound values (SQLite 32,766, PostgreSQL 65,535).
const ROWS_AN_INSERT: usize = 500;

/// Puts deliveries into the outbox; those whose `dedupe_key` is there already are left out. Returns how many are new.
pub fn enqueue(c: &mut Conn, new: &[NewDelivery]) -> Result<usize, DbError> {
    let mut added = 0;
    for some in new.chunks(ROWS_AN_INSERT) {
        let rows: Vec<_> = some
            .iter()
            .map(|d| {
                (
                    dsl::alert_id.eq(d.alert_id),
                    dsl::record_id.eq(d.record_id),
                    dsl::incident_id.eq(d.incident_id),
                    dsl::lane.eq(clean(&d.lane)),
                    dsl::event.eq(clean(&d.event)),
                    dsl::recipient.eq(clean(&d.recipient)),
                    dsl::dedupe_key.eq(clean(&d.dedupe_key)),
                    dsl::message_id.eq(clean(&d.message_id)),
                    dsl::payload.eq(clean(&d.payload)),
                    dsl::next_at.eq(d.next_at),
                    dsl::created_at.eq(d.created_at),
                    dsl::urgency.eq(d.urgency),
                )
            })
            .collect();
        added += on_each!(c, |c| diesel::insert_into(delivery::table)
            .values(&rows)
            .on_conflict(dsl::dedupe_key)
            .do_nothing()
            .execute(c))?;
    }
    Ok(added)
}

/// Whether there is a delivery of this key that is neither sent nor failed nor given up.
pub fn is_unfinished(c: &mut Conn, dedupe_key: &str) -> Result<bool, DbError> {
    let open = delivery::table
        .filter(dsl::dedupe_key.eq(dedupe_key))
        .filter(dsl::finished_at.is_null());
    Ok(open.count().get_result::<i64>(c)? > 0)
}
