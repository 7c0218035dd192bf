//! Rows of `alert`.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::{MetricKey, Severity};

use crate::tables::column::{FromKey, FromText};
use crate::tables::enums::AlertKind;

/// An excursion or event. Table `alert`.
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
    /// When a person acknowledged it.
    pub acknowledged_at: Option<NaiveDateTime>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// What that person noted.
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
    /// When it was escalated, because nobody had acknowledged it.
    pub escalated_at: Option<NaiveDateTime>,
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
