//! The job of sending messages through a channel.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use monitor_domain::Language;
use monitor_notify::{Event, Failure, MessageIds};

use super::history;
use crate::context::{Channel, Context};
use crate::fault::{self, Point};
use crate::outbox::{
    AttemptResult, Batch, Done, GivenUp, Job, LaneSettings, Rate, Refers, RetryPolicy, message_id,
};

/// The first pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts where the channel requests none.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause that a channel may request, and so the longest of all.
pub(super) const LONGEST_REQUESTED: Duration = Duration::from_secs(3600);

/// Sends through one channel.
pub(crate) struct Send {
    channel: Channel,
}

impl Send {
    pub(crate) fn new(channel: Channel) -> Send {
        Send { channel }
    }
}

#[async_trait]
impl Job for Send {
    fn lane(&self) -> LaneSettings {
        let notifier = &self.channel.notifier;
        let limits = notifier.limits();
        LaneSettings {
            name: notifier.name().to_owned(),
            places: limits.concurrency,
            rate: Rate {
                per_minute: limits.per_minute,
                per_second: limits.per_second,
            },
            recipients: notifier.recipients().len(),
            breaks: true,
            limit: None,
            digest: self.channel.digest,
            retry: RetryPolicy {
                max_age: self.channel.max_age,
                first: FIRST_PAUSE,
                longest: LONGEST_PAUSE,
                longest_requested: LONGEST_REQUESTED,
            },
        }
    }

    async fn attempt(&self, context: &Arc<Context>, batch: &Batch) -> AttemptResult {
        let mut message = match batch.message(context.options.language) {
            Ok(message) => message,
            Err(error) => return error.into(),
        };
        if self.channel.notifier.shows_chart() {
            message = history::with_chart(context, message).await;
        }
        fault::point(Point::BeforeSend);
        let sent = self
            .channel
            .notifier
            .send(&message, &batch.first().recipient)
            .await;
        fault::point(Point::AfterSend);
        match sent {
            Ok(()) => AttemptResult::Delivered(Done::Unmarked),
            Err(Failure::Transient { reason, retry_after }) => AttemptResult::Transient {
                reason,
                retry_after,
                at_most: None,
            },
            Err(Failure::Permanent { reason }) => AttemptResult::Permanent { reason },
            Err(Failure::UnknownRecipient { reason }) => AttemptResult::UnknownRecipient { reason },
        }
    }

    fn given_up(&self, context: &Context, batch: &Batch, error: &str, _: NaiveDateTime) -> Option<GivenUp> {
        undelivered(context, batch, error)
    }
}

/// What others are notified of where messages did not reach their recipient: once a message, however many recipients it did not
/// reach. The monitor's own incidents are not passed on, or two dead channels would report each other.
pub(super) fn undelivered(context: &Context, batch: &Batch, error: &str) -> Option<GivenUp> {
    let language = context.options.language;
    let passed_on = batch.without(&[Event::Notice, Event::Test])?;
    let (first, count) = (passed_on.first(), passed_on.all().len());
    let message = passed_on.message(language).ok()?;
    let text = not_delivered(
        language,
        (&first.lane, &first.recipient),
        error,
        &message.whole_text(),
    );
    // By what is in it: the digests of several recipients say the same.
    let ids = MessageIds::new(
        format!("fallback/{}+{count}/{}", first.message_id, first.lane),
        message_id(&format!("fallback-{}", first.id)),
    );
    let message = message.into_notice(ids, text);
    let refers = Refers {
        alert_id: batch.first().alert_id,
        ..Refers::default()
    };
    Some(GivenUp { refers, message })
}

fn not_delivered(language: Language, (channel, recipient): (&str, &str), why: &str, text: &str) -> String {
    let to = if recipient.is_empty() {
        channel.to_owned()
    } else {
        format!("{channel} ({recipient})")
    };
    match language {
        Language::English => format!("could not be delivered through {to}: {why}\n\n{text}"),
        Language::Chinese => format!("未能通过 {to} 送达：{why}\n\n{text}"),
    }
}
