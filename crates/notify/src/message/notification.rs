//! One message, and how it is made.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_chart::Chart;
use monitor_domain::{Language, Severity};
use serde::{Deserialize, Serialize};

use super::sample::sample;
use super::{AlertFacts, Event, MessageIds, MetricInfo};

/// One message, complete: a channel needs nothing else to render it. It is stored as the payload of a delivery, so that a
/// restart, or another machine, sends exactly what was decided.
///
/// It is made by [`about_alert`](Notification::about_alert), [`notice`](Notification::notice),
/// [`digest`](Notification::digest) or [`test`](Notification::test), and not field by field.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// The idempotency key. The same for every attempt; receivers that know such keys are given it.
    pub id: String,
    /// The mail's whole Message-ID without its angle brackets, such as `alert-7@monitor.example.com`. The same for
    /// every attempt, so that a mail server or a reader can recognise a repeat.
    pub message_id: String,
    /// The Message-ID (again without brackets) of the mail that this one answers: a recovery or a reminder names
    /// its alert's. Mail programs then show them as one conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// What happened.
    pub event: Event,
    /// The metric it happened to. For a [`Event::Notice`] that is about no metric: the subject's name.
    pub metric: MetricInfo,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// The reading, where there was one.
    #[serde(default)]
    pub value: Option<f64>,
    /// What the reading was compared with, where there was such a thing.
    #[serde(default)]
    pub previous: Option<f64>,
    /// The threshold of the rule that the reading passed, or passed on its way back, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The message: what the upstream system says about it, or what the monitor made of the reading. Of several
    /// [`messages`](Notification::messages) the first.
    pub text: String,
    /// Where it is about several messages at once: each of them, oldest first, as far as they are listed; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// How many messages there are beyond those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_messages: u32,
    /// Why the rule decided so, such as `131 is above 100 since 09:12:40 UTC`. May be empty.
    #[serde(default)]
    pub reason: String,
    /// When it happened (not: when it is sent).
    pub at: DateTime<Utc>,
    /// The alert's id in the database.
    #[serde(default)]
    pub alert_id: Option<i64>,
    /// The sort of the alert: `level`, `event` or `no_data`; nothing where it is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When the alert was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The page with more, `http://` or `https://`; anything else is not linked.
    #[serde(default)]
    pub url: Option<String>,
    /// The readings before it, for channels that [show](crate::Notifier::shows_chart) them. It is not stored: whoever sends
    /// the message adds it.
    #[serde(skip)]
    pub chart: Option<Chart>,
}

impl Notification {
    /// Something that happened to an alert: it began, ended, is still open.
    pub fn about_alert(
        ids: MessageIds,
        event: Event,
        metric: MetricInfo,
        alert: AlertFacts,
        text: impl Into<String>,
        at: DateTime<Utc>,
    ) -> Notification {
        Notification {
            value: alert.value,
            previous: alert.previous,
            threshold: alert.threshold,
            reason: alert.reason,
            alert_id: Some(alert.alert_id),
            ..Notification::plain(ids, event, metric, alert.severity, text.into(), at)
        }
    }

    /// Something about the monitor itself. `subject` is what it is about: a system, a channel, the database.
    pub fn notice(
        ids: MessageIds,
        subject: MetricInfo,
        severity: Severity,
        text: impl Into<String>,
        at: DateTime<Utc>,
    ) -> Notification {
        Notification::plain(ids, Event::Notice, subject, severity, text.into(), at)
    }

    /// Several messages as one: as severe as the worst of them, from the time of the newest, with the first page that one
    /// of them has.
    pub fn digest(
        ids: MessageIds,
        title: impl Into<String>,
        text: impl Into<String>,
        messages: &[Notification],
    ) -> Notification {
        let worst = messages.iter().map(|message| message.severity).max();
        let newest = messages.iter().map(|message| message.at).max();
        let page = messages.iter().find_map(|message| message.url.clone());
        Notification::plain(
            ids,
            Event::Digest,
            MetricInfo::new(Event::Digest.as_str(), title),
            worst.unwrap_or_default(),
            text.into(),
            newest.unwrap_or_default(),
        )
        .with_url(page)
    }

