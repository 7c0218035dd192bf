//! Events that nobody acknowledged for so long that nobody will.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::groups::{self, is_in_group};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::schema::{alert, alert_group};
use crate::tables::text::clean;

/// Which events are acknowledged for their age, and what is on record of it.
#[derive(Clone, Debug)]
pub struct Aged {
    /// Those opened before this time.
    pub before: NaiveDateTime,
    /// In whose name.
    pub by: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: NaiveDateTime,
}

/// Acknowledges events for their age, up to `limit` one by one or a whole group: those of one metric. Gives that and how many;
/// `None` where there are none. Run it in `Db::write`, again while it finds some.
pub fn acknowledge_aged(c: &mut Conn, aged: &Aged, limit: i64) -> Result<Option<(MetricKey, i64)>, DbError> {
    let open = groups::open(c)?.into_iter();
    let Some(group) = open
        .filter(|group| group.opened_at < aged.before)
        .min_by_key(|group| group.opened_at)
    else {
        return Ok(None);
    };
    // Locked, so that no event joins it meanwhile.
    let locked = diesel::update(alert_group::table.find(group.id))
        .filter(alert_group::acknowledged_at.is_null())
        .set(alert_group::alerts.eq(alert_group::alerts))
        .returning(alert_group::alerts);
    let key = MetricKey::stored(&group.key);
    let Some(alerts) = locked.get_result::<i64>(c).optional()? else {
        return Ok(Some((key, 0)));
    };
    let newest: Option<NaiveDateTime> = alert::table
        .filter(is_in_group!(group.id))
        .order((alert::group_id.desc(), alert::id.desc()))
        .select(alert::opened_at)
        .first(c)
        .optional()?;
    let count = if newest.is_none_or(|newest| newest < aged.before) {
        groups::acknowledge(c, group.id, &aged.by, Some(&aged.note), aged.at)?;
        alerts
    } else {
        oldest(c, group.id, aged, limit)?
    };
    Ok(Some((key, count)))
}

/// The oldest of a group that has younger ones too: each gets an acknowledgement of its own and leaves the group.
fn oldest(c: &mut Conn, group: i64, aged: &Aged, limit: i64) -> Result<i64, DbError> {
    let of_group = alert::table
        .filter(is_in_group!(group))
        .order((alert::group_id.asc(), alert::id.asc()));
    let oldest: Vec<(i64, NaiveDateTime)> = of_group
        .limit(limit)
        .select((alert::id, alert::opened_at))
        .load(c)?;
    let ids: Vec<i64> = oldest
        .iter()
        .take_while(|(_, opened_at)| *opened_at < aged.before)
        .map(|(id, _)| *id)
        .collect();
    let mut count = 0;
    for some in ids.chunks(MAX_BINDS) {
        count += diesel::update(alert::table.filter(alert::id.eq_any(some)))
            .set((
                alert::acknowledged_at.eq(Some(aged.at)),
                alert::acknowledged_by.eq(Some(clean(&aged.by))),
                alert::note.eq(Some(clean(&aged.note))),
                alert::resolved_at.eq(Some(aged.at)),
                alert::group_id.eq(None::<i64>),
            ))
            .execute(c)?;
    }
    let since: Option<NaiveDateTime> = of_group.select(alert::opened_at).first(c).optional()?;
    let count = i64::try_from(count).unwrap_or_default();
    diesel::update(alert_group::table.find(group))
        .set((
            alert_group::alerts.eq(alert_group::alerts - count),
            // Where the clock was stepped, the oldest by its number may have been opened later than the next.
            alert_group::opened_at.eq(since.unwrap_or(aged.at)),
        ))
        .execute(c)?;
    Ok(count)
}
