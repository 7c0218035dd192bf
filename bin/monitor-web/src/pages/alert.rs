//! The page of one alert: its messages, and who was notified of it and how that went.

use monitor_model::{Conn, DbError};
use serde::Serialize;

use super::lists::AlertRow;
use crate::api::{DeliveryRow, RecordView};
use crate::context::Shown;
use crate::live::alert_detail;
use crate::pages::frame::Frame;

/// The data of `one-alert.html`.
#[derive(Serialize)]
pub(crate) struct AlertPage {
    #[serde(flatten)]
    pub(super) frame: Frame,
    /// The alert alone, as a list has it.
    pub(super) alerts: [AlertRow; 1],
    pub(super) records: Vec<RecordView>,
    pub(super) deliveries: Vec<DeliveryRow>,
}

impl AlertPage {
    /// Reads it, if there is an alert of this id.
    pub(crate) fn read(
        c: &mut Conn,
        frame: Frame,
        id: i64,
        shown: &Shown,
    ) -> Result<Option<AlertPage>, DbError> {
        let Some(detail) = alert_detail(c, id, shown)? else {
            return Ok(None);
        };
        Ok(Some(AlertPage {
            frame,
            alerts: [AlertRow::new(detail.alert, &shown.metrics)],
            records: detail.records,
            deliveries: detail.deliveries,
        }))
    }
}
