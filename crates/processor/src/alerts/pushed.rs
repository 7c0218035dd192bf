//! A value that was sent: judged once, and explained by what was sent with it.

use chrono::NaiveDateTime;
use monitor_domain::Language;
use monitor_model::{Alert, Conn, DbError, pushed_values};
use monitor_upstream::AlertMessage;

use super::notify::notify_records;
use super::recorded;
use crate::outbox::Routing;

/// What a reading is that was sent.
#[derive(Debug)]
pub(crate) struct Pushed {
    /// Its row.
    pub(crate) id: i64,
    /// What it is about.
    pub(crate) messages: Vec<AlertMessage>,
}

impl Pushed {
    /// Marks it as judged, in the transaction that stores what it amounts to: of several workers one does it.
    pub(super) fn judged(&self, conn: &mut Conn, key: &str, now: NaiveDateTime) -> Result<(), DbError> {
        match pushed_values::mark_judged(conn, self.id, now)? {
            true => Ok(()),
            false => Err(DbError::Conflict { key: key.to_owned() }),
        }
    }

    /// Records what it was about as the explanation of its alert, and notifies people of that unless the alert is muted.
    pub(super) fn explain(
        &self,
        conn: &mut Conn,
        routing: &Routing,
        alert: &Alert,
        language: Language,
        now: NaiveDateTime,
    ) -> Result<(), DbError> {
        let recorded = recorded::store(conn, alert, &self.messages, language)?;
        if alert.muted.is_none() {
            notify_records(conn, routing, alert, &recorded, language, now)?;
        }
        Ok(())
    }
}
