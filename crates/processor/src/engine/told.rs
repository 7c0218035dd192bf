//! Who is told what: from an alert and a message to the rows of the outbox.

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{Alert, Conn, DbError, NewDelivery, deliveries};
use monitor_notify::{Event, MetricInfo, Notification, Severity};

use serde::{Deserialize, Serialize};

use super::Shared;
use super::lane::Job;
use crate::metric::Metric;

/// The lane that sounds the alarm.
pub(crate) const ALARM_LANE: &str = "@alarm";
/// The lane that asks what an alert was about.
pub(crate) const DETAILS_LANE: &str = "@details";

/// A channel and those who read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Audience {
    pub(crate) channel: String,
    pub(crate) recipients: Vec<String>,
}

/// What does not change between the messages of one metric: whom they are about and whom they go to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Teller {
    pub(crate) metric: MetricInfo,
    pub(crate) severity: Severity,
    pub(crate) audience: Vec<Audience>,
    pub(crate) page: Option<String>,
}

/// One thing to tell.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) event: Event,
    pub(crate) value: Option<f64>,
    pub(crate) previous: Option<f64>,
    pub(crate) text: String,
    pub(crate) reason: String,
    pub(crate) at: DateTime<Utc>,
    /// Which of several tellings of one alert it is, where no record tells them apart.
    pub(crate) round: Option<i64>,
}

impl Teller {
    pub(crate) fn of(shared: &Shared, metric: &dyn Metric) -> Teller {
        let config = metric.config();
        let audience = shared
            .channels
            .iter()
            .filter(|channel| config.notify.iter().any(|name| name == channel.notifier.name()))
            .map(|channel| Audience {
                channel: channel.notifier.name().to_owned(),
                recipients: channel.notifier.recipients(),
            })
            .collect();
        Teller {
            metric: MetricInfo {
                key: config.key.clone(),
                title: config.title.clone(),
                unit: config.unit.clone(),
            },
            severity: config.severity,
            audience,
            page: shared
                .options
                .page
                .as_ref()
                .map(|base| format!("{}/monitor", base.trim_end_matches('/'))),
        }
    }

    /// Puts one delivery per channel and recipient into the outbox. All of them carry one Message-ID: it is one
    /// message. Telling the same story of the same record again adds nothing.
    pub(crate) fn tell(
        &self,
        conn: &mut Conn,
        alert: &Alert,
        record_id: Option<i64>,
        story: &Story,
        now: NaiveDateTime,
    ) -> Result<usize, DbError> {
        let subject = record_id
            .or(story.round)
            .map_or_else(|| "-".to_owned(), |id| id.to_string());
        let event = story.event.as_str();
        let message_id = format!(
            "{event}-{}-{subject}.{}@monitor",
            alert.id,
            uuid::Uuid::now_v7().simple()
        );
        let mut rows = Vec::new();
        for Audience { channel, recipients } in self.audience.iter() {
            for recipient in recipients {
                let dedupe_key = format!("{event}/{}/{subject}/{channel}/{recipient}", alert.id);
                let notification = Notification {
                    id: dedupe_key.clone(),
                    message_id: message_id.clone(),
                    thread_id: Some(thread(alert)),
                    event: story.event,
                    metric: self.metric.clone(),
                    severity: self.severity,
                    value: story.value,
                    previous: story.previous,
                    text: story.text.clone(),
                    reason: story.reason.clone(),
                    at: story.at,
                    alert_id: Some(alert.id),
                    url: self.page.clone(),
                };
                rows.push(NewDelivery {
                    alert_id: Some(alert.id),
                    record_id,
                    trouble_id: None,
                    lane: channel.clone(),
                    event: event.to_owned(),
                    recipient: recipient.clone(),
                    dedupe_key,
                    message_id: message_id.clone(),
                    payload: to_json(&notification),
                    next_at: now,
                    created_at: now,
                });
            }
        }
        deliveries::enqueue(conn, &rows)
    }
}

/// The key under which the outbox knows a job of an alert.
pub(crate) fn job_key(lane: &str, alert_id: i64) -> String {
    format!("{}/{alert_id}", lane.trim_start_matches('@'))
}

/// Puts a job of a fresh alert into the outbox: sound the alarm, ask for details.
pub(crate) fn enqueue_job(
    conn: &mut Conn,
    alert: &Alert,
    lane: &str,
    teller: Option<Teller>,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let event = lane.trim_start_matches('@');
    let row = NewDelivery {
        alert_id: Some(alert.id),
        record_id: None,
        trouble_id: None,
        lane: lane.to_owned(),
        event: event.to_owned(),
        recipient: String::new(),
        dedupe_key: job_key(lane, alert.id),
        message_id: format!("{event}-{}@monitor", alert.id),
        payload: to_json(&Job {
            key: alert.key.clone(),
            teller,
        }),
        next_at: now,
        created_at: now,
    };
    deliveries::enqueue(conn, &[row])?;
    Ok(())
}

/// Messages about one alert answer this id, so that mail programs show them as one conversation. Two monitors that
/// write to one mailbox have alerts of the same number; not opened in the same microsecond.
fn thread(alert: &Alert) -> String {
    format!(
        "alert-{}.{}@monitor",
        alert.id,
        alert.opened_at.and_utc().timestamp_micros()
    )
}

fn to_json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("payloads are plain data")
}
