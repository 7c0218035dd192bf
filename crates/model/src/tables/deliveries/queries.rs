//! Which deliveries there are.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::row::Delivery;
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::enums::DeliveryStatus;
use crate::tables::records::Record;
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

/// The deliveries about these records, by id. A message that went out with others of its alert has the deliveries of those, in
/// its own name.
pub fn for_records(c: &mut Conn, records: &[Record]) -> Result<Vec<Delivery>, DbError> {
    let ids: Vec<i64> = records.iter().map(|record| record.id).collect();
    let mut found: Vec<Delivery> = Vec::new();
    for some in ids.chunks(MAX_BINDS) {
        let about = dsl::record_id.eq_any(some);
        found.extend(delivery::table.filter(about).load::<Delivery>(c)?);
    }
    let own: HashSet<Option<i64>> = found.iter().map(|one| one.record_id).collect();
    let listed: Vec<&Record> = records
        .iter()
        .filter(|record| record.alert && !own.contains(&Some(record.id)))
        .collect();
    let listing = listing(c, &listed)?;
    for record in listed {
        let Some(before) = record.alert_id.and_then(|alert| listing.get(&alert)) else {
            continue;
        };
        // The last message before it that went out by itself lists those after it.
        let head = before
            .iter()
            .filter_map(|one| one.record_id)
            .filter(|id| *id < record.id)
            .max();
        let of_head = before
            .iter()
            .filter(|one| head.is_some() && one.record_id == head);
        found.extend(of_head.map(|one| Delivery {
            record_id: Some(record.id),
            ..one.clone()
        }));
    }
    found.sort_by_key(|d| d.id);
    Ok(found)
}

/// The deliveries of the first word about the alerts of these records, by alert.
fn listing(c: &mut Conn, records: &[&Record]) -> Result<HashMap<i64, Vec<Delivery>>, DbError> {
    let mut alerts: Vec<i64> = records.iter().filter_map(|record| record.alert_id).collect();
    alerts.sort_unstable();
    alerts.dedup();
    let mut by_alert: HashMap<i64, Vec<Delivery>> = HashMap::new();
    for some in alerts.chunks(MAX_BINDS) {
        let of_them = delivery::table
            .filter(dsl::alert_id.eq_any(some))
            .filter(dsl::event.eq("alert"))
            .filter(dsl::record_id.is_not_null());
        for one in of_them.load::<Delivery>(c)? {
            by_alert
                .entry(one.alert_id.unwrap_or_default())
                .or_default()
                .push(one);
        }
    }
    Ok(by_alert)
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
