//! `decision`: the latest judgements of each metric, a ring of a fixed size.

use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::error::DbError;
use crate::rows::Decision;
use crate::schema::decision::{self, dsl};
use crate::text::clean;

/// How many judgements of a metric are kept.
pub const KEPT: i64 = 100;

/// Stores a judgement in place of the one [`KEPT`] versions before it. `decision.slot` is not looked at.
pub fn record(c: &mut Conn, decision: &Decision) -> Result<(), DbError> {
    let slot = i32::try_from(decision.version.rem_euclid(KEPT)).unwrap_or_default();
    let columns = (
        dsl::version.eq(decision.version),
        dsl::at.eq(decision.at),
        dsl::value.eq(decision.value),
        dsl::phase.eq(&decision.phase),
        dsl::reason.eq(clean(&decision.reason)),
        dsl::effects.eq(&decision.effects),
    );
    on_each!(c, |c| diesel::insert_into(decision::table)
        .values((dsl::key.eq(&decision.key), dsl::slot.eq(slot), columns.clone()))
        .on_conflict((dsl::key, dsl::slot))
        .do_update()
        .set(columns)
        .execute(c))?;
    Ok(())
}

/// The latest judgements of a metric, newest first.
pub fn of(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Decision>, DbError> {
    Ok(decision::table
        .filter(dsl::key.eq(key))
        .order(dsl::version.desc())
        .limit(limit)
        .load(c)?)
}
