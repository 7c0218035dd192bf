//! What went wrong with a mail: at which step, in whose words, and whether trying again can help.

use std::fmt;
use std::time::Duration;

use monitor_domain::one_line;

use super::refusal::is_refusal;
use super::reply::{NoReply, Reply};
use crate::Failure;

/// Longest piece of a server's answer that is repeated, in characters.
const WORDS_LIMIT: usize = 500;

/// The step of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    /// TLS from the first byte.
    Tls,
    Greeting,
    Ehlo,
    /// Where the server does not know EHLO.
    Helo,
    StartTls,
    SignIn,
    Noop,
    Sender,
    Recipient,
    Data,
    Content,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Connect => "connecting",
            Step::Tls => "TLS",
            Step::Greeting => "greeting",
            Step::Ehlo => "EHLO",
            Step::Helo => "HELO",
            Step::StartTls => "STARTTLS",
            Step::SignIn => "signing in",
            Step::Noop => "NOOP",
            Step::Sender => "MAIL FROM",
            Step::Recipient => "RCPT TO",
            Step::Data => "DATA",
            Step::Content => "the mail itself",
        })
    }
}

/// What went wrong at a step.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) step: Step,
    /// The server's reply code; `None` where there was no reply that could be read.
    pub(super) code: Option<u16>,
    /// The connection was gone, as opposed to an answer that did not come in time or is not understood.
    pub(super) is_closed: bool,
    /// No answer in time.
    pub(super) is_timeout: bool,
    words: String,
    /// What to do, in words of ours.
    advice: Option<String>,
    /// Trying again cannot help.
    is_final: bool,
}

impl Fault {
    pub(super) fn new(step: Step, words: impl Into<String>) -> Fault {
        Fault {
            step,
            code: None,
            is_closed: false,
            is_timeout: false,
            words: words.into(),
            advice: None,
            is_final: false,
        }
    }

    /// The server did not answer in time.
    pub(super) fn late(step: Step, limit: Duration) -> Fault {
        let words = format!("no answer within {}", humantime::format_duration(limit));
        Fault {
            is_timeout: true,
            ..Fault::new(step, words)
        }
    }

    /// There was no answer.
    pub(super) fn unanswered(step: Step, why: &NoReply) -> Fault {
        Fault {
            is_closed: why.is_closed(),
            ..Fault::new(step, why.to_string())
        }
    }

    /// The server refused.
    pub(super) fn refused(step: Step, reply: &Reply) -> Fault {
        let words = reply.words();
        Fault {
            code: Some(reply.code),
            is_final: !reply.is_ambiguous && is_refusal(step, reply.code, &words),
            words: if words.is_empty() {
                "(the server gives no reason)".to_owned()
            } else {
                words
            },
            ..Fault::new(step, "")
        }
    }

    /// The server answered, and yet not what this step can go on with.
    pub(super) fn unexpected(step: Step, reply: &Reply) -> Fault {
        Fault::new(
            step,
            format!("unexpected answer {} {}", reply.code, reply.words()),
        )
    }

    /// What to do about it.
    pub(super) fn advise(self, advice: impl Into<String>) -> Fault {
        Fault {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// Trying again cannot help.
    pub(super) fn into_final(self) -> Fault {
        Fault {
            is_final: true,
            ..self
        }
    }

    /// In words for an operator, without the `secrets`, and whether to try again. `server` is its address, `recipient`
    /// whom it was about, empty for a probe.
    pub(super) fn failure(&self, server: &str, recipient: &str, secrets: &[String]) -> Failure {
        let code = self.code.map(|code| format!("{code} ")).unwrap_or_default();
        let whom = if self.step == Step::Recipient {
            format!(" <{recipient}>")
        } else {
            String::new()
        };
        let mut words = one_line(&self.words);
        for secret in secrets {
            words = words.replace(secret.as_str(), "[redacted]");
        }
        let words: String = words.chars().take(WORDS_LIMIT).collect();
        let advice = self
            .advice
            .as_ref()
            .map(|advice| format!("; {advice}"))
            .unwrap_or_default();
        let reason = format!("mail server {server}: {}{whom}: {code}{words}{advice}", self.step);
        if self.is_final && self.step == Step::Recipient {
            Failure::UnknownRecipient { reason }
        } else if self.is_final {
            Failure::permanent(reason)
        } else {
            Failure::transient(reason)
        }
    }
}
