//! Flapping: a level that alerts so often that telling each time is noise. It changes nothing that is judged; who is told
//! of it may ask.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::judge::Transition;
use crate::rule::Rule;
use crate::state::State;

/// How many alerts within how long make a level flap. Both keys must be set; one that is missing reads as zero, which
/// is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flapping {
    /// How many alerts; from 2 to 100.
    pub alerts: u32,
    /// Within how long; and how long without an alert or recovery until it flaps no more.
    #[serde(with = "humantime_serde")]
    pub within: Duration,
}

/// How a level has come and gone lately, as far as its rule's [`Flapping`] needs it.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub(crate) struct Flaps {
    /// How long ago the latest alerts were, the oldest first; never more than the rule asks for.
    pub(crate) ages: Vec<Duration>,
    /// How long without an alert or recovery.
    pub(crate) quiet: Duration,
    /// Whether it flaps.
    pub(crate) flapping: bool,
}

/// Takes note of what a reading told. Without a rule that asks for it nothing is remembered, so that a rule that was
/// changed leaves nothing flapping.
///
/// The time of failed readings counts as well. It is as true of the alerts before them that they are so long ago, and
/// where nothing could be seen nothing is known to have gone back and forth. This errs towards telling: the other way
/// round, the first alert after a long outage would be damped because of what was before it.
pub(crate) fn remember(rule: &Rule, state: &mut State, elapsed: Duration, told: &[Transition]) {
    let Some(limit) = rule.flapping() else {
        state.flaps = None;
        return;
    };
    let alerted = told.iter().any(|one| matches!(one, Transition::Alert { .. }));
    let recovered = told.iter().any(|one| matches!(one, Transition::Recovered { .. }));
    if state.flaps.is_none() && !alerted {
        return;
    }
    let mut flaps = state.flaps.take().unwrap_or_default();
    for age in &mut flaps.ages {
        *age = age.saturating_add(elapsed);
    }
    flaps.quiet = if alerted || recovered {
        Duration::ZERO
    } else {
        flaps.quiet.saturating_add(elapsed)
    };
    if alerted {
        flaps.ages.push(Duration::ZERO);
    }
    flaps.ages.retain(|age| *age <= limit.within);
    let asked = usize::try_from(limit.alerts).unwrap_or(usize::MAX);
    let spare = flaps.ages.len().saturating_sub(asked);
    flaps.ages.drain(..spare);
    flaps.flapping |= alerted && flaps.ages.len() >= asked;
    // Quiet for that long, all alerts are as long ago: what comes then begins anew.
    state.flaps = (flaps.quiet < limit.within).then_some(flaps);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Condition, Event, EventKind};

    const STEP: Duration = Duration::from_secs(10);

    fn rule() -> Rule {
        Rule {
            flapping: Some(Flapping {
                alerts: 3,
                within: STEP * 6,
            }),
            ..Rule::above(100.0)
        }
    }

    fn alert() -> [Transition; 1] {
        [Transition::Alert {
            value: 131.0,
            previous: Some(99.0),
        }]
    }

    fn recovered() -> [Transition; 1] {
        [Transition::Recovered { value: 99.0 }]
    }

    #[test]
    fn only_the_latest_alerts_are_remembered() {
        let (rule, mut state) = (rule(), State::default());
        for _ in 0..9 {
            remember(&rule, &mut state, STEP, &alert());
        }
        let ages = state.flaps.unwrap().ages;
        assert_eq!(ages, [STEP * 2, STEP, Duration::ZERO]);
    }

    #[test]
    fn alerts_exactly_as_long_ago_count_and_older_ones_do_not() {
        for (apart, flaps) in [(STEP * 3, true), (STEP * 3 + Duration::from_millis(1), false)] {
            let mut state = State::default();
            for _ in 0..3 {
                assert!(!state.is_flapping());
                remember(&rule(), &mut state, apart, &alert());
            }
            assert_eq!(state.is_flapping(), flaps, "{apart:?} apart");
        }
    }

    #[test]
    fn it_ends_once_it_was_quiet_for_as_long() {
        let (rule, mut state) = (rule(), State::default());
        for _ in 0..3 {
            remember(&rule, &mut state, STEP, &alert());
        }
        remember(&rule, &mut state, STEP * 6, &recovered());
        assert!(state.is_flapping(), "a recovery is not quiet");
        remember(&rule, &mut state, STEP * 5, &[]);
        assert!(state.is_flapping());
        remember(&rule, &mut state, STEP, &[]);
        assert!(!state.is_flapping());
        assert_eq!(state, State::default(), "and nothing is left of it");
    }

    #[test]
    fn without_a_rule_for_it_nothing_flaps() {
        let mut flapping = State::default();
        for _ in 0..3 {
            remember(&rule(), &mut flapping, STEP, &alert());
        }
        let event = Condition::Event(Event {
            kind: EventKind::Rise,
            by: 1.0,
            baseline: Default::default(),
            initial: Default::default(),
        });
        let event = Rule {
            condition: event,
            ..rule()
        };
        for changed in [Rule::above(100.0), event] {
            let mut state = flapping.clone();
            remember(&changed, &mut state, STEP, &alert());
            assert_eq!(state, State::default());
        }
    }
}
