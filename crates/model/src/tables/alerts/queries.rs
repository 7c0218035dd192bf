//! Which alerts there are.

use std::cmp::Reverse;
use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::groups;
use super::row::{Alert, alerts, joined, own_columns};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::enums::AlertKind;
use crate::tables::schema::alert::{self, dsl};
use crate::tables::schema::alert_group;

/// How many alerts of a metric are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenAlerts {
    /// All of them.
    pub all: i64,
    /// Those that are not acknowledged.
    pub unacknowledged: i64,
}

/// Which alerts to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this metric only.
    pub key: Option<String>,
    /// Only those that are not over.
    pub open: bool,
    /// Only those that are not acknowledged.
    pub unacknowledged: bool,
    /// Only those older than the one with this id.
    pub before: Option<i64>,
}

/// The alert with this id.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    let found = alerts!().filter(dsl::id.eq(id)).first(c).optional()?;
    Ok(found.map(joined))
}

/// The alerts with these ids, by id.
pub fn by_ids(c: &mut Conn, ids: &[i64]) -> Result<Vec<Alert>, DbError> {
    let mut found: Vec<Alert> = Vec::new();
    for some in ids.chunks(MAX_BINDS) {
        let rows = alerts!().filter(dsl::id.eq_any(some)).load(c)?;
        found.extend(rows.into_iter().map(joined));
    }
    found.sort_by_key(|a| a.id);
    Ok(found)
}

/// The alerts of a metric that are not over, oldest first; not of events, which are in groups.
pub fn unresolved_for(c: &mut Conn, key: &str, kind: AlertKind) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::key.eq(key))
        .filter(dsl::kind.eq(kind))
        .order(dsl::id.asc())
        .select(own_columns!())
        .load(c)?)
}

/// The alerts that last until something ends them, and are not over: all kinds but events. Oldest first.
pub fn lasting(c: &mut Conn, limit: i64) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::kind.ne(AlertKind::Event))
        .order(dsl::id.asc())
        .limit(limit)
        .select(own_columns!())
        .load(c)?)
}

/// The metrics whose alerts last and were not notified for this reason (a [`Mute`](crate::Mute)), by key.
pub fn muted_by(c: &mut Conn, why: &str) -> Result<Vec<MetricKey>, DbError> {
    let muted = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .filter(dsl::muted.eq(why.to_owned()));
    let keys: Vec<String> = muted.select(dsl::key).distinct().order(dsl::key.asc()).load(c)?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}

/// How many alerts of each metric are not over, and how many of those are not acknowledged. Events are not counted here: their
/// groups know.
pub fn open_counts(c: &mut Conn) -> Result<HashMap<String, OpenAlerts>, DbError> {
    let open = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null())
        .group_by(dsl::key);
    let all: Vec<(String, i64)> = open.select((dsl::key, count_star())).load(c)?;
    let unacknowledged: Vec<(String, i64)> = open
        .filter(dsl::acknowledged_at.is_null())
        .select((dsl::key, count_star()))
        .load(c)?;
    let events = groups::open(c)?;
    let events = events.iter().map(|group| (group.key.clone(), group.alerts));
    let mut counts: HashMap<String, OpenAlerts> = HashMap::new();
    for (key, all) in all.into_iter().chain(events.clone()) {
        counts.entry(key).or_default().all += all;
    }
    for (key, unacknowledged) in unacknowledged.into_iter().chain(events) {
        counts.entry(key).or_default().unacknowledged += unacknowledged;
    }
    Ok(counts)
}

/// The metrics of which an alert is open, or of whose end nobody was notified yet; by key.
pub fn open_keys(c: &mut Conn) -> Result<Vec<MetricKey>, DbError> {
    let lasting = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::group_id.is_null());
    let mut keys: Vec<String> = lasting.select(dsl::key).distinct().load(c)?;
    let ended = alert::table.filter(dsl::end_muted.is_not_null());
    keys.extend(ended.select(dsl::key).distinct().load::<String>(c)?);
    keys.extend(groups::open(c)?.into_iter().map(|group| group.key));
    keys.sort_unstable();
    keys.dedup();
    Ok(keys.iter().map(MetricKey::stored).collect())
}

/// The latest alerts, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Alert>, DbError> {
    page(c, &Filter::default(), limit)
}

/// The alerts that match, newest first.
pub fn page(c: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Alert>, DbError> {
    let is_of_state = filter.open || filter.unacknowledged;
    let mut query = alerts!().into_boxed();
    if let Some(key) = &filter.key {
        query = query.filter(dsl::key.eq(key.clone()));
    }
    if let Some(before) = filter.before {
        query = query.filter(dsl::id.lt(before));
    }
    if is_of_state {
        query = query.filter(dsl::group_id.is_null());
    }
    if filter.open {
        query = query.filter(dsl::resolved_at.is_null());
    }
    if filter.unacknowledged {
        query = query.filter(dsl::acknowledged_at.is_null());
    }
    let rows = query.order(dsl::id.desc()).limit(limit).load(c)?;
    let mut found: Vec<Alert> = rows.into_iter().map(joined).collect();
    if is_of_state {
        // An event in a group is open and unacknowledged, or neither, as the group is.
        found.extend(groups::page(c, filter.key.as_deref(), filter.before, limit)?);
        found.sort_unstable_by_key(|alert| Reverse(alert.id));
        found.truncate(usize::try_from(limit).unwrap_or_default());
    }
    Ok(found)
}
