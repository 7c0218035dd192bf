//! One reading against one rule: the next state, what to tell, and why.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::reason::{difference, number, span, time};
use crate::rule::{Baseline, Condition, Event, Level, Rule};
use crate::state::{Blind, Excursion, Flash, Pending, State};

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
    /// Why it stands where it stands, for people, without the metric's name: "131 is above 100 since 09:12:40 UTC".
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

/// Judges one reading. Pure: the same arguments give the same answer, and the wall clock has no say in it.
pub fn judge(rule: &Rule, state: &State, reading: &Reading) -> Judgement {
    let mut next = state.clone();
    let mut transitions = Vec::new();
    let reason = match &reading.observed {
        Observed::Value(value) if value.is_finite() => {
            see(rule, &mut next, reading, *value, &mut transitions)
        }
        Observed::Value(value) => miss(
            rule,
            &mut next,
            reading,
            &format!("{value} is not a number"),
            &mut transitions,
        ),
        Observed::Unreadable(error) => miss(rule, &mut next, reading, error, &mut transitions),
    };
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
fn miss(
    rule: &Rule,
    state: &mut State,
    reading: &Reading,
    error: &str,
    tell: &mut Vec<Transition>,
) -> String {
    let now = reading.at;
    let blind = state.blind.get_or_insert_with(|| Blind {
        since: Some(now),
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
    let mut reason = if blind.told {
        format!("no data for {}: {error}", span(blind.lasted))
    } else {
        format!("cannot be read since {}: {error}", time(blind.since, now))
    };
    if let Some(value) = state.value {
        reason.push_str(&format!(
            "; last read {} at {}",
            number(value),
            time(state.value_at, now)
        ));
    }
    if let Some(open) = &state.level {
        reason.push_str(&format!("; was firing since {}", time(open.since, now)));
    }
    reason
}

/// A good reading.
fn see(rule: &Rule, state: &mut State, reading: &Reading, value: f64, tell: &mut Vec<Transition>) -> String {
    if state.blind.take().is_some_and(|blind| blind.told) {
        tell.push(Transition::DataBack { value });
    }
    // A level left open by a rule that has since been changed to another kind would never recover.
    if !matches!(rule.condition, Condition::Level(_)) && state.level.take().is_some() {
        tell.push(Transition::Recovered { value });
    }
    let reason = match &rule.condition {
        Condition::Level(level) => see_level(rule, level, state, reading, value, tell),
        Condition::Event(event) => see_event(rule, event, state, reading, value, tell),
        Condition::NoData => {
            (state.pending, state.event) = (None, None);
            format!("{} was read", number(value))
        }
    };
    state.first.get_or_insert(value);
    (state.value, state.value_at) = (Some(value), Some(reading.at));
    reason
}

fn see_level(
    rule: &Rule,
    level: &Level,
    state: &mut State,
    reading: &Reading,
    value: f64,
    tell: &mut Vec<Transition>,
) -> String {
    let now = reading.at;
    state.event = None;
    if let Some(mut open) = state.level.take() {
        state.pending = None;
        let reason = see_open(rule, level, &mut open, reading, value);
        match open.clear {
            Some(clear) if clear >= rule.keep_for => tell.push(Transition::Recovered { value }),
            _ => state.level = Some(open),
        }
        return reason;
    }
    if !level.is_breached(value) {
        state.pending = None;
        return format!("{} is not {}", number(value), level.place());
    }
    let pending = hold(state, reading, state.value.unwrap_or(0.0));
    let breach = format!(
        "{} is {} since {}",
        number(value),
        level.breach(value),
        time(pending.since, now)
    );
    if pending.held < rule.hold {
        let reason = format!("{breach}, for {} of {}", span(pending.held), span(rule.hold));
        state.pending = Some(pending);
        return reason;
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
    breach
}

/// A reading during an excursion: still beyond, in between, or clear.
fn see_open(rule: &Rule, level: &Level, open: &mut Excursion, reading: &Reading, value: f64) -> String {
    let now = reading.at;
    let (shown, since) = (number(value), time(open.since, now));
    if !level.is_clear(value) {
        open.clear = None;
        return if level.is_breached(value) {
            format!("{shown} is {} since {since}", level.breach(value))
        } else {
            let clear = level.clear_place().unwrap_or_default();
            format!(
                "{shown} is not {} any more, nor {clear} yet; firing since {since}",
                level.place()
            )
        };
    }
    let clear = open
        .clear
        .map_or(Duration::ZERO, |clear| clear.saturating_add(reading.elapsed));
    open.clear = Some(clear);
    let place = level
        .clear_place()
        .unwrap_or_else(|| format!("not {} any more", level.place()));
    if clear >= rule.keep_for {
        format!("{shown} is {place}: recovered, had been firing since {since}")
    } else {
        format!(
            "{shown} is {place}, for {} of {}; firing since {since}",
            span(clear),
            span(rule.keep_for)
        )
    }
}

fn see_event(
    rule: &Rule,
    event: &Event,
    state: &mut State,
    reading: &Reading,
    value: f64,
    tell: &mut Vec<Transition>,
) -> String {
    let baseline = state.baseline(rule);
    let first = if state.value.is_none() {
        ", the first reading"
    } else {
        ""
    };
    let Some(baseline) = baseline else {
        fade(rule, state, reading);
        return format!("{} is the first reading: learnt, not judged", number(value));
    };
    let moved = moved(event, value, baseline);
    if !event.is_met(value, baseline) {
        state.pending = None;
        fade(rule, state, reading);
        return format!(
            "{moved}{first}: no {} by {}",
            event.kind.as_str(),
            number(event.by)
        );
    }
    let pending = hold(state, reading, baseline);
    if pending.held < rule.hold {
        fade(rule, state, reading);
        let (held, since) = (span(pending.held), time(pending.since, reading.at));
        state.pending = Some(pending);
        return format!("{moved}{first}, since {since}, for {held} of {}", span(rule.hold));
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
    format!("{moved}{first}")
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

/// "7 rose by 2 from 5".
fn moved(event: &Event, value: f64, baseline: f64) -> String {
    let from = match event.baseline {
        Baseline::Last => number(baseline),
        Baseline::LastAlert => format!("{} at the last alert", number(baseline)),
    };
    let shown = number(value);
    if value > baseline {
        format!("{shown} rose by {} from {from}", difference(value, baseline))
    } else if value < baseline {
        format!("{shown} fell by {} from {from}", difference(value, baseline))
    } else {
        format!("{shown} is unchanged from {from}")
    }
}
