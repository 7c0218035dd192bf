//! `alert_group`: the events of one metric that are acknowledged together. A group counts its events, so that no count, page or
//! reset has to touch each of them.
//!
//! Whoever changes a group and its events changes the group first: on PostgreSQL that locks it.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::row::{Alert, OfGroup, alerts, joined};
use crate::backend::{Conn, on_each};
use crate::error::DbError;
use crate::tables::enums::AlertKind;
use crate::tables::schema::alert_group::dsl;
use crate::tables::schema::{alert, alert_group};
use crate::tables::text::{clean, clean_opt};

/// How often an open group is searched for that is acknowledged meanwhile.
const MAX_TRIES: usize = 5;

/// The events of a group. Ordered by group and number, PostgreSQL reads them in the order of their index; by the number alone it
/// may read all alerts instead, in the hope of meeting one of the group soon. Where it is used, `alert` is imported.
macro_rules! is_in_group {
    ($group:expr) => {
        alert::group_id.between($group, $group)
    };
}
pub(super) use is_in_group;

/// Which events a group has: those that people were notified of are not acknowledged with those that they were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Of<'a> {
    pub(super) key: &'a str,
    pub(super) muted: bool,
}

/// A group that is open.
#[derive(Clone, Debug, Queryable)]
pub(super) struct Open {
    pub(super) id: i64,
    pub(super) key: String,
    pub(super) alerts: i64,
    pub(super) opened_at: NaiveDateTime,
}

/// The open group of these events, which counts `more` from now on, the oldest of them opened at `opened_at`.
pub(super) fn join(c: &mut Conn, of: Of<'_>, more: i64, opened_at: NaiveDateTime) -> Result<i64, DbError> {
    let mine = alert_group::table
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::key.eq(of.key))
        .filter(dsl::muted.eq(of.muted));
    for _ in 0..MAX_TRIES {
        let counted = diesel::update(mine)
            .set(dsl::alerts.eq(dsl::alerts + more))
            .returning((dsl::id, dsl::opened_at));
        if let Some((id, since)) = counted.get_result::<(i64, NaiveDateTime)>(c).optional()? {
            if opened_at < since {
                diesel::update(alert_group::table.find(id))
                    .set(dsl::opened_at.eq(opened_at))
                    .execute(c)?;
            }
            return Ok(id);
        }
        let new = (
            dsl::key.eq(of.key),
            dsl::muted.eq(of.muted),
            dsl::alerts.eq(more),
            dsl::opened_at.eq(opened_at),
        );
        let made: Option<i64> = on_each!(c, |c| diesel::insert_into(alert_group::table)
            .values(new)
            .on_conflict_do_nothing()
            .returning(dsl::id)
            .get_result(c)
            .optional())?;
        if let Some(id) = made {
            return Ok(id);
        }
        // Another worker made it between the two.
    }
    Err(DbError::NotFound)
}

/// The group of an alert, if it is in one.
pub(super) fn of_alert(c: &mut Conn, id: i64) -> Result<Option<i64>, DbError> {
    let group = alert::table.find(id).select(alert::group_id);
    Ok(group.first::<Option<i64>>(c).optional()?.flatten())
}

/// Takes an event out of its group; `false` where that is acknowledged.
pub(super) fn leave(c: &mut Conn, id: i64, group: i64) -> Result<bool, DbError> {
    if !count_less(c, group, 1)? {
        return Ok(false);
    }
    diesel::update(alert::table.find(id))
        .set(alert::group_id.eq(None::<i64>))
        .execute(c)?;
    remove_if_empty(c, group)?;
    Ok(true)
}

/// A group counts `less`; `false` where it is acknowledged.
fn count_less(c: &mut Conn, group: i64, less: i64) -> Result<bool, DbError> {
    let open = alert_group::table
        .find(group)
        .filter(dsl::acknowledged_at.is_null());
    Ok(diesel::update(open)
        .set(dsl::alerts.eq(dsl::alerts - less))
        .execute(c)?
        == 1)
}

/// A group without events is of no use: the next event makes another.
fn remove_if_empty(c: &mut Conn, group: i64) -> Result<(), DbError> {
    let empty = alert_group::table.find(group).filter(dsl::alerts.eq(0));
    diesel::delete(empty).execute(c)?;
    Ok(())
}

