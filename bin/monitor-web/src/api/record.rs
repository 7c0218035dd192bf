//! An alert record and what became of its deliveries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use monitor_domain::MetricKey;
use monitor_model::{Alert, Delivery, DeliveryStatus, Record, utc};
use serde::Serialize;

use crate::api::Number;

/// An alert record with its deliveries: `GET /api/v1/records` and the live events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordView {
    /// Its id, newer ones higher.
    pub id: i64,
    /// The metric's key.
    pub key: MetricKey,
    /// The metric's name for people; the key for a metric that is turned off.
    pub title: String,
    /// The value it was about.
    pub value: Option<Number>,
    /// The message.
    pub message: String,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// The alert it belongs to.
    pub alert_id: Option<i64>,
    /// Why nobody was notified of its alert (yet), such as `silence:3`; `null` where people were.
    pub muted: Option<String>,
    /// When somebody acknowledged its alert.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// When its alert was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// How its deliveries stand, one entry a channel, by name.
    pub deliveries: Vec<DeliveryView>,
}

/// How the deliveries of a record through one channel stand: the worst of its recipients.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeliveryView {
    /// The channel's name.
    pub channel: String,
    /// The worst state among its recipients.
    pub status: DeliveryState,
    /// How many recipients have got it.
    pub sent: usize,
    /// How many are to get it.
    pub total: usize,
    /// How often the worst was tried.
    pub attempt: i32,
    /// When the worst is tried next; `null` where it is not.
    pub next_at: Option<DateTime<Utc>>,
    /// Why the worst has not arrived.
    pub error: Option<String>,
}

/// The state of a delivery, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Accepted by the other side.
    Sent,
    /// Being sent.
    Sending,
    /// Not tried yet.
    Pending,
    /// Tried without success; will be tried again.
    Retrying,
    /// Tried for as long as the channel allows.
    GivenUp,
    /// Refused for good.
    Failed,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [DeliveryState; 6] = [
        DeliveryState::Sent,
        DeliveryState::Sending,
        DeliveryState::Pending,
        DeliveryState::Retrying,
        DeliveryState::GivenUp,
        DeliveryState::Failed,
    ];

    /// The word as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Sent => "sent",
            DeliveryState::Sending => "sending",
            DeliveryState::Pending => "pending",
            DeliveryState::Retrying => "retrying",
            DeliveryState::GivenUp => "given_up",
            DeliveryState::Failed => "failed",
        }
    }

    fn of(delivery: &Delivery) -> DeliveryState {
        match delivery.status {
            DeliveryStatus::Sent => DeliveryState::Sent,
            DeliveryStatus::Sending => DeliveryState::Sending,
            DeliveryStatus::Pending if delivery.last_error.is_some() => DeliveryState::Retrying,
            DeliveryStatus::Pending => DeliveryState::Pending,
            DeliveryStatus::GivenUp => DeliveryState::GivenUp,
            DeliveryStatus::Failed => DeliveryState::Failed,
        }
    }
}

impl RecordView {
    /// Puts a record together with its alert and those of `deliveries` that are about it. `title` gives a metric's name
    /// for its key.
    pub(crate) fn new<'a>(
        record: Record,
        alert: Option<&Alert>,
        deliveries: impl IntoIterator<Item = &'a Delivery>,
        title: impl Fn(&str) -> String,
    ) -> RecordView {
        let mut channels: BTreeMap<&str, Vec<&Delivery>> = BTreeMap::new();
        for delivery in deliveries.into_iter().filter(|d| d.record_id == Some(record.id)) {
            channels
                .entry(delivery.lane.trim_start_matches('@'))
                .or_default()
                .push(delivery);
        }
        RecordView {
            title: title(&record.key),
            deliveries: channels
                .into_iter()
                .filter_map(|(name, all)| DeliveryView::new(name, &all))
                .collect(),
            id: record.id,
            key: record.key,
            value: record.value.map(Number),
            message: record.alert_message,
            timestamp: utc(record.timestamp),
            alert_id: record.alert_id,
            muted: alert.and_then(|a| a.muted.clone()),
            acknowledged_at: alert.and_then(|a| a.acknowledged_at).map(utc),
            acknowledged_by: alert.and_then(|a| a.acknowledged_by.clone()),
            resolved_at: alert.and_then(|a| a.resolved_at).map(utc),
        }
    }
}

impl DeliveryView {
    fn new(channel: &str, all: &[&Delivery]) -> Option<DeliveryView> {
        let worst = all.iter().max_by_key(|d| DeliveryState::of(d))?;
        let status = DeliveryState::of(worst);
        let open = matches!(status, DeliveryState::Pending | DeliveryState::Retrying);
        Some(DeliveryView {
            channel: channel.to_owned(),
            status,
            sent: all.iter().filter(|d| d.status == DeliveryStatus::Sent).count(),
            total: all.len(),
            attempt: worst.attempt,
            next_at: open.then(|| utc(worst.next_at)),
            error: worst.last_error.clone().filter(|_| status != DeliveryState::Sent),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: i64, lane: &str, status: DeliveryStatus, last_error: Option<&str>) -> Delivery {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap().naive_utc();
        Delivery {
            id,
            alert_id: None,
            record_id: Some(7),
            lane: lane.into(),
            event: "alert".into(),
            recipient: format!("{id}@example.com"),
            dedupe_key: id.to_string(),
            message_id: id.to_string(),
            payload: "{}".into(),
            status,
            attempt: 1,
            next_at: at,
            lease_until: None,
            worker: None,
            created_at: at,
            finished_at: None,
            last_error: last_error.map(str::to_owned),
            incident_id: None,
            batch: None,
            retried_at: None,
            urgency: 0,
        }
    }

    #[test]
    fn a_channel_shows_the_worst_of_its_recipients() {
        let all = [
            delivery(1, "mail", DeliveryStatus::Sent, None),
            delivery(2, "mail", DeliveryStatus::Pending, Some("greylisted")),
            delivery(3, "chat", DeliveryStatus::Sent, Some("first try failed")),
        ];
        let record = Record {
            id: 7,
            key: MetricKey::stored("x"),
            value: Some(3.0),
            alert: true,
            alert_message: "m".into(),
            timestamp: all[0].next_at,
            alert_id: None,
            source_id: None,
            deleted_at: None,
        };
        let view = RecordView::new(record, None, &all, |key| format!("Metric {key}"));
        assert_eq!(view.title, "Metric x");
        let shown: Vec<_> = view
            .deliveries
            .iter()
            .map(|d| (d.channel.as_str(), d.status, d.sent, d.total, d.error.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("chat", DeliveryState::Sent, 1, 1, None),
                ("mail", DeliveryState::Retrying, 1, 2, Some("greylisted")),
            ]
        );
    }
}
