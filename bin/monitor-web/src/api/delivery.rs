//! A delivery of the outbox, one recipient each.

use chrono::{DateTime, Utc};
use monitor_model::{Delivery, utc};
use serde::{Deserialize, Serialize};

/// How much of a message is shown.
const TEXT: usize = 500;

/// A delivery: `GET /api/v1/deliveries`. What it sends is not shown but for its text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeliveryRow {
    /// Its id, newer ones higher.
    pub id: i64,
    /// The alert it is about.
    pub alert_id: Option<i64>,
    /// The record it is about.
    pub record_id: Option<i64>,
    /// The incident it is about.
    pub incident_id: Option<i64>,
    /// The channel's name; `alarm` and `details` are the jobs of the worker.
    pub channel: String,
    /// Whether that channel is in the config. What waits for one that is not, waits for it to come back.
    pub channel_configured: bool,
    /// What it reports: `alert`, `recovered`, …
    pub event: String,
    /// Who gets it; empty for the channel itself.
    pub recipient: String,
    /// `pending`, `sending`, `sent`, `failed` or `given_up`.
    pub status: &'static str,
    /// How often it was tried.
    pub attempt: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Not tried before; `null` once it is finished, and while its channel is not in the config.
    pub next_at: Option<DateTime<Utc>>,
    /// When it was sent, failed or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The start of the message; empty for a job.
    pub text: String,
}

/// All that is taken out of a payload.
#[derive(Default, Deserialize)]
struct Payload {
    #[serde(default)]
    text: String,
    #[serde(default)]
    messages: Vec<String>,
}

impl Payload {
    /// The message, or all of several.
    fn said(self) -> String {
        match &self.messages[..] {
            [] => self.text,
            several => several.join("\n"),
        }
    }
}

impl DeliveryRow {
    /// A delivery where the config has the `channels`.
    pub(crate) fn new(delivery: Delivery, channels: &[String]) -> DeliveryRow {
        // The jobs of the worker are its own.
        let channel_configured = delivery.lane.starts_with('@') || channels.contains(&delivery.lane);
        // A payload that cannot be read is a job's, or another version's: it has no text to show.
        let payload: Payload = serde_json::from_str(&delivery.payload).unwrap_or_default();
        DeliveryRow {
            id: delivery.id,
            alert_id: delivery.alert_id,
            record_id: delivery.record_id,
            incident_id: delivery.incident_id,
            channel: delivery.lane.trim_start_matches('@').to_owned(),
            channel_configured,
            event: delivery.event,
            recipient: delivery.recipient,
            status: delivery.status.as_str(),
            attempt: delivery.attempt,
            created_at: utc(delivery.created_at),
            next_at: (channel_configured && !delivery.status.is_final()).then(|| utc(delivery.next_at)),
            finished_at: delivery.finished_at.map(utc),
            error: delivery.last_error,
            text: payload.said().chars().take(TEXT).collect(),
        }
    }
}
