//! `incident`: the monitor's own incidents.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use monitor_domain::Severity;

use super::MAX_BINDS;
use super::column::FromText;
use super::deliveries;
use super::enums::IncidentKind;
use super::schema::incident::{self, dsl};
use super::text::clean;
use crate::backend::{Conn, on_each};
use crate::error::DbError;

/// An incident of the monitor itself. Table `incident`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Incident {
    /// Given by the database.
    pub id: i64,
    /// What kind.
    pub kind: IncidentKind,
    /// Of what: the system, the channel, the process; empty where there is only one.
    pub subject: String,
    /// `info`, `warning` or `critical`.
    #[diesel(deserialize_as = FromText<Severity>)]
    pub severity: Severity,
    /// What is wrong, for people.
    pub reason: String,
    /// Since when.
    pub since: NaiveDateTime,
    /// When it was detected.
    pub opened_at: NaiveDateTime,
    /// When it was over; `None` while it is not.
    pub ended_at: Option<NaiveDateTime>,
}

/// What a new [`Incident`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIncident {
    /// See [`Incident::kind`].
    pub kind: IncidentKind,
    /// See [`Incident::subject`].
    pub subject: String,
    /// See [`Incident::severity`].
    pub severity: Severity,
    /// See [`Incident::reason`].
    pub reason: String,
    /// See [`Incident::since`].
    pub since: NaiveDateTime,
    /// See [`Incident::opened_at`].
    pub opened_at: NaiveDateTime,
}

/// Opens an incident; `None` where one of this kind and subject is open, so that only one of several workers notifies of
/// it.
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

/// Says anew what is wrong, of an incident that is not over.
pub fn describe(c: &mut Conn, id: i64, reason: &str) -> Result<(), DbError> {
    let open = incident::table.find(id).filter(dsl::ended_at.is_null());
    diesel::update(open)
        .set(dsl::reason.eq(clean(reason)))
        .execute(c)?;
    Ok(())
}

/// Ends an incident; `false` where there is none with this id, or it was over already.
pub fn end(c: &mut Conn, id: i64, at: NaiveDateTime) -> Result<bool, DbError> {
    let open = incident::table.find(id).filter(dsl::ended_at.is_null());
    Ok(diesel::update(open).set(dsl::ended_at.eq(Some(at))).execute(c)? == 1)
}

/// That something about an incident has yet to be sent.
const HAS_WORK: &str =
    "EXISTS (SELECT 1 FROM delivery d WHERE d.incident_id = incident.id AND d.finished_at IS NULL)";

/// Removes up to `limit` incidents that ended then, with what was sent about them, and returns how many. What has yet to be
/// sent keeps its incident.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old: Vec<i64> = incident::table
        .filter(dsl::ended_at.ge(Some(stamped.start)))
        .filter(dsl::ended_at.lt(Some(stamped.end)))
        .filter(diesel::dsl::not(sql::<Bool>(HAS_WORK)))
        .order(dsl::ended_at.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    let mut removed = 0;
    for ids in old.chunks(MAX_BINDS) {
        deliveries::remove_of_incidents(c, ids)?;
        removed += diesel::delete(incident::table.filter(dsl::id.eq_any(ids))).execute(c)?;
    }
    Ok(removed)
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
