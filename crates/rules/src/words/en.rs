//! English.

use std::fmt::Write as _;
use std::time::Duration;

use humantime::format_duration;

use super::{Back, Move, Phrase, Place, Progress, When};
use crate::flapping::Flapping;
use crate::reason::{clock, difference, number, rounded};
use crate::rule::{Baseline, Condition, EventKind, Rule};

pub(super) const SEPARATOR: &str = "; ";

pub(super) fn phrase(phrase: &Phrase) -> String {
    match *phrase {
        Phrase::Moved(it) => moved(it),
        Phrase::NotMoved { moved: it, kind, by } => {
            format!("{}: no {} by {}", moved(it), noun(kind), number(by))
        }
        Phrase::MovedSoFar {
            moved: it,
            since,
            so_far,
        } => format!("{}, since {}, {}", moved(it), time(since), progress(so_far)),
        Phrase::Learnt(value) => format!("{} is the first reading: learnt, not judged", number(value)),
        Phrase::Read(value) => format!("{} was read", number(value)),
        Phrase::Fine { value, place: at } => format!("{} is not {}", number(value), place(at)),
        Phrase::Beyond {
            value,
            place: at,
            since,
        } => beyond(value, at, since),
        Phrase::BeyondSoFar {
            value,
            place: at,
            since,
            so_far,
        } => format!("{}, {}", beyond(value, at, since), progress(so_far)),
        Phrase::NotClear {
            value,
            place: at,
            clear,
            since,
        } => {
            let (at, clear) = (place(at), place(clear));
            let since = time(since);
            format!(
                "{} is not {at} any more, nor {clear} yet; firing since {since}",
                number(value)
            )
        }
        Phrase::ClearSoFar {
            value,
            back: to,
            since,
            so_far,
        } => {
            let (to, so_far, since) = (back(to), progress(so_far), time(since));
            format!("{} is {to}, {so_far}; firing since {since}", number(value))
        }
        Phrase::Recovered {
            value,
            back: to,
            since,
        } => {
            let (to, since) = (back(to), time(since));
            format!(
                "{} is {to}: recovered, had been firing since {since}",
                number(value)
            )
        }
        Phrase::Unreadable { since, error } => format!("cannot be read since {}: {error}", time(since)),
        Phrase::NoData { lasted, error } => format!("no data for {}: {error}", span(lasted)),
        Phrase::LastRead { value, at } => format!("last read {} at {}", number(value), time(at)),
        Phrase::WasFiring { since } => format!("was firing since {}", time(since)),
        Phrase::NotANumber(value) => format!("{value} is not a number"),
        Phrase::Flapping(limit) => format!("flapping: {}", often(limit)),
    }
}

/// "rise by 1", "above 100, clear below 90, for 30s", "above 100, flapping at 5 alerts within 10m".
pub(super) fn rule(rule: &Rule) -> String {
    let mut text = match &rule.condition {
        Condition::Event(event) => {
            let against = match event.baseline {
                Baseline::Last => "",
                Baseline::LastAlert => " from the last alert",
            };
            format!("{} by {}{against}", noun(event.kind), number(event.by))
        }
        Condition::Level(level) => match level.clear_place() {
            Some(clear) => format!("{}, clear {}", place(level.place()), place(clear)),
            None => place(level.place()),
        },
        Condition::NoData => format!("no data for {}", format_duration(rule.no_data)),
    };
    // Writing to a String cannot fail.
    if !rule.hold.is_zero() {
        let _ = write!(text, ", for {}", format_duration(rule.hold));
    }
    if !rule.keep_for.is_zero() {
        let _ = write!(text, ", keep for {}", format_duration(rule.keep_for));
    }
    if let Some(limit) = rule.flapping() {
        let _ = write!(text, ", flapping at {}", often(limit));
    }
    text
}

/// "7 rose by 2 from 5".
fn moved(moved: Move) -> String {
    let Move { value, from, .. } = moved;
    let how = if value > from {
        format!("rose by {} from", difference(value, from))
    } else if value < from {
        format!("fell by {} from", difference(value, from))
    } else {
        "is unchanged from".to_owned()
    };
    let alert = if moved.from_last_alert {
        " at the last alert"
    } else {
        ""
    };
    let first = if moved.is_first { ", the first reading" } else { "" };
    format!("{} {how} {}{alert}{first}", number(value), number(from))
}

fn beyond(value: f64, at: Place, since: When) -> String {
    format!("{} is {} since {}", number(value), place(at), time(since))
}

fn noun(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Rise => "rise",
        EventKind::Fall => "fall",
        EventKind::Change => "change",
    }
}

fn place(place: Place) -> String {
    match place {
        Place::Above(limit) => format!("above {}", number(limit)),
        Place::Below(limit) => format!("below {}", number(limit)),
        Place::Between(low, high) => format!("above {} and below {}", number(low), number(high)),
        Place::Outside(low, high) => format!("outside {} to {}", number(low), number(high)),
    }
}

fn back(back: Back) -> String {
    match back {
        Back::At(at) => place(at),
        Back::NoLonger(at) => format!("not {} any more", place(at)),
    }
}

fn often(limit: Flapping) -> String {
    format!("{} alerts within {}", limit.alerts, format_duration(limit.within))
}

fn progress(progress: Progress) -> String {
    format!("for {} of {}", span(progress.held), span(progress.asked))
}

fn time(when: When) -> String {
    clock(when).unwrap_or_else(|| "an unknown time".to_owned())
}

pub(super) fn span(duration: Duration) -> String {
    format_duration(rounded(duration)).to_string()
}
