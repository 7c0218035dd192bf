//! How much time really passed: for as long as the monitor ran, by the monotonic clocks of its processes.
//!
//! Rows are stamped with the wall clock, which may be wrong for a while: a machine without a battery starts in 1970, and a time
//! server corrects it by decades. So each process writes down with its sign of life which times its wall clock read while how
//! much time passed ([`ClockSpan`]). What no wall clock read within the last day of running is the stamp of something older
//! than a day, whichever way the clock was stepped.

use std::ops::Range;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::clock_spans::{self, ClockSpan};

/// The most that counts of the time between two processes: only a wall clock knows of it.
const UNSEEN: TimeDelta = TimeDelta::minutes(10);
/// A wall clock that differs by more from what the monotonic one makes of it was stepped.
const STEP: TimeDelta = TimeDelta::seconds(10);
/// A stamp may be so much outside of the span that it was made in: the process died before its next sign of life.
const SLACK: TimeDelta = TimeDelta::minutes(1);
/// Spans are kept for ten years of running, and what is to be kept for longer is kept for ever.
const KEPT: i64 = 10 * 365 * 24 * 3_600_000;

/// A process's last sign of life, as far as time is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick {
    span: i64,
    /// For how long the monitor had run, in milliseconds.
    ran: i64,
    wall: NaiveDateTime,
    monotonic: Duration,
}

impl Tick {
    /// By how much the wall clock was stepped from this to `next`, where it was.
    pub(crate) fn step(&self, next: &Tick) -> Option<TimeDelta> {
        let passed = millis(next.monotonic.saturating_sub(self.monotonic));
        let step = (next.wall - self.wall) - TimeDelta::try_milliseconds(passed)?;
        (step.abs() > STEP).then_some(step)
    }
}

/// Writes down that a process runs whose clocks read this. `before` is its last sign of life.
pub(crate) fn tick(
    c: &mut Conn,
    before: Option<Tick>,
    wall: NaiveDateTime,
    monotonic: Duration,
) -> Result<Tick, DbError> {
    let newest = clock_spans::newest(c)?;
    let stored = newest.as_ref().map_or(0, |span| span.ran_until);
    let (ran, own) = match before {
        Some(before) => {
            let passed = millis(monotonic.saturating_sub(before.monotonic));
            let own = clock_spans::get(c, before.span)?;
            (stored.max(before.ran.saturating_add(passed)), own)
        }
        None => (stored.saturating_add(unseen(newest.as_ref(), wall)), newest),
    };
    let span = match own.filter(|span| (span.wall_at(ran) - wall).abs() <= STEP) {
        Some(span) => {
            clock_spans::extend(c, span.id, ran)?;
            span
        }
        None => clock_spans::begin(c, wall, ran)?,
    };
    Ok(Tick {
        span: span.id,
        ran,
        wall,
        monotonic,
    })
}

/// What counts of the time before a process began.
fn unseen(newest: Option<&ClockSpan>, wall: NaiveDateTime) -> i64 {
    let since = newest.map(|span| wall - span.wall_at(span.ran_until));
    let since = since.unwrap_or_default();
    since.clamp(TimeDelta::zero(), UNSEEN).num_milliseconds()
}

/// Which times wall clocks read, and how long ago by what passed since.
#[derive(Clone, Debug)]
pub struct ClockHistory {
    spans: Vec<ClockSpan>,
    /// For how long the monitor has run by now, in milliseconds.
    ran: i64,
}

impl ClockHistory {
    /// As it is stored.
    pub(crate) fn load(c: &mut Conn) -> Result<ClockHistory, DbError> {
        let spans = clock_spans::all(c)?;
        let ran = spans.iter().map(|span| span.ran_until).max().unwrap_or_default();
        clock_spans::forget(c, ran.saturating_sub(KEPT))?;
        Ok(ClockHistory { spans, ran })
    }

    /// How old something is that was stamped `at`: the time since a wall clock last read that. What none read was stamped before
    /// all that is known.
    pub fn age(&self, at: NaiveDateTime) -> Duration {
        let read = self.spans.iter().filter_map(|span| {
            let (from, until) = (span.wall_from, span.wall_at(span.ran_until));
            let is_in = widen(from, -SLACK) <= at && at <= widen(until, SLACK);
            let ran = span.ran_from.saturating_add((at - from).num_milliseconds());
            is_in.then(|| ran.clamp(span.ran_from, span.ran_until))
        });
        let since = read.max().unwrap_or_default();
        Duration::from_millis(u64::try_from(self.ran.saturating_sub(since)).unwrap_or_default())
    }

    /// The time before which everything that is stamped is older than `keep`. None before the monitor has run for so long.
    pub fn older_before(&self, keep: Duration) -> Option<NaiveDateTime> {
        let old = self.older_than(keep).into_iter().next();
        old.filter(|old| old.start == first_time()).map(|old| old.end)
    }

    /// The stamps of what is older than `keep`: the times that no wall clock read within that time. None before the monitor has
    /// run for so long.
    pub fn older_than(&self, keep: Duration) -> Vec<Range<NaiveDateTime>> {
        let begin = self.ran.saturating_sub(millis(keep));
        if begin < 0 || millis(keep) > KEPT {
            return Vec::new();
        }
        let within = self.spans.iter().filter(|span| span.ran_until >= begin);
        let mut read: Vec<(NaiveDateTime, NaiveDateTime)> = within
            .map(|span| {
                let from = span.wall_at(span.ran_from.max(begin));
                (widen(from, -SLACK), widen(span.wall_at(span.ran_until), SLACK))
            })
            .collect();
        read.sort_unstable();
        let (mut old, mut since) = (Vec::new(), first_time());
        let end = (last_time(), last_time());
        for (from, until) in read.into_iter().chain([end]) {
            // What is shorter is a time in which nothing ran, and no clock that was wrong.
            if from - since >= TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX) {
                old.push(since..from);
            }
            since = since.max(until);
        }
        old
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn widen(at: NaiveDateTime, by: TimeDelta) -> NaiveDateTime {
    at.checked_add_signed(by).unwrap_or(at)
}

/// The earliest time that both databases can compare with what they store.
fn first_time() -> NaiveDateTime {
    midnight(1, 1, 1)
}

/// The latest.
fn last_time() -> NaiveDateTime {
    midnight(9999, 12, 31)
}

fn midnight(year: i32, month: u32, day: u32) -> NaiveDateTime {
    let date = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    date.and_hms_opt(0, 0, 0).unwrap_or_default()
}
