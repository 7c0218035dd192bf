//! One reading against one rule: the next state, what to tell, and why.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::flapping;
use crate::rule::{Baseline, Condition, Event, Level, Rule};
use crate::state::{Blind, Excursion, Flash, Pending, State};
use crate::words::{Back, Move, Phrase, Progress, When, add, say};
use monitor_domain::Language;

/// One attempt to read a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When it was taken, on the wall clock: for words only.
    pub at: DateTime<Utc>,
    /// Monotonic time since the previous judgement of this metric; zero at the first one of a process.
    pub elapsed: Duration,
    /// What came of it.
    pub observed: Observed,
}

/// What came of an attempt to read.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// A total. One that is not a finite number is taken as unreadable.
    Value(f64),
    /// It could not be read, and why.
    Unreadable(String),
}

/// What a reading amounts to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What to remember.
    pub state: State,
    /// What to tell, in this order; mostly nothing.
    pub transitions: Vec<Transition>,
    /// Why it stands where it stands, for people, in the rule's language and without the metric's name: "131 is above
    /// 100 since 09:12:40 UTC", "131 高于 100（自 09:12:40 UTC 起）".
    pub reason: String,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Transition {
    /// The condition is met, for as long as the rule asks.
    Alert {
        /// The value that did it.
        value: f64,
        /// What an event compared it with; for a level the value before the excursion. Zero where nothing was read before.
        previous: Option<f64>,
    },
    /// A level's excursion is over.
    Recovered {
        /// The value that ended it.
        value: f64,
    },
    /// The metric cannot be read for too long.
    NoData {
        /// For how long.
        for_: Duration,
        /// How the last attempt failed.
        error: String,
    },
    /// The first good reading after that.
    DataBack {
        /// The value read.
        value: f64,
    },
}

/// Judges one reading. Pure: the same arguments give the same answer, and neither the wall clock nor the language has a
/// say in what is told and remembered.
pub fn judge(rule: &Rule, state: &State, reading: &Reading) -> Judgement {
    let mut next = state.clone();
    let mut transitions = Vec::new();
    let mut reason = match &reading.observed {
        Observed::Value(value) if value.is_finite() => {
            let why = see(rule, &mut next, reading, *value, &mut transitions);
            say(rule.language, &[why])
        }
        Observed::Value(value) => {
            let why = [Phrase::NotANumber(*value)];
            // What is kept is the same in every language.
            let kept = say(Language::default(), &why);
            miss(rule, &mut next, reading, &kept, &mut transitions);
            blindness(rule, &next, reading.at, &say(rule.language, &why))
        }
        Observed::Unreadable(error) => {
            miss(rule, &mut next, reading, error, &mut transitions);
            blindness(rule, &next, reading.at, error)
        }
    };
    flapping::remember(rule, &mut next, reading.elapsed, &transitions);
    if let Some(limit) = rule.flapping()
        && next.is_flapping()
    {
        reason = add(rule.language, &reason, Phrase::Flapping(limit));
    }
    if next.since.is_none() || next.phase() != state.phase() {
        next.since = Some(reading.at);
    }
    Judgement {
        state: next,
        transitions,
        reason,
    }
}

/// A failed reading: says nothing about the condition, so only the time without data moves on.
fn miss(rule: &Rule, state: &mut State, reading: &Reading, error: &str, tell: &mut Vec<Transition>) {
    let blind = state.blind.get_or_insert_with(|| Blind {
        since: Some(reading.at),
        ..Blind::default()
    });
    blind.lasted = blind.lasted.saturating_add(reading.elapsed);
    error.clone_into(&mut blind.error);
    if !blind.told && blind.lasted >= rule.no_data {
        blind.told = true;
        tell.push(Transition::NoData {
            for_: blind.lasted,
            error: error.to_owned(),
        });
    }
}

/// Since when nothing could be read, why, and what was known before.
fn blindness(rule: &Rule, state: &State, now: DateTime<Utc>, error: &str) -> String {
    let when = |at| When { at, now };
    let trouble = state.blind.as_ref().map(|blind| {
        if blind.told {
            let lasted = blind.lasted;
            Phrase::NoData { lasted, error }
        } else {
            let since = when(blind.since);
            Phrase::Unreadable { since, error }
        }
    });
    let last = state.value.map(|value| Phrase::LastRead {
        value,
        at: when(state.value_at),
    });
    let firing = state.level.as_ref().map(|open| Phrase::WasFiring {
        since: when(open.since),
    });
    let phrases: Vec<Phrase> = [trouble, last, firing].into_iter().flatten().collect();
    say(rule.language, &phrases)
}

/// A good reading.
fn see(
    rule: &Rule,
    state: &mut State,
    reading: &Reading,
    value: f64,
    tell: &mut Vec<Transition>,
) -> Phrase<'static> {
    if state.blind.take().is_some_and(|blind| blind.told) {
        tell.push(Transition::DataBack { value });
    }
    // A level left open by a rule that has since been changed to another kind would never recover.
    if !matches!(rule.condition, Condition::Level(_)) && state.level.take().is_some() {
        tell.push(Transition::Recovered { value });
    }
    let why = match &rule.condition {
        Condition::Level(level) => see_level(rule, level, state, reading, value, tell),
        Condition::Event(event) => see_event(rule, event, state, reading, value, tell),
        Condition::NoData => {
            (state.pending, state.event) = (None, None);
            Phrase::Read(value)
        }
    };
    state.first.get_or_insert(value);
    (state.value, state.value_at) = (Some(value), Some(reading.at));
    why
}

