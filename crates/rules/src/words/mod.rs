//! What reasons and rules can say, as phrases without words; each language has the words for all of them.

mod en;
mod zh_cn;

use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Language;

use crate::flapping::Flapping;
use crate::rule::{EventKind, Rule};

/// One thing a reason can say. A language that lacks one does not compile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phrase<'a> {
    /// A move that alerts.
    Moved(Move),
    /// A move that does not: it is not one `kind` by `by`.
    NotMoved { moved: Move, kind: EventKind, by: f64 },
    /// A move that would alert, had it held for long enough.
    MovedSoFar {
        moved: Move,
        since: When,
        so_far: Progress,
    },
    /// The first reading, which only sets the baseline.
    Learnt(f64),
    /// A good reading under a rule that asks for nothing else.
    Read(f64),
    /// A value that is not at the `place` where it should not be.
    Fine { value: f64, place: Place },
    /// A value where it should not be.
    Beyond { value: f64, place: Place, since: When },
    /// A value where it should not be, not for long enough to alert.
    BeyondSoFar {
        value: f64,
        place: Place,
        since: When,
        so_far: Progress,
    },
    /// An excursion that is past its threshold but has not reached where it clears.
    NotClear {
        value: f64,
        place: Place,
        clear: Place,
        since: When,
    },
    /// An excursion that is clear, not for long enough to recover.
    ClearSoFar {
        value: f64,
        back: Back,
        since: When,
        so_far: Progress,
    },
    /// The end of an excursion.
    Recovered { value: f64, back: Back, since: When },
    /// Failed readings, too few yet to be told.
    Unreadable { since: When, error: &'a str },
    /// Failed readings for longer than the rule bears.
    NoData { lasted: Duration, error: &'a str },
    /// The last good reading before them.
    LastRead { value: f64, at: When },
    /// The excursion that was open before them.
    WasFiring { since: When },
    /// A total that is not a finite number.
    NotANumber(f64),
    /// That it alerts too often to tell each time.
    Flapping(Flapping),
}

/// How a value has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Move {
    pub(crate) value: f64,
    pub(crate) from: f64,
    /// `from` is the value last alerted on, not the last reading.
    pub(crate) from_last_alert: bool,
    /// There was no reading before this one.
    pub(crate) is_first: bool,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Above(f64),
    Below(f64),
    /// Above the first and below the second.
    Between(f64, f64),
    /// Below the first or above the second.
    Outside(f64, f64),
}

/// Where a value is back from an excursion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Back {
    /// Where the rule says that it clears.
    At(Place),
    /// No longer where it should not be, which is all the rule asks.
    NoLonger(Place),
}

/// How long something has held, and how long it has to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Progress {
    pub(crate) held: Duration,
    pub(crate) asked: Duration,
}

/// A time, as seen from the reading it is told with. Unknown only in states that something else has written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct When {
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) now: DateTime<Utc>,
}

/// The phrases as one sentence.
pub(crate) fn say(language: Language, phrases: &[Phrase]) -> String {
    let one = match language {
        Language::English => en::phrase,
        Language::Chinese => zh_cn::phrase,
    };
    phrases
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(separator(language))
}

/// A sentence and one more phrase.
pub(crate) fn add(language: Language, said: &str, phrase: Phrase) -> String {
    [said, &say(language, &[phrase])].join(separator(language))
}

/// A span of time: "1m 30s", "1 分 30 秒".
pub fn span(language: Language, span: Duration) -> String {
    match language {
        Language::English => en::span(span),
        Language::Chinese => zh_cn::span(crate::reason::rounded(span)),
    }
}

/// What a rule alerts on.
pub(crate) fn rule(language: Language, rule: &Rule) -> String {
    match language {
        Language::English => en::rule(rule),
        Language::Chinese => zh_cn::rule(rule),
    }
}

fn separator(language: Language) -> &'static str {
    match language {
        Language::English => en::SEPARATOR,
        Language::Chinese => zh_cn::SEPARATOR,
    }
}

#[cfg(test)]
mod tests;
