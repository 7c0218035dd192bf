//! One reading against one rule: the next state, what happened, and why. [`unseen`] has what is made of readings of which
//! nothing can be said.

mod unseen;

use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Language;

use crate::condition::{Context, Lifetime, Memory, Past, Range, Signal};
use crate::history::History;
use crate::rule::Rule;
use crate::situation::{Progress, Situation, When};
use crate::state::{Excursion, Flash, Pending, State};
use crate::text::{Phrase, add, say};

/// One attempt to read a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When it was taken, on the wall clock: for words only.
    pub at: DateTime<Utc>,
    /// Monotonic time since the previous evaluation of this metric; zero at the first one of a process.
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
pub struct Evaluation {
    /// What to remember.
    pub state: State,
    /// What happened, in this order; mostly nothing.
    pub transitions: Vec<Transition>,
    /// Why the metric is in its phase, for people, in the rule's language and without the metric's name: "131 is above
    /// 100 since 09:12:40 UTC", "131 高于 100（自 09:12:40 UTC 起）".
    pub reason: String,
}

/// Something that happened, of which people may want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Transition {
    /// The condition is met, for as long as the rule demands.
    Alert {
        /// The value that did it.
        value: f64,
        /// What a change compared it with; for a level the value before the excursion. Zero where nothing was read before.
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

/// Judges one reading. Pure: the same arguments give the same evaluation, and neither the wall clock nor the language has
/// a say in what happens and is remembered.
///
/// What the condition [needs](crate::Condition::needs) beyond the state is not known here: see [`judge_with`].
pub fn judge(rule: &Rule, state: &State, reading: &Reading) -> Evaluation {
    judge_with(rule, state, reading, &History::default())
}

/// The same, with what the rule's condition needs. That was read at times of the wall clock, so it has a say by it.
pub fn judge_with(rule: &Rule, state: &State, reading: &Reading, history: &History) -> Evaluation {
    let mut judging = Judging {
        rule,
        reading,
        history,
        state: state.clone(),
        transitions: Vec::new(),
    };
    let mut reason = match &reading.observed {
        Observed::Value(value) if value.is_finite() => judging.read(*value),
        Observed::Value(value) => {
            let why = [Phrase::NotANumber(*value)];
            // What is kept is the same in every language.
            judging.miss(&say(Language::default(), &why));
            judging.unreadable(&say(rule.language, &why))
        }
        Observed::Unreadable(error) => {
            judging.miss(error);
            judging.unreadable(error)
        }
    };
    judging.remember_flapping(&mut reason);
    let Judging {
        state: mut next,
        transitions,
        ..
    } = judging;
    if next.since.is_none() || next.phase() != state.phase() {
        next.since = Some(reading.at);
    }
    Evaluation {
        state: next,
        transitions,
        reason,
    }
}

/// An evaluation on its way.
struct Judging<'a> {
    rule: &'a Rule,
    reading: &'a Reading,
    history: &'a History,
    state: State,
    transitions: Vec<Transition>,
}