/// Removes a group that no alert is in any more.
pub(super) fn remove_if_unused(c: &mut Conn, group: i64) -> Result<(), DbError> {
    let used = alert::table.filter(is_in_group!(group));
    if !diesel::select(diesel::dsl::exists(used)).get_result::<bool>(c)? {
        diesel::delete(alert_group::table.find(group)).execute(c)?;
    }
    Ok(())
}

/// All that are open.
pub(super) fn open(c: &mut Conn) -> Result<Vec<Open>, DbError> {
    Ok(alert_group::table
        .filter(dsl::acknowledged_at.is_null())
        .select((dsl::id, dsl::key, dsl::alerts, dsl::opened_at))
        .load(c)?)
}

/// Acknowledges a group; `false` where it was acknowledged before.
pub(super) fn acknowledge(
    c: &mut Conn,
    id: i64,
    by: &str,
    note: Option<&str>,
    at: NaiveDateTime,
) -> Result<bool, DbError> {
    let open = alert_group::table.find(id).filter(dsl::acknowledged_at.is_null());
    let acknowledged = diesel::update(open)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
            dsl::note.eq(clean_opt(note)),
        ))
        .execute(c)?;
    Ok(acknowledged == 1)
}

/// Acknowledges every group of events that people were notified of; returns how many events that are.
pub(super) fn acknowledge_all(c: &mut Conn, by: &str, at: NaiveDateTime) -> Result<i64, DbError> {
    let open = alert_group::table
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::muted.eq(false));
    let counts: Vec<i64> = diesel::update(open)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
        ))
        .returning(dsl::alerts)
        .get_results(c)?;
    Ok(counts.iter().sum())
}

/// Acknowledges every open event of a metric, whether people were notified of it or not; returns how many.
pub fn acknowledge_events(
    c: &mut Conn,
    key: &str,
    by: &str,
    note: &str,
    at: NaiveDateTime,
) -> Result<i64, DbError> {
    let open = alert_group::table
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::key.eq(key));
    let counts: Vec<i64> = diesel::update(open)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
            dsl::note.eq(Some(clean(note))),
        ))
        .returning(dsl::alerts)
        .get_results(c)?;
    // There are such after an upgrade.
    let loose = alert::table
        .filter(alert::resolved_at.is_null())
        .filter(alert::group_id.is_null())
        .filter(alert::key.eq(key))
        .filter(alert::kind.eq(AlertKind::Event));
    let loose = diesel::update(loose)
        .set((
            alert::acknowledged_at.eq(Some(at)),
            alert::acknowledged_by.eq(Some(clean(by))),
            alert::note.eq(Some(clean(note))),
            alert::resolved_at.eq(Some(at)),
        ))
        .execute(c)?;
    Ok(counts.iter().sum::<i64>() + i64::try_from(loose).unwrap_or_default())
}

/// How many events of its group are acknowledged with an alert, if somebody acknowledges it now; 1 for one without a group.
pub fn acknowledged_with(c: &mut Conn, id: i64) -> Result<i64, DbError> {
    let Some(group) = of_alert(c, id)? else {
        return Ok(1);
    };
    Ok(alert_group::table.find(group).select(dsl::alerts).first(c)?)
}

/// Whether so many steps are done of the escalation of a group of events of this metric that is not acknowledged.
pub(super) fn is_escalated(c: &mut Conn, key: &str, steps: i32) -> Result<bool, DbError> {
    let escalated = alert_group::table
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::key.eq(key))
        .filter(dsl::escalation_step.ge(steps));
    Ok(diesel::select(diesel::dsl::exists(escalated)).get_result(c)?)
}

/// Of each group of these metrics that people were notified of, that was opened until `before` and of whose escalation `done`
/// steps are done: its oldest event.
pub(super) fn to_escalate(
    c: &mut Conn,
    keys: &[String],
    done: i32,
    before: NaiveDateTime,
    limit: i64,
) -> Result<Vec<Alert>, DbError> {
    let due: Vec<i64> = alert_group::table
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::muted.eq(false))
        .filter(dsl::key.eq_any(keys))
        .filter(dsl::escalation_step.eq(done))
        .filter(dsl::opened_at.le(before))
        .order(dsl::opened_at.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    let mut oldest = Vec::new();
    for group in due {
        let first = alerts!()
            .filter(is_in_group!(group))
            .order((alert::group_id.asc(), alert::id.asc()))
            .first::<(Alert, OfGroup)>(c)
            .optional()?;
        oldest.extend(first.map(joined));
    }
    Ok(oldest)
}

