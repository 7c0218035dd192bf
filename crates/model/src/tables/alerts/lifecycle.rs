//! From the opening of an alert to its end.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::groups;
use super::row::{Alert, NewAlert, Stored, own_columns, stored_columns, with_group};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::AlertKind;
use crate::tables::schema::alert::{self, dsl};
use crate::tables::text::{clean, clean_opt};

/// Mutes that do not keep people from being notified: they are notified of the incident. See [`Mute`](crate::Mute).
const COVERED: &str = "incident:%";

/// Opens an alert. An event joins the open group of its metric.
pub fn open(c: &mut Conn, new: &NewAlert) -> Result<Alert, DbError> {
    let of = groups::Of {
        key: &new.key,
        muted: new.muted.is_some(),
    };
    let group = match new.kind {
        AlertKind::Event => Some(groups::join(c, of, 1, new.opened_at)?),
        AlertKind::Level | AlertKind::NoData => None,
    };
    Ok(diesel::insert_into(alert::table)
        .values((
            dsl::key.eq(new.key.as_str()),
            dsl::kind.eq(new.kind),
            dsl::severity.eq(new.severity.as_str()),
            dsl::reason.eq(clean(&new.reason)),
            dsl::value.eq(new.value),
            dsl::previous.eq(new.previous),
            dsl::opened_at.eq(new.opened_at),
            dsl::muted.eq(new.muted.as_deref()),
            dsl::group_id.eq(group),
        ))
        .returning(own_columns!())
        .get_result(c)?)
}

/// The alert with this id, which nobody else changes until the end of the transaction.
pub fn lock(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    // A change that changes nothing locks the row on PostgreSQL; on SQLite there is one writer anyway.
    let locked = diesel::update(alert::table.find(id))
        .set(dsl::further_messages.eq(dsl::further_messages))
        .returning(stored_columns!())
        .get_result::<Stored>(c)
        .optional()?;
    locked.map(|locked| with_group(c, locked)).transpose()
}

/// Ends an alert and gives it as it is then; `None` where there is none with this id, or it was over already.
pub fn resolve(
    c: &mut Conn,
    id: i64,
    at: NaiveDateTime,
    value: Option<f64>,
) -> Result<Option<Alert>, DbError> {
    if let Some(group) = groups::of_alert(c, id)?
        && !groups::leave(c, id, group)?
    {
        return Ok(None);
    }
    let open = alert::table.find(id).filter(dsl::resolved_at.is_null());
    Ok(diesel::update(open)
        .set((dsl::resolved_at.eq(Some(at)), dsl::resolved_value.eq(value)))
        .returning(own_columns!())
        .get_result(c)
        .optional()?)
}

/// Whether so many steps are done of the escalation of an alert of this metric and kind that is neither over nor acknowledged.
pub fn is_escalated(c: &mut Conn, key: &str, kind: AlertKind, steps: i32) -> Result<bool, DbError> {
    if kind == AlertKind::Event && groups::is_escalated(c, key, steps)? {
        return Ok(true);
    }
    let escalated = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::key.eq(key))
        .filter(dsl::kind.eq(kind))
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::escalation_step.ge(steps));
    Ok(diesel::select(diesel::dsl::exists(escalated)).get_result(c)?)
}

/// The alerts of these metrics that were opened until `before`, are not acknowledged, of whose escalation `done` steps are done,
/// and of which somebody was notified: by the alert itself, or by the incident of its system. Oldest first. Of a group of
/// events it is the oldest, and stands for them all.
pub fn to_escalate(
    c: &mut Conn,
    keys: &[String],
    done: i32,
    before: NaiveDateTime,
    limit: i64,
) -> Result<Vec<Alert>, DbError> {
    let mut due: Vec<Alert> = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::key.eq_any(keys))
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::escalation_step.eq(done))
        .filter(dsl::opened_at.le(before))
        .filter(dsl::muted.is_null().or(dsl::muted.like(COVERED)))
        .order(dsl::id.asc())
        .limit(limit)
        .select(own_columns!())
        .load(c)?;
    due.extend(groups::to_escalate(c, keys, done, before, limit)?);
    due.sort_by_key(|alert| alert.id);
    due.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(due)
}

/// Notes that the step after the first `done` of an alert's escalation is done, and with it that of its group; `false` where
/// either was further or not as far, or it is acknowledged or over.
pub fn escalate(c: &mut Conn, id: i64, done: i32, at: NaiveDateTime) -> Result<bool, DbError> {
    if let Some(group) = groups::of_alert(c, id)?
        && !groups::escalate(c, group, done, at)?
    {
        return Ok(false);
    }
    let due = alert::table
        .find(id)
        // Of a group's events another may have been the oldest at the steps before.
        .filter(dsl::escalation_step.le(done))
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::resolved_at.is_null());
    let first = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Timestamp>>(
        "coalesce(escalated_at, ",
    )
    .bind::<diesel::sql_types::Timestamp, _>(at)
    .sql(")");
    Ok(diesel::update(due)
        .set((dsl::escalated_at.eq(first), dsl::escalation_step.eq(done + 1)))
        .execute(c)?
        == 1)
}

/// Acknowledges an alert, and an event together with its group, which is over by that; `false` where there is none with this
/// id, or it was acknowledged before.
pub fn acknowledge(
    c: &mut Conn,
    id: i64,
    by: &str,
    note: Option<&str>,
    at: NaiveDateTime,
) -> Result<bool, DbError> {
    if let Some(group) = groups::of_alert(c, id)? {
        return groups::acknowledge(c, group, by, note, at);
    }
    let unacknowledged = alert::table.find(id).filter(dsl::acknowledged_at.is_null());
    let acknowledged = diesel::update(unacknowledged)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
            dsl::note.eq(clean_opt(note)),
        ))
        .execute(c)?;
    end_acknowledged_events(c, at)?;
    Ok(acknowledged == 1)
}

/// Acknowledges all alerts that are not over and not acknowledged, and of which somebody was notified; returns how many. What
/// is muted is left: people are notified of it when that ends, or find it here.
pub fn acknowledge_all(c: &mut Conn, by: &str, at: NaiveDateTime) -> Result<usize, DbError> {
    let events = groups::acknowledge_all(c, by, at)?;
    let unacknowledged = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::muted.is_null().or(dsl::muted.like(COVERED)));
    let acknowledged = diesel::update(unacknowledged)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
        ))
        .execute(c)?;
    end_acknowledged_events(c, at)?;
    Ok(acknowledged + usize::try_from(events).unwrap_or_default())
}

/// An event does not last: once it is acknowledged, it is over. This is for those without a group.
fn end_acknowledged_events(c: &mut Conn, at: NaiveDateTime) -> Result<(), DbError> {
    let acknowledged = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::kind.eq(AlertKind::Event))
        .filter(dsl::acknowledged_at.is_not_null());
    diesel::update(acknowledged)
        .set(dsl::resolved_at.eq(Some(at)))
        .execute(c)?;
    Ok(())
}

/// Counts `more` messages of an alert that are not sent one by one; `false` where there is no such alert.
pub fn add_further_messages(c: &mut Conn, id: i64, more: i32) -> Result<bool, DbError> {
    let counted = diesel::update(alert::table.find(id))
        .set(dsl::further_messages.eq(dsl::further_messages + more))
        .execute(c)?;
    Ok(counted == 1)
}