    /// A message that tries a channel out.
    pub fn test(ids: MessageIds, channel: &str, text: impl Into<String>, at: DateTime<Utc>) -> Notification {
        let subject = MetricInfo::new(channel, channel);
        Notification::plain(ids, Event::Test, subject, Severity::Info, text.into(), at)
    }

    /// A message of this event, made up, with everything in it that one can have, for previews of texts.
    pub fn sample(event: Event, language: Language) -> Notification {
        sample(event, language)
    }

    /// This message as a notice of the monitor's own, in the same conversation: what others get when it could not be
    /// delivered. All but its ids and text stays.
    #[must_use]
    pub fn into_notice(self, ids: MessageIds, text: impl Into<String>) -> Notification {
        Notification {
            id: ids.id,
            message_id: ids.message_id,
            thread_id: ids.thread_id.or(self.thread_id),
            event: Event::Notice,
            text: text.into(),
            messages: Vec::new(),
            more_messages: 0,
            ..self
        }
    }

    /// The same under another idempotency key: a recipient's own.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Notification {
        self.id = id.into();
        self
    }

    /// The same with a page that has more, where there is one.
    #[must_use]
    pub fn with_url(mut self, url: Option<String>) -> Notification {
        self.url = url;
        self
    }

    /// The same with the readings before it.
    #[must_use]
    pub fn with_chart(mut self, chart: Option<Chart>) -> Notification {
        self.chart = chart;
        self
    }

    /// The same with the sort of the alert, and when that was opened.
    #[must_use]
    pub fn with_opening(mut self, kind: impl Into<String>, since: DateTime<Utc>) -> Notification {
        (self.kind, self.since) = (Some(kind.into()), Some(since));
        self
    }

    /// The same about several messages at once: these, and so many more that are not listed.
    #[must_use]
    pub fn with_messages(mut self, messages: Vec<String>, more: u32) -> Notification {
        (self.messages, self.more_messages) = (messages, more);
        self
    }

    /// How many messages it is about.
    pub fn message_count(&self) -> usize {
        self.messages.len().max(1) + usize::try_from(self.more_messages).unwrap_or(usize::MAX)
    }

    /// All that it says: the message, or each of several in a line of its own.
    pub fn whole_text(&self) -> Cow<'_, str> {
        match &self.messages[..] {
            [] => Cow::Borrowed(&self.text),
            several => Cow::Owned(several.join("\n")),
        }
    }

    /// How long the alert has lasted, or lasted: in a message of a while after it was opened.
    pub fn lasted(&self) -> Option<Duration> {
        let is_later = matches!(
            self.event,
            Event::Reminder | Event::Escalation | Event::Recovered | Event::DataBack | Event::Closed
        );
        // Whole seconds, and nothing where the clock was stepped back meanwhile.
        let lasted = (self.at - self.since.filter(|_| is_later)?).num_seconds();
        u64::try_from(lasted)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
    }

    /// How the alert stands by this message: `firing`, `no_data`, `recovered` or `closed`; nothing where it is about none.
    pub fn state(&self) -> Option<&'static str> {
        match self.event {
            Event::Alert | Event::Reminder | Event::Escalation => match self.kind.as_deref() {
                Some("no_data") => Some("no_data"),
                _ => Some("firing"),
            },
            Event::NoData => Some("no_data"),
            Event::Recovered | Event::DataBack => Some("recovered"),
            Event::Closed => Some("closed"),
            Event::Digest | Event::Notice | Event::Test => None,
        }
    }

    /// The same about an alert, where it is about one: a notice of something that went wrong with it.
    #[must_use]
    pub fn with_alert(mut self, alert_id: Option<i64>) -> Notification {
        self.alert_id = alert_id;
        self
    }

    /// A message without a reading.
    fn plain(
        ids: MessageIds,
        event: Event,
        metric: MetricInfo,
        severity: Severity,
        text: String,
        at: DateTime<Utc>,
    ) -> Notification {
        Notification {
            id: ids.id,
            message_id: ids.message_id,
            thread_id: ids.thread_id,
            event,
            metric,
            severity,
            value: None,
            previous: None,
            threshold: None,
            text,
            messages: Vec::new(),
            more_messages: 0,
            reason: String::new(),
            at,
            alert_id: None,
            kind: None,
            since: None,
            url: None,
            chart: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
