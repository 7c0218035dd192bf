//! Rows of `delivery`.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::enums::DeliveryStatus;

/// One notification to one recipient, or a job of an alert. Table `delivery`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Delivery {
    /// Given by the database.
    pub id: i64,
    /// The alert it is about.
    pub alert_id: Option<i64>,
    /// The record it is about.
    pub record_id: Option<i64>,
    /// The channel's name, or `@alarm`, `@details`.
    pub lane: String,
    /// The event it is about: `alert`, `recovered`, …
    pub event: String,
    /// The recipient; empty for the channel itself. For a job the system that it calls.
    pub recipient: String,
    /// Unique: the same key is enqueued once.
    pub dedupe_key: String,
    /// The same at every attempt.
    pub message_id: String,
    /// What to send, JSON.
    pub payload: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was claimed; the fencing token of the latest claim.
    pub attempt: i32,
    /// Not to be claimed before.
    pub next_at: NaiveDateTime,
    /// Until when the claim holds, while it is being sent.
    pub lease_until: Option<NaiveDateTime>,
    /// Who claimed it last.
    pub worker: Option<String>,
    /// When it was enqueued.
    pub created_at: NaiveDateTime,
    /// When it was sent, failed or given up.
    pub finished_at: Option<NaiveDateTime>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The incident it is about.
    pub incident_id: Option<i64>,
    /// The digest that it goes in: the Message-ID that all in it share.
    pub batch: Option<String>,
    /// When a person requested another attempt, after it had ended unsent.
    pub retried_at: Option<NaiveDateTime>,
    /// Which goes first where several are due: the lower.
    pub urgency: i32,
}

/// What a new [`Delivery`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// See [`Delivery::alert_id`].
    pub alert_id: Option<i64>,
    /// See [`Delivery::record_id`].
    pub record_id: Option<i64>,
    /// See [`Delivery::incident_id`].
    pub incident_id: Option<i64>,
    /// See [`Delivery::lane`].
    pub lane: String,
    /// See [`Delivery::event`].
    pub event: String,
    /// See [`Delivery::recipient`].
    pub recipient: String,
    /// See [`Delivery::dedupe_key`].
    pub dedupe_key: String,
    /// See [`Delivery::message_id`].
    pub message_id: String,
    /// See [`Delivery::payload`].
    pub payload: String,
    /// See [`Delivery::next_at`].
    pub next_at: NaiveDateTime,
    /// See [`Delivery::created_at`].
    pub created_at: NaiveDateTime,
    /// See [`Delivery::urgency`]; 0 is the most urgent.
    pub urgency: i32,
}