fn see_level(
    rule: &Rule,
    level: &Level,
    state: &mut State,
    reading: &Reading,
    value: f64,
    tell: &mut Vec<Transition>,
) -> Phrase<'static> {
    state.event = None;
    if let Some(mut open) = state.level.take() {
        state.pending = None;
        let why = see_open(rule, level, &mut open, reading, value);
        match open.clear {
            Some(clear) if clear >= rule.keep_for => tell.push(Transition::Recovered { value }),
            _ => state.level = Some(open),
        }
        return why;
    }
    if !level.is_breached(value) {
        state.pending = None;
        let place = level.place();
        return Phrase::Fine { value, place };
    }
    let pending = hold(state, reading, state.value.unwrap_or(0.0));
    let place = level.breach(value);
    let since = when(pending.since, reading);
    if pending.held < rule.hold {
        let so_far = Progress {
            held: pending.held,
            asked: rule.hold,
        };
        state.pending = Some(pending);
        return Phrase::BeyondSoFar {
            value,
            place,
            since,
            so_far,
        };
    }
    tell.push(Transition::Alert {
        value,
        previous: Some(pending.from),
    });
    state.alerted = Some(value);
    state.level = Some(Excursion {
        since: pending.since,
        clear: None,
    });
    Phrase::Beyond { value, place, since }
}

/// A reading during an excursion: still beyond, in between, or clear.
fn see_open(
    rule: &Rule,
    level: &Level,
    open: &mut Excursion,
    reading: &Reading,
    value: f64,
) -> Phrase<'static> {
    let since = when(open.since, reading);
    if !level.is_clear(value) {
        open.clear = None;
        return match level.clear_place() {
            Some(clear) if !level.is_breached(value) => Phrase::NotClear {
                value,
                place: level.place(),
                clear,
                since,
            },
            _ => Phrase::Beyond {
                value,
                place: level.breach(value),
                since,
            },
        };
    }
    let clear = open
        .clear
        .map_or(Duration::ZERO, |clear| clear.saturating_add(reading.elapsed));
    open.clear = Some(clear);
    let back = level
        .clear_place()
        .map_or(Back::NoLonger(level.place()), Back::At);
    if clear >= rule.keep_for {
        Phrase::Recovered { value, back, since }
    } else {
        Phrase::ClearSoFar {
            value,
            back,
            since,
            so_far: Progress {
                held: clear,
                asked: rule.keep_for,
            },
        }
    }
}

fn see_event(
    rule: &Rule,
    event: &Event,
    state: &mut State,
    reading: &Reading,
    value: f64,
    tell: &mut Vec<Transition>,
) -> Phrase<'static> {
    let Some(baseline) = state.baseline(rule) else {
        fade(rule, state, reading);
        return Phrase::Learnt(value);
    };
    let moved = Move {
        value,
        from: baseline,
        from_last_alert: event.baseline == Baseline::LastAlert,
        is_first: state.value.is_none(),
    };
    if !event.is_met(value, baseline) {
        state.pending = None;
        fade(rule, state, reading);
        let (kind, by) = (event.kind, event.by);
        return Phrase::NotMoved { moved, kind, by };
    }
    let pending = hold(state, reading, baseline);
    if pending.held < rule.hold {
        fade(rule, state, reading);
        let since = when(pending.since, reading);
        let so_far = Progress {
            held: pending.held,
            asked: rule.hold,
        };
        state.pending = Some(pending);
        return Phrase::MovedSoFar { moved, since, so_far };
    }
    tell.push(Transition::Alert {
        value,
        previous: Some(baseline),
    });
    state.alerted = Some(value);
    state.event = Some(Flash {
        since: Some(reading.at),
        quiet: Duration::ZERO,
    });
    Phrase::Moved(moved)
}

/// The pending condition, `elapsed` longer, or begun now. Time in which nothing could be read does not count, since
/// failed readings never get here.
fn hold(state: &mut State, reading: &Reading, from: f64) -> Pending {
    match state.pending.take() {
        Some(pending) => Pending {
            held: pending.held.saturating_add(reading.elapsed),
            ..pending
        },
        None => Pending {
            from,
            held: Duration::ZERO,
            since: Some(reading.at),
        },
    }
}

/// An event that is not followed by another stops showing as firing after `keep_for`.
fn fade(rule: &Rule, state: &mut State, reading: &Reading) {
    if let Some(flash) = &mut state.event {
        flash.quiet = flash.quiet.saturating_add(reading.elapsed);
        if flash.quiet >= rule.keep_for {
            state.event = None;
        }
    }
}

/// A time, as seen from this reading.
fn when(at: Option<DateTime<Utc>>, reading: &Reading) -> When {
    When { at, now: reading.at }
}
