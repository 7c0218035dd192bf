//! `incident`: what is wrong with the monitor itself.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::enums::IncidentKind;
use crate::error::DbError;
use crate::rows::{Incident, NewIncident};
use crate::schema::incident::{self, dsl};
use crate::text::clean;

/// Opens a incident; `None` where one of this kind and subject is open, so that only one of several workers tells it.
pub fn open(c: &mut Conn, new: &NewIncident) -> Result<Option<Incident>, DbError> {
    let values = (
        dsl::kind.eq(new.kind),
        dsl::subject.eq(clean(&new.subject)),
        dsl::severity.eq(new.severity.as_str()),
        dsl::reason.eq(clean(&new.reason)),
        dsl::since.eq(new.since),
        dsl::opened_at.eq(new.opened_at),
    );
    Ok(on_each!(c, |c| diesel::insert_into(incident::table)
        .values(values)
        .on_conflict_do_nothing()
        .returning(incident::all_columns)
        .get_result(c)
        .optional())?)
}

/// The open incident of this kind and subject, which nobody else ends before the transaction does.
pub fn lock_open(c: &mut Conn, kind: IncidentKind, subject: &str) -> Result<Option<Incident>, DbError> {
    let open = incident::table
        .filter(dsl::ended_at.is_null())
        .filter(dsl::kind.eq(kind))
        .filter(dsl::subject.eq(clean(subject)));
    // A change that changes nothing locks the row on PostgreSQL; on SQLite there is one writer anyway.
    Ok(diesel::update(open)
        .set(dsl::since.eq(dsl::since))
        .returning(incident::all_columns)
        .get_result(c)
        .optional()?)
}

/// Ends a incident; `false` where there is none with this id, or it was over already.
pub fn end(c: &mut Conn, id: i64, at: NaiveDateTime) -> Result<bool, DbError> {
    let open = incident::table.find(id).filter(dsl::ended_at.is_null());
    Ok(diesel::update(open).set(dsl::ended_at.eq(Some(at))).execute(c)? == 1)
}

/// All incidents that are not over, oldest first.
pub fn all_open(c: &mut Conn) -> Result<Vec<Incident>, DbError> {
    Ok(incident::table
        .filter(dsl::ended_at.is_null())
        .order(dsl::id.asc())
        .load(c)?)
}

/// The incidents older than the one with the id `before`, newest first.
pub fn page(c: &mut Conn, before: i64, limit: i64) -> Result<Vec<Incident>, DbError> {
    Ok(incident::table
        .filter(dsl::id.lt(before))
        .order(dsl::id.desc())
        .limit(limit)
        .load(c)?)
}