/// Notes that the step after the first `done` of a group's escalation is done; `false` where it was further or not as far, or
/// it is acknowledged.
pub(super) fn escalate(c: &mut Conn, id: i64, done: i32, at: NaiveDateTime) -> Result<bool, DbError> {
    let due = alert_group::table
        .find(id)
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::escalation_step.eq(done));
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

/// The newest event of an open group before a certain one.
#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    group_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    newest: Option<i64>,
}

/// One step in the index for each open group, however many events it has.
const NEWEST: &str = "SELECT g.id AS group_id, \
     (SELECT a.id FROM alert a WHERE a.group_id BETWEEN g.id AND g.id AND a.id < $1 \
     ORDER BY a.group_id DESC, a.id DESC LIMIT 1) AS newest \
     FROM alert_group g WHERE g.acknowledged_at IS NULL AND g.key = coalesce($2, g.key)";

/// The events in open groups, of this metric or of all, that are older than the alert `before`, newest first.
pub(super) fn page(
    c: &mut Conn,
    key: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Alert>, DbError> {
    let before = before.unwrap_or(i64::MAX);
    let groups: Vec<Newest> = diesel::sql_query(NEWEST)
        .bind::<BigInt, _>(before)
        .bind::<Nullable<Text>, _>(key)
        .load(c)?;
    let mut groups: Vec<(i64, i64)> = groups
        .into_iter()
        .filter_map(|group| Some((group.newest?, group.group_id)))
        .collect();
    groups.sort_unstable_by(|a, b| b.cmp(a));
    let most = usize::try_from(limit).unwrap_or_default();
    let mut found: Vec<Alert> = Vec::new();
    for (newest, group) in groups {
        if found.len() >= most && found.last().is_some_and(|last| last.id > newest) {
            break;
        }
        let events = alerts!()
            .filter(is_in_group!(group))
            .filter(alert::id.lt(before))
            .order((alert::group_id.desc(), alert::id.desc()))
            .limit(limit)
            .load::<(Alert, OfGroup)>(c)?;
        found.extend(events.into_iter().map(joined));
        found.sort_unstable_by_key(|alert| std::cmp::Reverse(alert.id));
        found.truncate(most);
    }
    Ok(found)
}

/// Puts up to `limit` open events into groups that are in none, oldest first, and returns how many. There are such where
/// a program of before still writes. Run it in `Db::write`, again while it finds some.
pub fn group_events(c: &mut Conn, limit: i64) -> Result<usize, DbError> {
    type Loose = (i64, String, Option<String>, NaiveDateTime, Option<NaiveDateTime>);
    let loose: Vec<Loose> = alert::table
        .filter(alert::resolved_at.is_null())
        .filter(alert::group_id.is_null())
        .filter(alert::kind.eq(AlertKind::Event))
        .filter(alert::acknowledged_at.is_null())
        .order(alert::id.asc())
        .limit(limit)
        .select((
            alert::id,
            alert::key,
            alert::muted,
            alert::opened_at,
            alert::escalated_at,
        ))
        .load(c)?;
    let mut by_group = std::collections::BTreeMap::<Of<'_>, Vec<&Loose>>::new();
    for event in &loose {
        let muted = event.2.is_some();
        by_group
            .entry(Of { key: &event.1, muted })
            .or_default()
            .push(event);
    }
    let mut joined = 0;
    for (of, events) in by_group {
        let Some(opened_at) = events.iter().map(|event| event.3).min() else {
            continue;
        };
        // Locked before it is known how many they are: another worker may do the same.
        let group = join(c, of, 0, opened_at)?;
        let mut more = 0;
        for some in events.chunks(crate::tables::MAX_BINDS) {
            let ids: Vec<i64> = some.iter().map(|event| event.0).collect();
            let loose = alert::table
                .filter(alert::id.eq_any(ids))
                .filter(alert::group_id.is_null());
            more += diesel::update(loose)
                .set(alert::group_id.eq(Some(group)))
                .execute(c)?;
        }
        let escalated = events.iter().filter_map(|event| event.4).min();
        let counted = i64::try_from(more).unwrap_or_default();
        diesel::update(alert_group::table.find(group))
            .set(dsl::alerts.eq(dsl::alerts + counted))
            .execute(c)?;
        if let Some(at) = escalated {
            escalate(c, group, 0, at)?;
        }
        joined += more;
    }
    Ok(joined)
}
