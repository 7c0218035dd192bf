//! Who is told what: from an alert, or a incident of the monitor itself, to the rows of the outbox.

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::deliveries::Address;
use monitor_model::{Alert, Conn, DbError, Incident, NewDelivery, Record, deliveries};
use monitor_notify::{Event, MetricInfo, Notification};

use serde::{Deserialize, Serialize};

use super::Shared;
use super::lane::Job;
use crate::metric::{MAX_MESSAGES, Metric};

/// The lane that sounds the alarm.
pub(crate) const ALARM_LANE: &str = "@alarm";
/// The lane that asks what an alert was about.
pub(crate) const DETAILS_LANE: &str = "@details";
/// The events by which people hear of an alert. Whoever got one of them hears of its end.
const TIDINGS: [&str; 4] = [
    Event::Alert.as_str(),
    Event::NoData.as_str(),
    Event::Reminder.as_str(),
    Event::Escalation.as_str(),
];

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
    #[serde(default = "max_messages")]
    pub(crate) max_messages: usize,
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

/// Which word about a incident.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Word {
    Begins,
    /// So many times after that, while nobody took it.
    Lasts(i64),
    Ends,
}

impl Teller {
    pub(crate) fn of(shared: &Shared, metric: &dyn Metric) -> Teller {
        let config = metric.config();
        Teller {
            metric: MetricInfo {
                key: config.key.to_string(),
                title: config.title.clone(),
                unit: config.unit.clone(),
            },
            severity: config.severity,
            audience: audience(shared, &config.notify),
            page: page(shared, "/monitor"),
            max_messages: config.max_messages,
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
        self.tell_to(conn, &self.audience, alert, record_id, story, now)
    }

    /// Tells how `alert` ended to those who heard of it.
    pub(crate) fn tell_the_end(
        &self,
        conn: &mut Conn,
        alert: &Alert,
        record_id: Option<i64>,
        story: &Story,
        now: NaiveDateTime,
    ) -> Result<usize, DbError> {
        let told = deliveries::notified_of_alert(conn, alert.id, &TIDINGS)?;
        self.tell_to(conn, &grouped(told), alert, record_id, story, now)
    }

    /// The same as [`tell`](Teller::tell), to others than usual.
    pub(crate) fn tell_to(
        &self,
        conn: &mut Conn,
        audience: &[Audience],
        alert: &Alert,
        record_id: Option<i64>,
        story: &Story,
        now: NaiveDateTime,
    ) -> Result<usize, DbError> {
        let subject = record_id
            .or(story.round)
            .map_or_else(|| "-".to_owned(), |id| id.to_string());
        let message = Notification {
            id: format!("{}/{}/{subject}", story.event, alert.id),
            message_id: message_id(&format!("{}-{}-{subject}", story.event, alert.id)),
            thread_id: Some(thread("alert", alert.id, alert.opened_at)),
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
        let about = About {
            alert_id: Some(alert.id),
            record_id,
            incident_id: None,
        };
        enqueue(conn, audience, about, &message, now)
    }

    /// Tells what an alert is about: each of its records, up to as many as are told one by one. The last of those lists
    /// the rest.
    pub(crate) fn tell_records(
        &self,
        conn: &mut Conn,
        alert: &Alert,
        told: &[(Record, Option<DateTime<Utc>>)],
        rest: impl Fn(&[&str]) -> String,
        now: NaiveDateTime,
    ) -> Result<usize, DbError> {
        let shown = told.len().min(self.max_messages.max(1));
        for (index, (record, occurred_at)) in told.iter().take(shown).enumerate() {
            let mut text = record.alert_message.clone();
            if index + 1 == shown && told.len() > shown {
                let more: Vec<&str> = told[shown..]
                    .iter()
                    .map(|(record, _)| record.alert_message.as_str())
                    .collect();
                text = format!("{text}\n\n{}", rest(&more));
            }
            let story = Story {
                event: Event::Alert,
                value: alert.value,
                previous: alert.previous,
                text,
                reason: alert.reason.clone(),
                at: occurred_at.unwrap_or_else(|| alert.opened_at.and_utc()),
                round: None,
            };
            self.tell(conn, alert, Some(record.id), &story, now)?;
        }
        Ok(told.len() - shown)
    }
}

/// A incident of the monitor itself, as people are told of it. Whoever was told this word of it before is not told again.
pub(crate) fn tell_incident(
    conn: &mut Conn,
    shared: &Shared,
    audience: &[Audience],
    incident: &Incident,
    word: Word,
    text: &str,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let which = match word {
        Word::Begins => "begins".to_owned(),
        Word::Lasts(round) => format!("lasts-{round}"),
        Word::Ends => "ends".to_owned(),
    };
    let severity = match word {
        Word::Ends => Severity::Info,
        _ => incident.severity,
    };
    let message = Notification {
        id: format!("incident/{}/{which}", incident.id),
        message_id: message_id(&format!("incident-{}-{which}", incident.id)),
        thread_id: Some(thread("incident", incident.id, incident.opened_at)),
        event: Event::Notice,
        metric: MetricInfo {
            key: incident.kind.as_str().to_owned(),
            title: super::words::title(shared.options.language, incident.kind, &incident.subject),
            unit: String::new(),
        },
        severity,
        value: None,
        previous: None,
        text: text.to_owned(),
        reason: String::new(),
        at: now.and_utc(),
        alert_id: None,
        url: page(shared, "/system"),
    };
    let about = About {
        incident_id: Some(incident.id),
        ..About::default()
    };
    enqueue(conn, audience, about, &message, now)
}

/// What rows of the outbox refer to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    pub(crate) alert_id: Option<i64>,
    pub(crate) record_id: Option<i64>,
    pub(crate) incident_id: Option<i64>,
}

/// One row a recipient; `message.id` is made his own.
pub(crate) fn enqueue(
    conn: &mut Conn,
    audience: &[Audience],
    about: About,
    message: &Notification,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let mut rows = Vec::new();
    for Audience { channel, recipients } in audience {
        for recipient in recipients {
            let dedupe_key = format!("{}/{channel}/{recipient}", message.id);
            let notification = Notification {
                id: dedupe_key.clone(),
                ..message.clone()
            };
            rows.push(NewDelivery {
                alert_id: about.alert_id,
                record_id: about.record_id,
                incident_id: about.incident_id,
                lane: channel.clone(),
                event: message.event.as_str().to_owned(),
                recipient: recipient.clone(),
                dedupe_key,
                message_id: message.message_id.clone(),
                payload: to_json(&notification),
                next_at: now,
                created_at: now,
            });
        }
    }
    deliveries::enqueue(conn, &rows)
}

/// The channels of these names with all who read them, in the order of the config.
pub(crate) fn audience(shared: &Shared, names: &[String]) -> Vec<Audience> {
    shared
        .channels
        .iter()
        .filter(|channel| names.iter().any(|name| name == channel.notifier.name()))
        .map(|channel| Audience {
            channel: channel.notifier.name().to_owned(),
            recipients: channel.notifier.recipients(),
        })
        .collect()
}

/// Those who hear of the monitor's own incidents, but not through the lane `but`, which is the incident: of the channels
/// that the config names for it or, where none is left, of any other.
pub(crate) fn own_audience(shared: &Shared, but: &str) -> Vec<Audience> {
    let named: Vec<String> = shared
        .options
        .notify
        .iter()
        .filter(|name| *name != but)
        .cloned()
        .collect();
    if !named.is_empty() {
        return audience(shared, &named);
    }
    let others = shared.channels.iter().map(|channel| channel.notifier.name());
    let others: Vec<String> = others.filter(|name| *name != but).map(str::to_owned).collect();
    audience(shared, &others)
}

/// Addresses by channel.
pub(crate) fn grouped(addresses: Vec<Address>) -> Vec<Audience> {
    let mut grouped: Vec<Audience> = Vec::new();
    for (channel, recipient) in addresses {
        match grouped.iter_mut().find(|known| known.channel == channel) {
            Some(known) => known.recipients.push(recipient),
            None => grouped.push(Audience {
                channel,
                recipients: vec![recipient],
            }),
        }
    }
    grouped
}

/// The key under which the outbox knows a job of an alert.
pub(crate) fn job_key(lane: &str, alert_id: i64) -> String {
    format!("{}/{alert_id}", lane.trim_start_matches('@'))
}

/// Puts a job of an alert into the outbox: sound the alarm, ask for details.
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
        incident_id: None,
        lane: lane.to_owned(),
        event: event.to_owned(),
        recipient: String::new(),
        dedupe_key: job_key(lane, alert.id),
        message_id: format!("{event}-{}@monitor", alert.id),
        payload: to_json(&Job {
            key: alert.key.to_string(),
            teller,
        }),
        next_at: now,
        created_at: now,
    };
    deliveries::enqueue(conn, &[row])?;
    Ok(())
}

/// A page of the monitor, where readers of messages could reach it.
pub(crate) fn page(shared: &Shared, path: &str) -> Option<String> {
    let base = shared.options.page.as_ref()?;
    Some(format!("{}{path}", base.trim_end_matches('/')))
}

pub(crate) fn message_id(what: &str) -> String {
    format!("{what}.{}@monitor", uuid::Uuid::now_v7().simple())
}

/// Messages about one thing answer this id, so that mail programs show them as one conversation. Two monitors that
/// write to one mailbox have things of the same number; not begun in the same microsecond.
fn thread(what: &str, id: i64, began: NaiveDateTime) -> String {
    format!("{what}-{id}.{}@monitor", began.and_utc().timestamp_micros())
}

fn max_messages() -> usize {
    MAX_MESSAGES
}

fn to_json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("payloads are plain data")
}