impl Judging<'_> {
    /// A good reading; gives the reason.
    fn read(&mut self, value: f64) -> String {
        let condition = &*self.rule.condition;
        let lifetime = condition.lifetime();
        let mut context = Context {
            value,
            elapsed: self.reading.elapsed,
            past: Past {
                age: self.age(),
                ..self.state.past()
            },
            history: self.history.clone(),
            memory: Memory::of(condition.name(), self.state.memory.take()),
        };
        let signal = condition.judge(&mut context);
        if let Signal::Unjudged(lack) = &signal
            && lack.is_unreadable()
        {
            let reason = self.cannot_judge(value, lack);
            self.remember(context, None);
            return reason;
        }
        if self.state.unreadable.take().is_some_and(|failed| failed.reported) {
            self.transitions.push(Transition::DataBack { value });
        }
        // A level left open by a rule that has since been changed to another kind would never recover.
        if lifetime != Lifetime::Level && self.state.level.take().is_some() {
            self.transitions.push(Transition::Recovered { value });
        }
        if let Signal::Unjudged(lack) = &signal {
            let reason = self.unjudged(value, lack);
            self.remember(context, None);
            return reason;
        }
        let situation = match lifetime {
            Lifetime::Level => self.level(value, &signal),
            Lifetime::Event => self.event(value, &signal),
            Lifetime::Never => {
                (self.state.pending, self.state.flash) = (None, None);
                Situation::Quiet
            }
        };
        let reason = condition.reason(&context, situation, self.rule.language);
        self.remember(context, Some(situation));
        reason
    }

    /// Keeps what a good reading leaves; there is no situation where it could not be judged.
    fn remember(&mut self, context: Context, situation: Option<Situation>) {
        let (value, condition) = (context.value, &self.rule.condition);
        let state = &mut self.state;
        state.memory = context.memory.kept(condition.name());
        state.since_alert = match (condition.lifetime(), situation) {
            (Lifetime::Event, Some(Situation::Firing { .. })) => Some(Range::of(value)),
            (Lifetime::Event, _) => {
                let known = context.past.since_alert;
                Some(known.map_or(Range::of(value), |known| known.with(value)))
            }
            _ => None,
        };
        state.first.get_or_insert(value);
        (state.value, state.value_at) = (Some(value), Some(self.reading.at));
    }

    /// How long ago the last good reading was. A process that has just started knows only by the wall clock how long the one
    /// before is gone; a clock that was set back says less than what has passed at the least.
    fn age(&self) -> Option<Duration> {
        let before = self.state.value_at?;
        let failed = self.state.unreadable.as_ref().map(|failed| failed.lasted);
        let passed = self.reading.elapsed.saturating_add(failed.unwrap_or_default());
        let by_wall_clock = (self.reading.at - before).to_std().unwrap_or_default();
        Some(passed.max(by_wall_clock))
    }

    /// One alert an excursion.
    fn level(&mut self, value: f64, signal: &Signal) -> Situation {
        self.state.flash = None;
        if let Some(open) = self.state.level.take() {
            self.state.pending = None;
            return self.excursion(open, value, signal);
        }
        let Signal::Breach { from } = *signal else {
            self.state.pending = None;
            return Situation::Quiet;
        };
        let pending = self.hold(from);
        let since = self.when(pending.since);
        if pending.held < self.rule.hold {
            let progress = self.progress(&pending);
            self.state.pending = Some(pending);
            return Situation::Pending { since, progress };
        }
        self.alert(value, pending.from);
        self.state.level = Some(Excursion {
            since: pending.since,
            clear: None,
        });
        Situation::Firing { since }
    }

    /// A reading during an excursion: still beyond, in between, or clear.
    fn excursion(&mut self, mut open: Excursion, value: f64, signal: &Signal) -> Situation {
        let since = self.when(open.since);
        let situation = match signal {
            Signal::Breach { .. } => {
                open.clear = None;
                Situation::Firing { since }
            }
            Signal::NotClear | Signal::Unjudged(_) => {
                open.clear = None;
                Situation::NotClear { since }
            }
            Signal::Clear => {
                let elapsed = self.reading.elapsed;
                let held = open
                    .clear
                    .map_or(Duration::ZERO, |clear| clear.saturating_add(elapsed));
                if held >= self.rule.keep_for {
                    self.transitions.push(Transition::Recovered { value });
                    return Situation::Recovered { since };
                }
                open.clear = Some(held);
                let required = self.rule.keep_for;
                Situation::Clearing {
                    since,
                    progress: Progress { held, required },
                }
            }
        };
        self.state.level = Some(open);
        situation
    }

    /// An alert each time.
    fn event(&mut self, value: f64, signal: &Signal) -> Situation {
        let Signal::Breach { from } = *signal else {
            self.state.pending = None;
            self.fade();
            return Situation::Quiet;
        };
        let pending = self.hold(from);
        let since = self.when(pending.since);
        if pending.held < self.rule.hold {
            self.fade();
            let progress = self.progress(&pending);
            self.state.pending = Some(pending);
            return Situation::Pending { since, progress };
        }
        self.alert(value, pending.from);
        self.state.flash = Some(Flash {
            since: Some(self.reading.at),
            quiet: Duration::ZERO,
        });
        Situation::Firing { since }
    }

    fn alert(&mut self, value: f64, from: f64) {
        self.transitions.push(Transition::Alert {
            value,
            previous: Some(from),
        });
        self.state.alerted = Some(value);
    }

    /// The pending condition, `elapsed` longer, or begun now. Time in which nothing could be read does not count, since
    /// failed readings never get here.
    fn hold(&mut self, from: f64) -> Pending {
        match self.state.pending.take() {
            Some(pending) => Pending {
                held: pending.held.saturating_add(self.reading.elapsed),
                ..pending
            },
            None => Pending {
                from,
                held: Duration::ZERO,
                since: Some(self.reading.at),
            },
        }
    }

    /// An alert that nothing ends, and that is not followed by another, stops showing as firing after `keep_for`.
    fn fade(&mut self) {
        if let Some(flash) = &mut self.state.flash {
            flash.quiet = flash.quiet.saturating_add(self.reading.elapsed);
            if flash.quiet >= self.rule.keep_for {
                self.state.flash = None;
            }
        }
    }

    /// Remembers how it comes and goes, and adds to the reason that it flaps. Without a rule with that key nothing is
    /// remembered, so that a rule that was changed leaves nothing flapping.
    fn remember_flapping(&mut self, reason: &mut String) {
        let before = self.state.flaps.take();
        let Some(limit) = self.rule.flapping() else { return };
        let has = |of: fn(&Transition) -> bool| self.transitions.iter().any(of);
        let alerted = has(|one| matches!(one, Transition::Alert { .. }));
        let recovered = has(|one| matches!(one, Transition::Recovered { .. }));
        self.state.flaps = limit.after(before, self.reading.elapsed, alerted, recovered);
        if self.state.is_flapping() {
            add(self.rule.language, reason, &Phrase::Flapping(limit));
        }
    }

    fn progress(&self, pending: &Pending) -> Progress {
        Progress {
            held: pending.held,
            required: self.rule.hold,
        }
    }

    /// A time, beside the one of this reading.
    fn when(&self, at: Option<DateTime<Utc>>) -> When {
        When {
            at,
            now: self.reading.at,
        }
    }
}
