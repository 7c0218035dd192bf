//! English.

use std::fmt::{self, Display};
use std::time::Duration;

use humantime::format_duration;
use monitor_domain::counted;

use super::{Number, Phrase, clock, rounded};
use crate::flapping::Flapping;
use crate::situation::{Progress, Situation, When};

pub(super) const SEPARATOR: &str = "; ";

pub(super) fn phrase(phrase: &Phrase) -> String {
    match *phrase {
        Phrase::Unreadable { since, error } => {
            format!("has been unreadable since {}: {error}", time(since))
        }
        Phrase::NoData { lasted, error } => format!("no data for {}: {error}", span(lasted)),
        Phrase::LastRead { value, at } => format!("last read {} at {}", Number(value), time(at)),
        Phrase::WasFiring { since } => format!("was firing since {}", time(since)),
        Phrase::NotANumber(value) => format!("{value} is not a number"),
        Phrase::CannotBeJudged { value, why } => format!("{} cannot be judged: {why}", Number(value)),
        Phrase::NotJudged { value, why } => format!("{} is not judged: {why}", Number(value)),
        Phrase::NothingSent { since: Some(since) } => format!("nothing was sent since {}", time(since)),
        Phrase::NothingSent { since: None } => "nothing was ever sent".to_owned(),
        Phrase::Flapping(limit) => format!("flapping: {}", often(limit)),
    }
}

pub(super) fn tail(f: &mut fmt::Formatter<'_>, situation: Situation) -> fmt::Result {
    match situation {
        Situation::Quiet => Ok(()),
        Situation::Pending {
            since,
            progress: so_far,
        } => {
            write!(f, " since {}, {}", time(since), progress(so_far))
        }
        Situation::Firing { since } => write!(f, " since {}", time(since)),
        Situation::NotClear { since } => write!(f, "; firing since {}", time(since)),
        Situation::Clearing {
            since,
            progress: so_far,
        } => {
            write!(f, ", {}; firing since {}", progress(so_far), time(since))
        }
        Situation::Recovered { since } => {
            write!(f, ": recovered, had been firing since {}", time(since))
        }
    }
}

/// ", for 30s, keep for 1m": how a rule's description goes on after its condition.
pub(crate) fn timing(hold: Duration, keep_for: Duration) -> impl Display {
    fmt::from_fn(move |f| {
        if !hold.is_zero() {
            write!(f, ", for {}", format_duration(hold))?;
        }
        if !keep_for.is_zero() {
            write!(f, ", keep for {}", format_duration(keep_for))?;
        }
        Ok(())
    })
}

/// "5 alerts within 10m".
pub(crate) fn often(limit: Flapping) -> impl Display {
    fmt::from_fn(move |f| {
        write!(
            f,
            "{} within {}",
            counted(limit.alerts, "alert"),
            format_duration(limit.within)
        )
    })
}

pub(crate) fn span(duration: Duration) -> impl Display {
    format_duration(rounded(duration))
}

/// The same as people write it in a config: "7d", not "7days".
pub(crate) fn short(duration: Duration) -> String {
    let text = span(duration).to_string();
    text.replace("days", "d").replace("day", "d")
}

fn progress(progress: Progress) -> impl Display {
    let Progress { held, required } = progress;
    fmt::from_fn(move |f| write!(f, "for {} of {}", span(held), span(required)))
}

fn time(When { at, now }: When) -> impl Display {
    fmt::from_fn(move |f| match at {
        Some(at) => clock(at, now).fmt(f),
        None => f.write_str("an unknown time"),
    })
}
