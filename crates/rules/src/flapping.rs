//! Flapping: a level that alerts so often that a notification each time would be noise. It changes nothing that is judged;
//! those who notify may go by it.

use std::ops::RangeInclusive;
use std::time::Duration;

use monitor_domain::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fewer are no going back and forth; more would only make the state large, which is stored at every reading.
const ALERTS: RangeInclusive<u32> = 2..=100;

/// How many alerts within how long are flapping. Both keys must be set; one that is missing reads as zero, which is
/// refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Flapping {
    /// How many alerts, from 2 to 100; needed.
    pub alerts: u32,
    /// Within how long, and how long without an alert or recovery until it flaps no more; needed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub within: Duration,
}

/// How a level has come and gone lately, as far as its rule's [`Flapping`] needs it.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub(crate) struct Flaps {
    /// How long ago the latest alerts were, the oldest first; never more than the rule needs.
    pub(crate) ages: Vec<Duration>,
    /// How long without an alert or recovery.
    pub(crate) quiet: Duration,
    /// Whether it flaps.
    pub(crate) flapping: bool,
}

impl Flapping {
    /// What makes no sense in its two keys. One alert alone is no going back and forth.
    pub fn check(&self) -> Vec<Finding> {
        let mut wrong = Vec::new();
        if !ALERTS.contains(&self.alerts) {
            let (least, most) = (ALERTS.start(), ALERTS.end());
            let message = format!("say how many alerts are flapping, from {least} to {most}, such as 5");
            wrong.push(Finding::new("flapping.alerts", message));
        }
        if self.within.is_zero() {
            let message = "say within how long, more than 0s, such as \"10m\"";
            wrong.push(Finding::new("flapping.within", message));
        }
        wrong
    }

    /// What is remembered after a reading that came `elapsed` after the one before, and alerted or recovered or neither.
    ///
    /// The time of failed readings counts as well. It is as true of the alerts before them that they are so long ago, and
    /// where nothing could be read nothing is known to have gone back and forth. This errs towards notifying: the other
    /// way round, the first alert after a long outage would be damped because of what was before it.
    pub(crate) fn after(
        self,
        before: Option<Flaps>,
        elapsed: Duration,
        alerted: bool,
        recovered: bool,
    ) -> Option<Flaps> {
        if before.is_none() && !alerted {
            return None;
        }
        let mut flaps = before.unwrap_or_default();
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
        flaps.ages.retain(|age| *age <= self.within);
        let limit = usize::try_from(self.alerts).unwrap_or(usize::MAX);
        let spare = flaps.ages.len().saturating_sub(limit);
        flaps.ages.drain(..spare);
        flaps.flapping |= alerted && flaps.ages.len() >= limit;
        // Quiet for that long, all alerts are as long ago: what comes then begins anew.
        (flaps.quiet < self.within).then_some(flaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(10);

    const LIMIT: Flapping = Flapping {
        alerts: 3,
        within: Duration::from_secs(60),
    };

    fn alert(flaps: Option<Flaps>, elapsed: Duration) -> Option<Flaps> {
        LIMIT.after(flaps, elapsed, true, false)
    }

    fn is_flapping(flaps: &Option<Flaps>) -> bool {
        flaps.as_ref().is_some_and(|flaps| flaps.flapping)
    }

    #[test]
    fn only_the_latest_alerts_are_remembered() {
        let mut flaps = None;
        for _ in 0..9 {
            flaps = alert(flaps, STEP);
        }
        assert_eq!(flaps.unwrap().ages, [STEP * 2, STEP, Duration::ZERO]);
    }

    #[test]
    fn alerts_exactly_as_long_ago_count_and_older_ones_do_not() {
        for (apart, expected) in [(STEP * 3, true), (STEP * 3 + Duration::from_millis(1), false)] {
            let mut flaps = None;
            for _ in 0..3 {
                assert!(!is_flapping(&flaps));
                flaps = alert(flaps, apart);
            }
            assert_eq!(is_flapping(&flaps), expected, "{apart:?} apart");
        }
    }

    #[test]
    fn it_ends_once_it_was_quiet_for_as_long() {
        let mut flaps = None;
        for _ in 0..3 {
            flaps = alert(flaps, STEP);
        }
        flaps = LIMIT.after(flaps, STEP * 6, false, true);
        assert!(is_flapping(&flaps), "a recovery is not quiet");
        flaps = LIMIT.after(flaps, STEP * 5, false, false);
        assert!(is_flapping(&flaps));
        flaps = LIMIT.after(flaps, STEP, false, false);
        assert_eq!(flaps, None, "and nothing is left of it");
    }
}
