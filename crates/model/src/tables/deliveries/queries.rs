//! Which deliveries there are.

use diesel::prelude::*;

use super::row::Delivery;
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this lane only.
    pub lane: Option<String>,
    /// About this alert only.
    pub alert_id: Option<i64>,
    /// In one of these states; if there is none, in any.
    pub statuses: Vec<DeliveryStatus>,
    /// Only those older than the one with this id.
    pub before: Option<i64>,
}

/// Those that ended unsent, in the words of the indexes over them: with bound values SQLite would read all deliveries instead.
macro_rules! is_undelivered {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("delivery.status IN ('failed', 'given_up')")
    };
}
pub(super) use is_undelivered;

/// The delivery with this id.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<Delivery>, DbError> {
    Ok(delivery::table.find(id).first(c).optional()?)
}

/// The deliveries about these records, by id.
pub fn for_records(c: &mut Conn, records: &[i64]) -> Result<Vec<Delivery>, DbError> {
    let mut found: Vec<Delivery> = Vec::new();
    for some in records.chunks(MAX_BINDS) {
        let about = dsl::record_id.eq_any(some);
        found.extend(delivery::table.filter(about).load::<Delivery>(c)?);
    }
    found.sort_by_key(|d| d.id);
    Ok(found)
}

/// The latest deliveries, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Delivery>, DbError> {
    Ok(delivery::table.order(dsl::id.desc()).limit(limit).load(c)?)
}

/// The deliveries that match, newest first.
pub fn page(c: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Delivery>, DbError> {
    let mut query = delivery::table.into_boxed();
    if let Some(lane) = &filter.lane {
        query = query.filter(dsl::lane.eq(lane.clone()));
    }
    if let Some(alert) = filter.alert_id {
        query = query.filter(dsl::alert_id.eq(alert));
    }
    if !filter.statuses.is_empty() {
        query = query.filter(dsl::status.eq_any(filter.statuses.clone()));
        // Said once more for the sake of the indexes, which are over those rows only.
        if filter.statuses.iter().all(|status| !status.is_final()) {
            query = query.filter(dsl::finished_at.is_null());
        }
        if filter.statuses.iter().all(|status| status.is_undelivered()) {
            query = query.filter(is_undelivered!());
        }
    }
    if let Some(before) = filter.before {
        query = query.filter(dsl::id.lt(before));
    }
    Ok(query.order(dsl::id.desc()).limit(limit).load(c)?)
}
