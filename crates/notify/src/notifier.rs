//! The trait that every channel implements, and how it reports a failure.

use std::time::Duration;

use async_trait::async_trait;
use monitor_domain::Language;

use crate::Notification;

/// How fast a channel may be used. The pipeline that calls the notifier keeps to it; the notifier does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages a minute that the other side takes; `None` for as many as there are.
    pub per_minute: Option<u32>,
    /// Messages in any second that the other side takes.
    pub per_second: Option<u32>,
    /// Messages that may be under way at the same time; at least 1.
    pub concurrency: usize,
}

impl Limits {
    /// One message at a time, and so many a minute.
    pub const fn per_minute(messages: u32) -> Limits {
        Limits {
            per_minute: Some(messages),
            per_second: None,
            concurrency: 1,
        }
    }

    /// And so many a second.
    #[must_use]
    pub const fn per_second(mut self, messages: u32) -> Limits {
        self.per_second = Some(messages);
        self
    }
}

/// Why a message was not delivered. The text carries what the other side said and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work later: send the same notification again.
    #[error("{reason}")]
    Transient {
        /// What failed, in words for an operator.
        reason: String,
        /// How long the other side wants to be left alone, where it said so.
        retry_after: Option<Duration>,
    },
    /// It will not work, however often it is tried: the other side refused this content.
    #[error("{reason}")]
    Permanent {
        /// What was refused, and the other side's words.
        reason: String,
    },
    /// The other side says that there is no such recipient. Where it takes others, that is final; where it takes nobody, it is the
    /// channel that is set up wrong, and messages wait until that is mended.
    #[error("{reason}")]
    UnknownRecipient {
        /// Who was refused, and the other side's words.
        reason: String,
    },
}

impl Failure {
    /// A [`Failure::Transient`] without a time.
    pub fn transient(reason: impl Into<String>) -> Failure {
        Failure::Transient {
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// A [`Failure::Permanent`].
    pub fn permanent(reason: impl Into<String>) -> Failure {
        Failure::Permanent {
            reason: reason.into(),
        }
    }

    /// The same, not before this time has passed; what is final stays so.
    #[must_use]
    pub fn after(mut self, pause: Option<Duration>) -> Failure {
        if let Failure::Transient { retry_after, .. } = &mut self {
            *retry_after = (*retry_after).max(pause);
        }
        self
    }

    /// Whether to try again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Failure::Transient { .. })
    }

    /// What failed.
    pub fn reason(&self) -> &str {
        match self {
            Failure::Transient { reason, .. }
            | Failure::Permanent { reason }
            | Failure::UnknownRecipient { reason } => reason,
        }
    }

    /// How long to wait at least, where the other side said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Transient { retry_after, .. } => *retry_after,
            Failure::Permanent { .. } | Failure::UnknownRecipient { .. } => None,
        }
    }
}

/// A message as a channel shows it, by its templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The subject, or what a notification of a phone shows; empty where the channel has neither.
    pub title: String,
    /// The text, in the markup of the channel.
    pub text: String,
    /// The same for a browser, with its pictures in it, where the channel sends HTML too.
    pub html: Option<String>,
}

/// A channel: one way to reach people or systems. An implementation delivers once and classifies what went wrong; it
/// never retries, queues or sleeps, because the pipeline that calls it does, and remembers across restarts.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The channel's name in the config, such as `mail` for `[channels.mail]`.
    fn name(&self) -> &str;

    /// Its `kind` in the config, such as those of [`KINDS`](crate::KINDS).
    fn kind(&self) -> &'static str;

    /// Who reads it. Each gets a delivery of their own, so that one refusal does not hold up the others. A channel
    /// that is its own recipient (a robot's address) answers one empty string.
    fn recipients(&self) -> Vec<String>;

    /// How fast it may be used.
    fn limits(&self) -> Limits;

    /// Delivers one notification to one recipient, once. `Ok` means that the other side took it.
    ///
    /// Dropping the future may leave the message sent or not; sending it again is safe for the receiver, who is given
    /// the same [`Notification::message_id`].
    ///
    /// # Errors
    /// [`Failure`], which says whether trying again can help.
    async fn send(&self, notification: &Notification, recipient: &str) -> Result<(), Failure>;

    /// Whether it shows a message's [chart](Notification::chart). Readings are loaded for those channels alone.
    fn shows_chart(&self) -> bool {
        false
    }

    /// This message as the channel shows it, in its own language or another; nothing where no template writes it.
    ///
    /// # Errors
    /// Why the templates cannot write it.
    fn preview(
        &self,
        _notification: &Notification,
        _language: Option<Language>,
    ) -> Result<Option<Preview>, Failure> {
        Ok(None)
    }

    /// How often what still fires has to be sent again, where the other side takes it to be over otherwise; `None` where it does not.
    fn restate_every(&self) -> Option<Duration> {
        None
    }

    /// Says again how some alerts are: that they fire, or when they ended. It changes nothing where that is known already.
    ///
    /// # Errors
    /// [`Failure`]; the next round says it again.
    async fn restate(&self, _alerts: &[Notification]) -> Result<(), Failure> {
        Ok(())
    }

    /// Opens the channel as far as it goes without sending anything: reaches the server and signs in.
    ///
    /// # Errors
    /// [`Failure`]; trying again is up to the caller.
    async fn probe(&self) -> Result<(), Failure>;
}
