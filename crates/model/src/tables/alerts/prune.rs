//! Removing alerts that are over and old, with their records and deliveries. What is open or waits stays.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::groups::{self, is_in_group};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::schema::{alert, alert_group};
use crate::tables::{MAX_BINDS, deliveries, records};

/// Groups that are searched for alerts to remove, at one time. There are more events than groups.
const GROUPS: i64 = 50;

/// That something about an alert, or one of its records, has yet to be sent.
const HAS_WORK: &str = "(EXISTS (SELECT 1 FROM delivery d WHERE d.alert_id = alert.id AND d.finished_at IS NULL) \
     OR EXISTS (SELECT 1 FROM monitor_record r JOIN delivery d ON d.record_id = r.id \
     WHERE r.alert_id = alert.id AND d.finished_at IS NULL))";

/// That nobody was notified yet of an alert's end, or something about it has yet to be sent.
macro_rules! waits {
    () => {
        alert::end_muted.is_not_null().or(sql::<Bool>(HAS_WORK))
    };
}

/// Removes up to `limit` alerts that ended then, with their records and with what was sent about them, and returns how
/// many. Where people may yet be notified of something of them, they stay. An alert has many other rows, so keep `limit` low.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let over: Vec<i64> = alert::table
        .filter(alert::resolved_at.ge(Some(stamped.start)))
        .filter(alert::resolved_at.lt(Some(stamped.end)))
        .filter(diesel::dsl::not(waits!()))
        .order(alert::resolved_at.asc())
        .limit(limit)
        .select(alert::id)
        .load(c)?;
    let most = usize::try_from(limit).unwrap_or_default();
    let mut removed = remove(c, &over)?;
    if removed >= most {
        return Ok(removed);
    }
    let groups: Vec<i64> = alert_group::table
        .filter(alert_group::acknowledged_at.ge(Some(stamped.start)))
        .filter(alert_group::acknowledged_at.lt(Some(stamped.end)))
        .order(alert_group::acknowledged_at.asc())
        .limit(GROUPS)
        .select(alert_group::id)
        .load(c)?;
    for group in groups {
        removed += prune_group(c, group, limit)?;
        if removed >= most {
            break;
        }
    }
    Ok(removed)
}

/// Up to `limit` events of a group, and the group with its last.
fn prune_group(c: &mut Conn, group: i64, limit: i64) -> Result<usize, DbError> {
    let events: Vec<i64> = alert::table
        .filter(is_in_group!(group))
        .filter(diesel::dsl::not(waits!()))
        .order((alert::group_id.asc(), alert::id.asc()))
        .limit(limit)
        .select(alert::id)
        .load(c)?;
    let removed = remove(c, &events)?;
    groups::remove_if_unused(c, group)?;
    Ok(removed)
}

fn remove(c: &mut Conn, alerts: &[i64]) -> Result<usize, DbError> {
    let mut removed = 0;
    for ids in alerts.chunks(MAX_BINDS) {
        deliveries::remove_of_alerts(c, ids)?;
        records::remove_of_alerts(c, ids)?;
        removed += diesel::delete(alert::table.filter(alert::id.eq_any(ids))).execute(c)?;
    }
    Ok(removed)
}
