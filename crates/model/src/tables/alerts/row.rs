//! Rows of `alert`, as they are together with their groups.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::{MetricKey, Severity};

use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::column::{FromKey, FromText};
use crate::tables::enums::AlertKind;
use crate::tables::schema::alert_group;

/// An excursion or event. Table `alert`; of an event in a group, the acknowledgement is that of its group.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Alert {
    /// Given by the database.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// What it is about.
    pub kind: AlertKind,
    /// `info`, `warning` or `critical`.
    #[diesel(deserialize_as = FromText<Severity>)]
    pub severity: Severity,
    /// Why it was opened, for people.
    pub reason: String,
    /// The value that opened it.
    pub value: Option<f64>,
    /// What that was compared with.
    pub previous: Option<f64>,
    /// When it was opened.
    pub opened_at: NaiveDateTime,
    /// When it was acknowledged.
    pub acknowledged_at: Option<NaiveDateTime>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// What they noted.
    pub note: Option<String>,
    /// When it was over; `None` while it is not.
    pub resolved_at: Option<NaiveDateTime>,
    /// The value that ended it.
    pub resolved_value: Option<f64>,
    /// How many further messages it has that were not sent one by one: the last one sent lists them. Before anybody is notified,
    /// those that are not kept.
    pub further_messages: i32,
    /// Why nobody was notified of it (yet), a [`Mute`](crate::Mute); `None` where it is not muted.
    pub muted: Option<String>,
    /// Why nobody was notified of its end (yet), a [`Mute`](crate::Mute).
    pub end_muted: Option<String>,
    /// When it was escalated for the first time, because nobody had acknowledged it.
    pub escalated_at: Option<NaiveDateTime>,
    /// How many steps of its escalation are done.
    pub escalation_step: i32,
}

/// What a new [`Alert`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAlert {
    /// See [`Alert::key`].
    pub key: MetricKey,
    /// See [`Alert::kind`].
    pub kind: AlertKind,
    /// See [`Alert::severity`].
    pub severity: Severity,
    /// See [`Alert::reason`].
    pub reason: String,
    /// See [`Alert::value`].
    pub value: Option<f64>,
    /// See [`Alert::previous`].
    pub previous: Option<f64>,
    /// See [`Alert::opened_at`].
    pub opened_at: NaiveDateTime,
    /// See [`Alert::muted`].
    pub muted: Option<String>,
}

/// An alert as its own columns have it, and its group.
pub(super) type Stored = (Alert, Option<i64>);

/// The acknowledgement of the group that an alert is in, where it is in one.
pub(super) type OfGroup = (Option<NaiveDateTime>, Option<String>, Option<String>);

/// The columns of [`Alert`] itself. Where it is used, `alert` is imported.
macro_rules! own_columns {
    () => {
        (
            alert::id,
            alert::key,
            alert::kind,
            alert::severity,
            alert::reason,
            alert::value,
            alert::previous,
            alert::opened_at,
            alert::acknowledged_at,
            alert::acknowledged_by,
            alert::note,
            alert::resolved_at,
            alert::resolved_value,
            alert::further_messages,
            alert::muted,
            alert::end_muted,
            alert::escalated_at,
            alert::escalation_step,
        )
    };
}

/// Alerts with the acknowledgements of their groups: load them as `(Alert, OfGroup)`, and [`joined`] makes alerts of them. Where
/// it is used, `alert` and `alert_group` are imported.
macro_rules! alerts {
    () => {
        alert::table.left_join(alert_group::table).select((
            $crate::tables::alerts::row::own_columns!(),
            (
                alert_group::acknowledged_at.nullable(),
                alert_group::acknowledged_by.nullable(),
                alert_group::note.nullable(),
            ),
        ))
    };
}

/// What a change of alerts returns, for [`Stored`].
macro_rules! stored_columns {
    () => {
        ($crate::tables::alerts::row::own_columns!(), alert::group_id)
    };
}
pub(super) use {alerts, own_columns, stored_columns};

/// An alert as it is.
pub(super) fn joined((alert, (at, by, note)): (Alert, OfGroup)) -> Alert {
    match at {
        None => alert,
        Some(_) => Alert {
            acknowledged_at: at,
            acknowledged_by: by,
            note,
            resolved_at: at,
            ..alert
        },
    }
}

/// The same for one that was changed just now.
pub(super) fn with_group(c: &mut Conn, (alert, group): Stored) -> Result<Alert, DbError> {
    let Some(group) = group else { return Ok(alert) };
    let acknowledgement: OfGroup = alert_group::table
        .find(group)
        .select((
            alert_group::acknowledged_at,
            alert_group::acknowledged_by,
            alert_group::note,
        ))
        .first(c)?;
    Ok(joined((alert, acknowledgement)))
}
