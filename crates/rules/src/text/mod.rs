//! Words: what every reason has in common, whatever the condition, in each language. Conditions have the phrases that are
//! their own, and take numbers, times and spans from here.
//!
//! Nothing here decides anything, and nothing here names a condition. What is stored never passes through it, but for the
//! reasons that people read.

pub(crate) mod en;
mod format;
pub(crate) mod zh_cn;

use std::fmt::{self, Display};
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Language;

use crate::flapping::Flapping;
use crate::situation::{Situation, When};

pub use format::time_of_day;
pub(crate) use format::{clock, difference, rounded};
pub use monitor_domain::Number;

/// One thing that a reason can say under any condition. A language that lacks one does not compile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phrase<'a> {
    /// Failed readings, not for long enough yet to be no data.
    Unreadable { since: When, error: &'a str },
    /// Failed readings for longer than the rule bears.
    NoData { lasted: Duration, error: &'a str },
    /// The last good reading before them.
    LastRead { value: f64, at: When },
    /// The excursion that was open before them.
    WasFiring { since: When },
    /// A total that is not a finite number.
    NotANumber(f64),
    /// That a value was read which cannot be judged for now, since something it depends on cannot be read.
    CannotBeJudged { value: f64, why: &'a str },
    /// That a value was read of which nothing can be said, and why.
    NotJudged { value: f64, why: &'a str },
    /// That no value has been sent since then, or ever.
    NothingSent { since: Option<When> },
    /// That it alerts so often that each time would be noise.
    Flapping(Flapping),
}

/// The phrases as one sentence.
pub(crate) fn say(language: Language, phrases: &[Phrase]) -> String {
    let mut sentence = String::new();
    for phrase in phrases {
        add(language, &mut sentence, phrase);
    }
    sentence
}

/// Adds a phrase to a sentence.
pub(crate) fn add(language: Language, sentence: &mut String, phrase: &Phrase) {
    let (separator, written) = match language {
        Language::English => (en::SEPARATOR, en::phrase(phrase)),
        Language::Chinese => (zh_cn::SEPARATOR, zh_cn::phrase(phrase)),
    };
    if !sentence.is_empty() {
        sentence.push_str(separator);
    }
    sentence.push_str(&written);
}

/// Why a metric has no data whose values are sent: "nothing was sent since 09:12:40 UTC".
pub fn nothing_sent(language: Language, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let since = since.map(|at| When { at: Some(at), now });
    say(language, &[Phrase::NothingSent { since }])
}

/// A span of time: "1m 30s", "1 分 30 秒".
pub fn span(language: Language, span: Duration) -> String {
    match language {
        Language::English => en::span(span).to_string(),
        Language::Chinese => zh_cn::span(rounded(span)).to_string(),
    }
}

impl Situation {
    /// How a sentence about a level goes on after it has said where the value is, as in "131 is above 100" and
    /// " since 09:12:40 UTC"; "131 高于 100" and "（自 09:12:40 UTC 起）". Nothing for a quiet one.
    pub fn tail(self, language: Language) -> impl Display {
        fmt::from_fn(move |f| match language {
            Language::English => en::tail(f, self),
            Language::Chinese => zh_cn::tail(f, self),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
