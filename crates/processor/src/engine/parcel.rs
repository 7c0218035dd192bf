//! What goes out at one attempt: one delivery, or several to one recipient as a digest.

use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_domain::Language;
use monitor_model::Delivery;
use monitor_notify::{Event, MetricInfo, Notification};

use super::words;

/// One delivery, or all of a digest, oldest first; never none.
pub(crate) struct Parcel(Vec<Delivery>);

impl Parcel {
    /// Nothing for no delivery.
    pub(crate) fn of(deliveries: Vec<Delivery>) -> Option<Parcel> {
        (!deliveries.is_empty()).then_some(Parcel(deliveries))
    }

    /// The oldest of what is in it.
    pub(crate) fn first(&self) -> &Delivery {
        &self.0[0]
    }

    pub(crate) fn all(&self) -> &[Delivery] {
        &self.0
    }

    /// The same without what is of these events; nothing where nothing else is in it.
    pub(crate) fn without(&self, events: &[Event]) -> Option<Parcel> {
        let is_left = |delivery: &&Delivery| events.iter().all(|event| event.as_str() != delivery.event);
        Parcel::of(self.0.iter().filter(is_left).cloned().collect())
    }

    /// What is claimed by it: each delivery with the attempt that fences others out.
    pub(crate) fn claims(&self) -> Vec<(i64, i32)> {
        self.0
            .iter()
            .map(|delivery| (delivery.id, delivery.attempt))
            .collect()
    }

    /// How often it was tried, this time included.
    pub(crate) fn attempt(&self) -> i32 {
        self.0.iter().map(|delivery| delivery.attempt).max().unwrap_or(1)
    }

    /// For how long it has been tried: as long as the youngest in it, since a person last asked for it.
    pub(crate) fn age(&self, now: NaiveDateTime) -> Duration {
        let begun = self.0.iter().map(|delivery| {
            let asked = delivery.retried_at.unwrap_or(delivery.created_at);
            delivery.created_at.max(asked)
        });
        let youngest = begun.max().unwrap_or(now);
        (now - youngest).to_std().unwrap_or_default()
    }

    /// Whether it was tried before and put off. One that was hastened stands where it was made, and says nothing new.
    pub(crate) fn was_put_off(&self) -> bool {
        self.0
            .iter()
            .any(|delivery| delivery.last_error.is_some() && delivery.next_at > delivery.created_at)
    }

    /// The message that it is. A digest says the same at each repeat, for it is always of the same deliveries.
    ///
    /// # Errors
    /// Where a stored payload cannot be read.
    pub(crate) fn message(&self, language: Language) -> Result<Notification, String> {
        let read = |delivery: &Delivery| {
            serde_json::from_str::<Notification>(&delivery.payload)
                .map_err(|error| format!("its stored payload cannot be read: {error}"))
        };
        let [only] = &self.0[..] else {
            let messages: Vec<Notification> = self.0.iter().map(read).collect::<Result<_, _>>()?;
            return Ok(digest(language, self.first(), &messages));
        };
        read(only)
    }

    /// Lane, recipient and what it is, for the log.
    pub(crate) fn name(&self) -> String {
        let Delivery {
            id, lane, recipient, ..
        } = self.first();
        let who = format!("{lane} {recipient}");
        match self.0.len() {
            1 => format!("delivery {id}: {}", who.trim_end()),
            count => format!("deliveries {id} and {} more: {}", count - 1, who.trim_end()),
        }
    }
}

/// Several messages as one. It is as bad as the worst of them, and from the time of the newest.
fn digest(language: Language, first: &Delivery, messages: &[Notification]) -> Notification {
    let lines = messages.iter().map(|message| {
        let time = message.at.format("%H:%M:%S UTC");
        format!("{time} {}: {}", message.metric.title, message.text)
    });
    let text = words::list(language, lines, messages.len()).join("\n");
    let batch = first.batch.clone().unwrap_or_else(|| first.message_id.clone());
    let titles: Vec<&str> = messages
        .iter()
        .map(|message| message.metric.title.as_str())
        .collect();
    let all_of_one = titles.windows(2).all(|pair| pair[0] == pair[1]);
    let count = words::digest(language, messages.len());
    Notification {
        id: batch.clone(),
        message_id: batch,
        thread_id: None,
        event: Event::Digest,
        metric: MetricInfo {
            key: "digest".to_owned(),
            title: match titles.first() {
                Some(title) if all_of_one => format!("{title}: {count}"),
                _ => count,
            },
            unit: String::new(),
        },
        severity: messages
            .iter()
            .map(|message| message.severity)
            .max()
            .unwrap_or_default(),
        value: None,
        previous: None,
        text,
        reason: String::new(),
        at: messages
            .iter()
            .map(|message| message.at)
            .max()
            .unwrap_or_default(),
        alert_id: None,
        url: messages.iter().find_map(|message| message.url.clone()),
    }
}
