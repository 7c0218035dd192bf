//! `metric_item`: the items of lists, each of which is a metric, and `metric_list`: how often those of a list changed.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::schema::metric_item::{self, dsl};
use super::schema::{evaluation, metric_list, metric_state, realtime_monitor};
use super::text::clean;
use crate::backend::{Conn, upsert};
use crate::error::DbError;

/// An item of a list. Table `metric_item`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct MetricItem {
    /// The metric that it is.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// The metric that is a list of such.
    #[diesel(deserialize_as = FromKey)]
    pub list: MetricKey,
    /// What the system calls it.
    pub item: String,
    /// What people call it.
    pub label: String,
    /// When it was first in the list.
    pub first_seen: NaiveDateTime,
    /// Since when the list does not have it; none while it does.
    pub missing_since: Option<NaiveDateTime>,
    /// Since when it is no metric any more; none while it is one.
    pub gone_at: Option<NaiveDateTime>,
}

/// What is other with an item than it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemChange {
    /// It is in the list: for the first time, again, or by another label.
    Listed {
        /// What the system calls it.
        item: String,
        /// What people call it.
        label: String,
    },
    /// The list does not have it.
    Missing(MetricKey),
    /// It is no metric any more.
    Gone(MetricKey),
}

/// How often the items of each list changed.
pub fn versions(c: &mut Conn) -> Result<BTreeMap<String, i64>, DbError> {
    let rows: Vec<(String, i64)> = metric_list::table.load(c)?;
    Ok(rows.into_iter().collect())
}

/// The items that are metrics: those of a list as they came, one after the other.
pub fn watched(c: &mut Conn) -> Result<Vec<MetricItem>, DbError> {
    Ok(metric_item::table
        .filter(dsl::gone_at.is_null())
        .order((dsl::list, dsl::first_seen, dsl::metric))
        .load(c)?)
}

/// Whether it was an item of a list, and is no metric any more.
pub fn is_gone(c: &mut Conn, key: &str) -> Result<bool, DbError> {
    let gone: Option<Option<NaiveDateTime>> = metric_item::table
        .find(key)
        .select(dsl::gone_at)
        .first(c)
        .optional()?;
    Ok(gone.is_none_or(|gone| gone.is_some()))
}

/// Stores what is other in a list. What another worker has stored before is the same once more.
pub fn apply(
    c: &mut Conn,
    list: &MetricKey,
    changes: &[ItemChange],
    at: NaiveDateTime,
) -> Result<(), DbError> {
    for change in changes {
        match change {
            ItemChange::Listed { item, label } => {
                let (key, label) = (list.of_item(item), clean(label));
                let now = (
                    dsl::label.eq(label.as_ref()),
                    dsl::missing_since.eq(None::<NaiveDateTime>),
                    dsl::gone_at.eq(None::<NaiveDateTime>),
                );
                let new = (
                    dsl::metric.eq(key.as_str()),
                    dsl::list.eq(list.as_str()),
                    dsl::item.eq(clean(item).into_owned()),
                    dsl::first_seen.eq(at),
                    now,
                );
                upsert!(c, into metric_item::table, new, on dsl::metric, set now)?;
            }
            ItemChange::Missing(key) => {
                let known = metric_item::table
                    .find(key.as_str())
                    .filter(dsl::missing_since.is_null());
                diesel::update(known).set(dsl::missing_since.eq(at)).execute(c)?;
            }
            ItemChange::Gone(key) => {
                // One that another worker has found in the list again meanwhile stays.
                let missing = metric_item::table
                    .find(key.as_str())
                    .filter(dsl::missing_since.is_not_null())
                    .filter(dsl::gone_at.is_null());
                diesel::update(missing).set(dsl::gone_at.eq(at)).execute(c)?;
            }
        }
    }
    let first = (metric_list::list.eq(list.as_str()), metric_list::version.eq(1));
    let next = metric_list::version.eq(metric_list::version + 1);
    upsert!(c, into metric_list::table, first, on metric_list::list, set next)?;
    Ok(())
}

/// Forgets items that have been gone since such a time, with the state that they would begin with again; gives how many. What was
/// read of them, and their alerts, are kept as long as those of others.
pub fn prune(c: &mut Conn, gone: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old: Vec<String> = metric_item::table
        .filter(dsl::gone_at.ge(gone.start))
        .filter(dsl::gone_at.lt(gone.end))
        .order(dsl::gone_at)
        .limit(limit)
        .select(dsl::metric)
        .load(c)?;
    forget(c, &old)
}

/// Forgets, of the items of a list that are gone, all but the `keep` last ones, up to `limit` of them; gives how many.
pub fn forget_all_but(c: &mut Conn, list: &str, keep: i64, limit: i64) -> Result<usize, DbError> {
    let old: Vec<String> = metric_item::table
        .filter(dsl::list.eq(list))
        .filter(dsl::gone_at.is_not_null())
        .order(dsl::gone_at.desc())
        .offset(keep)
        .limit(limit)
        .select(dsl::metric)
        .load(c)?;
    forget(c, &old)
}

fn forget(c: &mut Conn, keys: &[String]) -> Result<usize, DbError> {
    for keys in keys.chunks(super::MAX_BINDS) {
        diesel::delete(evaluation::table.filter(evaluation::key.eq_any(keys))).execute(c)?;
        diesel::delete(realtime_monitor::table.filter(realtime_monitor::key.eq_any(keys))).execute(c)?;
        diesel::delete(metric_state::table.filter(metric_state::key.eq_any(keys))).execute(c)?;
        diesel::delete(metric_item::table.filter(dsl::metric.eq_any(keys))).execute(c)?;
    }
    Ok(keys.len())
}
