//! One alert with all that belongs to it, for its page and the API.

use monitor_model::{Conn, DbError, alerts, deliveries, records};

use super::load::views;
use crate::api::{AlertDetail, AlertView, DeliveryRow};
use crate::context::{Shown, title_of};

/// How many of an alert's deliveries are shown at most, the latest.
const DELIVERIES: i64 = 500;

/// An alert with its messages and its latest deliveries, if there is one of this id.
pub(crate) fn alert_detail(c: &mut Conn, id: i64, shown: &Shown) -> Result<Option<AlertDetail>, DbError> {
    let Some(alert) = alerts::get(c, id)? else {
        return Ok(None);
    };
    let mut messages = records::of_alert(c, id)?;
    messages.retain(|record| record.deleted_at.is_none());
    let about = deliveries::for_records(c, &messages)?;
    let filter = deliveries::Filter {
        alert_id: Some(id),
        ..deliveries::Filter::default()
    };
    let sent = deliveries::page(c, &filter, DELIVERIES)?;
    let title = title_of(&shown.metrics, &alert.key);
    let row = |delivery| DeliveryRow::new(delivery, &shown.channels);
    Ok(Some(AlertDetail {
        records: views(messages, std::slice::from_ref(&alert), &about, &shown.metrics),
        deliveries: sent.into_iter().map(row).collect(),
        alert: AlertView::new(alert, title),
    }))
}
