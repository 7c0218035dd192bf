//! What a mail server's reply means: at which step it failed, in whose words, and whether trying again can help.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::response::Response;

use super::refusal::is_refusal;
use crate::Failure;
use crate::templates::one_line;

/// Longest piece of a server's answer that is repeated, in characters.
const WORDS_LIMIT: usize = 500;

/// The step of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    Greeting,
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
            Step::Greeting => "greeting",
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
    /// No answer in time, as opposed to a broken connection.
    pub(super) is_timeout: bool,
    words: String,
    /// Trying again cannot help.
    is_final: bool,
}

impl Fault {
    pub(super) fn new(step: Step, words: impl Into<String>) -> Fault {
        Fault {
            step,
            code: None,
            is_timeout: false,
            words: words.into(),
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

    /// The server answered, and yet not what this step can go on with.
    pub(super) fn unexpected(step: Step, reply: &Response) -> Fault {
        let first_line = reply.first_line().unwrap_or_default();
        Fault::new(step, format!("unexpected answer {} {first_line}", reply.code()))
    }

    /// What lettre says went wrong.
    pub(super) fn from_lettre(step: Step, error: &Error) -> Fault {
        let code = error.status().map(u16::from);
        let words = words(error);
        let is_final = code.is_some_and(|code| is_refusal(step, code, &words));
        Fault {
            step,
            code,
            is_timeout: error.is_timeout(),
            words,
            is_final,
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
        let reason = format!("mail server {server}: {}{whom}: {code}{words}", self.step);
        if self.is_final && self.step == Step::Recipient {
            Failure::UnknownRecipient { reason }
        } else if self.is_final {
            Failure::permanent(reason)
        } else {
            Failure::transient(reason)
        }
    }
}

/// The cause in words: the server's own where it spoke.
fn words(error: &Error) -> String {
    let said = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_response() && said == "incomplete response" {
        return "the server closed the connection without an answer".to_owned();
    }
    if said.contains("UnknownIssuer") {
        return format!(
            "{said}; where it is a certificate authority of your own, name its file in `ca_file`"
        );
    }
    said
}

/// A password in every form in which a server might repeat it: plain, and base64 as PLAIN and LOGIN send it.
pub(super) fn forms_of(credentials: &Credentials, password: &str) -> Vec<String> {
    let coded = |mechanism, challenge: Option<&str>| {
        let command = Auth::new(mechanism, credentials.clone(), challenge.map(str::to_owned))
            .ok()?
            .to_string();
        command.split_whitespace().last().map(str::to_owned)
    };
    let mut forms: Vec<String> = [
        coded(Mechanism::Plain, None),
        coded(Mechanism::Login, Some("Password:")),
    ]
    .into_iter()
    .flatten()
    .chain([password.to_owned()])
    .filter(|form| !form.is_empty())
    .collect();
    // A form that holds another one goes first.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_password_is_known() {
        let forms = forms_of(
            &Credentials::new("tim".into(), "tanstaaftanstaaf".into()),
            "tanstaaftanstaaf",
        );
        // The example of RFC 4616 section 4, and the same password alone.
        for form in [
            "AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
            "dGFuc3RhYWZ0YW5zdGFhZg==",
            "tanstaaftanstaaf",
        ] {
            assert!(forms.iter().any(|one| one == form), "{form}");
        }
    }
}
