//! What goes out at one attempt: one delivery, or several to one recipient, which reads them as a digest.

use std::time::Duration;

use monitor_domain::Language;
use monitor_model::{ClockHistory, Delivery};
use monitor_notify::{Event, MessageIds, Notification};

use super::payload::{self, JobPayload, PayloadError};
use super::routing::common_page;
use super::text;

/// One delivery, or all of a digest, oldest first; never none.
pub(crate) struct Batch(Vec<Delivery>);

impl Batch {
    /// Nothing for no delivery.
    pub(crate) fn of(deliveries: Vec<Delivery>) -> Option<Batch> {
        (!deliveries.is_empty()).then_some(Batch(deliveries))
    }

    /// The oldest of what is in it.
    pub(crate) fn first(&self) -> &Delivery {
        &self.0[0]
    }

    pub(crate) fn all(&self) -> &[Delivery] {
        &self.0
    }

    /// The same without what is of these events; nothing where nothing else is in it.
    pub(crate) fn without(&self, events: &[Event]) -> Option<Batch> {
        let is_left = |delivery: &&Delivery| events.iter().all(|event| event.as_str() != delivery.event);
        Batch::of(self.0.iter().filter(is_left).cloned().collect())
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

    /// For how long it has been tried: as long as the youngest in it, since a person last requested another try.
    pub(crate) fn age(&self, history: &ClockHistory) -> Duration {
        let begun = self.0.iter();
        let begun = begun.map(|delivery| delivery.retried_at.unwrap_or(delivery.created_at));
        begun.map(|at| history.age(at)).min().unwrap_or_default()
    }

    /// Whether it was tried before and put off. One that was made due again stands where it was made, and shows nothing.
    pub(crate) fn was_put_off(&self) -> bool {
        self.0
            .iter()
            .any(|delivery| delivery.last_error.is_some() && delivery.next_at > delivery.created_at)
    }

    /// The message that it is. A digest is the same at each repeat, for it is always of the same deliveries.
    pub(crate) fn message(&self, language: Language) -> Result<Notification, PayloadError> {
        let read = |delivery: &Delivery| payload::read_notification(&delivery.payload);
        if let [only] = &self.0[..] {
            return read(only);
        }
        let messages: Vec<Notification> = self.0.iter().map(read).collect::<Result<_, _>>()?;
        Ok(digest(language, self.first(), &messages))
    }

    /// The job that it is.
    pub(crate) fn job(&self) -> Result<JobPayload, PayloadError> {
        payload::read_job(&self.first().payload)
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

/// Several messages as one.
fn digest(language: Language, first: &Delivery, messages: &[Notification]) -> Notification {
    let colon = match language {
        Language::English => ": ",
        Language::Chinese => "：",
    };
    let lines = messages.iter().map(|message| {
        let time = message.at.format("%H:%M:%S UTC");
        let others = match message.message_count() - 1 {
            0 => String::new(),
            others => format!(" (+{others})"),
        };
        format!("{time} {}{colon}{}{others}", message.metric.title, message.text)
    });
    let text = text::list(language, lines, messages.len()).join("\n");
    let batch = first.batch.clone().unwrap_or_else(|| first.message_id.clone());
    let titles: Vec<&str> = messages
        .iter()
        .map(|message| message.metric.title.as_str())
        .collect();
    let all_of_one = titles.windows(2).all(|pair| pair[0] == pair[1]);
    let count = text::digest(language, messages.len());
    let title = match titles.first() {
        Some(title) if all_of_one => format!("{title}{colon}{count}"),
        _ => count,
    };
    Notification::digest(MessageIds::new(&batch, &batch), title, text, messages)
        .with_url(common_page(messages))
}
