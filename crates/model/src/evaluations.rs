//! `evaluation`: the latest judgements of each metric, a ring of a fixed size.

use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::error::DbError;
use crate::rows::Evaluation;
use crate::schema::evaluation::{self, dsl};
use crate::text::clean;

/// How many judgements of a metric are kept.
pub const KEPT: i64 = 100;

/// Stores a judgement in place of the one [`KEPT`] versions before it. `evaluation.slot` is not looked at.
pub fn record(c: &mut Conn, evaluation: &Evaluation) -> Result<(), DbError> {
    let slot = i32::try_from(evaluation.version.rem_euclid(KEPT)).unwrap_or_default();
    let columns = (
        dsl::version.eq(evaluation.version),
        dsl::at.eq(evaluation.at),
        dsl::value.eq(evaluation.value),
        dsl::phase.eq(&evaluation.phase),
        dsl::reason.eq(clean(&evaluation.reason)),
        dsl::effects.eq(&evaluation.effects),
    );
    on_each!(c, |c| diesel::insert_into(evaluation::table)
        .values((
            dsl::key.eq(evaluation.key.as_str()),
            dsl::slot.eq(slot),
            columns.clone()
        ))
        .on_conflict((dsl::key, dsl::slot))
        .do_update()
        .set(columns)
        .execute(c))?;
    Ok(())
}

/// The latest judgements of a metric, newest first.
pub fn of(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Evaluation>, DbError> {
    Ok(evaluation::table
        .filter(dsl::key.eq(key))
        .order(dsl::version.desc())
        .limit(limit)
        .load(c)?)
}
