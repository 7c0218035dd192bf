//! What a service says in the body of an answer whose status is one of success.

use std::time::Duration;

use monitor_requests::{Response, Secret};
use serde_json::Value;

use crate::notifier::Failure;

/// How much of a service's own words is shown, in characters.
const WORDS: usize = 200;

/// What a code means for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Too many messages: none is taken for as long as this.
    Throttled(Duration),
    /// Something is wrong at the service; it passes.
    Busy,
    /// This message is refused, and would be each time.
    Refused,
    /// There is no such recipient; others may be.
    UnknownRecipient,
    /// The channel is set up wrong: no message is taken until that is mended, and they wait for it.
    SetUpWrong,
}

/// One code of a service.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The number, or the word, as it stands in the body.
    pub code: &'static str,
    /// Words that the service's text must have for this meaning; empty for any.
    pub words: &'static str,
    /// What it means.
    pub meaning: Meaning,
    /// What to do about it; may be empty.
    pub advice: &'static str,
}

impl Code {
    /// Whatever the service's words, and without advice.
    pub const fn new(code: &'static str, meaning: Meaning) -> Code {
        Code {
            code,
            words: "",
            meaning,
            advice: "",
        }
    }

    /// Only where the service's text has these words, in small letters.
    #[must_use]
    pub const fn with(mut self, words: &'static str) -> Code {
        self.words = words;
        self
    }

    /// What to do about it.
    #[must_use]
    pub const fn advise(mut self, advice: &'static str) -> Code {
        self.advice = advice;
        self
    }
}

/// How a service says whether it took a message.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// The member of the body that holds the code; empty where the whole body is the code.
    pub code: &'static str,
    /// The member that holds the service's own words.
    pub words: &'static str,
    /// The code of a message that was taken.
    pub taken: &'static str,
    /// What the others mean; the first that fits counts. A code that is not here is one that passes: a message that could have
    /// been delivered later is worth more than one attempt less.
    pub others: &'static [Code],
}

impl Codes {
    /// Whether the message was taken.
    ///
    /// # Errors
    /// [`Failure`] with the service's code and words and what to do.
    pub fn judge(&self, response: &Response) -> Result<(), Failure> {
        let body: Value = response
            .json()
            .map_err(|error| Failure::transient(format!("{error}; a proxy may have answered instead")))?;
        let Some(code) = body.get(self.code).map(shown).filter(|code| !code.is_empty()) else {
            let start = response.excerpt(&response.text(), WORDS);
            return Err(Failure::transient(format!(
                "the answer has no {}, so it does not say that the message was taken: {start}",
                self.code
            )));
        };
        if code == self.taken {
            return Ok(());
        }
        let words = body.get(self.words).map(shown).unwrap_or_default();
        Err(self.failure(response, &code, &words))
    }

    /// What an answer whose status is none of success means, where its body has a code that is known here. Otherwise the status
    /// says more.
    pub fn refusal(&self, response: &Response) -> Option<Failure> {
        let body: Value = response.json().ok()?;
        let code = body.get(self.code).map(shown)?;
        let words = body.get(self.words).map(shown).unwrap_or_default();
        self.known(&code, &words)
            .map(|_| self.failure(response, &code, &words))
    }

    /// What a code that is not that of success means.
    pub fn failure(&self, response: &Response, code: &str, words: &str) -> Failure {
        let known = self.known(code, words);
        let said = [self.code, &response.excerpt(code, WORDS)].join(" ");
        let mut reason = format!("refused with {}", said.trim());
        if !words.is_empty() {
            reason = format!("{reason}: {}", response.excerpt(words, WORDS));
        }
        let advice = known.map_or("", |one| one.advice);
        if !advice.is_empty() {
            reason = format!("{reason}; {advice}");
        }
        match known.map(|one| one.meaning) {
            Some(Meaning::Refused) => Failure::permanent(reason),
            Some(Meaning::Throttled(pause)) => Failure::Transient {
                reason,
                retry_after: Some(pause),
            },
            Some(Meaning::UnknownRecipient) => Failure::UnknownRecipient { reason },
            Some(Meaning::SetUpWrong) => Failure::transient(response.advised(reason)),
            Some(Meaning::Busy) | None => Failure::transient(reason),
        }
    }

    /// The first that fits.
    fn known(&self, code: &str, words: &str) -> Option<&Code> {
        let fits = |one: &&Code| one.code == code && words.to_lowercase().contains(one.words);
        self.others.iter().find(fits)
    }
}

/// A code as text, whether the service writes a number or a word.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The signature that chat robots require: HMAC-SHA256 in Base64.
pub(in crate::channels) fn sign(key: &str, message: &str) -> String {
    use base64::Engine;
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length is one");
    mac.update(message.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// A secret of a channel, by its key.
pub(super) type NamedSecret = (&'static str, Secret);
