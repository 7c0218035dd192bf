//! A checked rule: one condition, how long it must hold, and what is done about it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::Language;

use crate::condition::{Condition, Context, Lifetime, Limits, Memory, Past, Reference, Signal, Timing};
use crate::escalation::Escalation;
use crate::flapping::Flapping;
use crate::history::History;
use crate::text::{en, zh_cn};

/// Six ordinary intervals of ten seconds: what makes "no data" for a rule built without settings.
const DEFAULT_NO_DATA: Duration = Duration::from_secs(60);

/// A checked rule: what [`judge`](crate::judge()) holds a reading against.
#[derive(Clone, Debug)]
pub struct Rule {
    /// When to alert.
    pub condition: Arc<dyn Condition>,
    /// How long the condition must hold before it alerts (`for` in the config); zero for at once.
    pub hold: Duration,
    /// How long a level must stay clear before it recovers; for a change, how long it goes on showing as firing without
    /// another one. Zero for at once.
    pub keep_for: Duration,
    /// How long without a good reading until the metric turns to no data.
    pub no_data: Duration,
    /// How often to remind while an alert is open and unacknowledged; the judging itself does not use it.
    pub repeat: Option<Duration>,
    /// Which channels to notify, too, while an alert is open and unacknowledged; the judging itself does not use it.
    pub escalate: Option<Escalation>,
    /// For a level, what counts as flapping; it damps notifications and changes nothing that is judged.
    pub flapping: Option<Flapping>,
    /// The language of its description and of its reasons; nothing else depends on it.
    pub language: Language,
}

impl Rule {
    /// A rule of this condition: at once, no data after a minute, no reminders, no escalation, no flapping.
    pub fn new(condition: impl Condition + 'static) -> Rule {
        Rule {
            condition: Arc::new(condition),
            hold: Duration::ZERO,
            keep_for: Duration::ZERO,
            no_data: DEFAULT_NO_DATA,
            repeat: None,
            escalate: None,
            flapping: None,
            language: Language::default(),
        }
    }

    /// The thresholds of the rule, where it has any.
    pub fn limits(&self) -> Limits {
        self.condition.limits()
    }

    /// Whether its first reading counts from 0: whatever is there already at a first start is then an alert at once.
    pub fn counts_from_zero(&self) -> bool {
        let past = Past::default();
        let mut much = Context {
            value: f64::MAX,
            elapsed: Duration::ZERO,
            past,
            history: History::default(),
            memory: Memory::default(),
        };
        self.condition.reference(&past, &much.history) == Reference::Zero
            && matches!(self.condition.judge(&mut much), Signal::Breach { .. })
    }

    /// The rule in words: "rise by 1", "above 100, clear below 90, for 30s", or "高于 100 告警，低于 90 恢复".
    pub fn describe(&self) -> String {
        self.describe_in(self.language)
    }

    /// The same for readers of another language.
    pub fn describe_in(&self, language: Language) -> String {
        let timing = Timing {
            hold: self.hold,
            keep_for: self.keep_for,
            no_data: self.no_data,
        };
        let mut text = self.condition.describe(timing, language);
        if let Some(limit) = self.flapping() {
            // Writing to a String cannot fail.
            let _ = match language {
                Language::English => write!(text, ", flapping at {}", en::often(limit)),
                Language::Chinese => write!(text, "，{}视为频繁波动", zh_cn::often(limit)),
            };
        }
        text
    }

    /// What counts as flapping. Only a level has excursions that could come and go.
    pub(crate) fn flapping(&self) -> Option<Flapping> {
        self.flapping
            .filter(|_| self.condition.lifetime() == Lifetime::Level)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        *self.condition == *other.condition
            && (self.hold, self.keep_for, self.no_data, self.repeat)
                == (other.hold, other.keep_for, other.no_data, other.repeat)
            && (&self.escalate, self.flapping, self.language)
                == (&other.escalate, other.flapping, other.language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Baseline, Change, Initial, Level, NoData};

    #[test]
    fn rules_describe_themselves() {
        assert_eq!(Rule::new(Change::rise(1.0)).describe(), "rise by 1");
        let rule = Rule {
            hold: Duration::from_secs(30),
            ..Rule::new(Level::above(100.0).clear_below(90.0))
        };
        assert_eq!(rule.describe(), "above 100, clear below 90, for 30s");
        let no_data = Rule {
            no_data: Duration::from_secs(90),
            ..Rule::new(NoData)
        };
        assert_eq!(no_data.describe(), "no data for 1m 30s");
        assert_eq!(rule.limits().high, Some(100.0));
        assert!(Rule::new(Change::either(1.0)).limits().is_empty());
    }

    #[test]
    fn what_is_there_already_alerts_where_the_first_reading_counts_from_zero() {
        let learning = |change: Change| Change {
            initial: Initial::Learn,
            ..change
        };
        let since_alert = |change: Change| Change {
            baseline: Baseline::LastAlert,
            ..change
        };
        let held = Rule {
            hold: Duration::from_secs(60),
            ..Rule::new(Change::rise(1.0))
        };
        for (rule, counts) in [
            (Rule::new(Change::rise(1.0)), true),
            (Rule::new(Change::rise(1e12)), true),
            (Rule::new(Change::either(1.0)), true),
            (Rule::new(since_alert(Change::rise(1.0))), true),
            (held, true),
            (Rule::new(learning(Change::rise(1.0))), false),
            (Rule::new(learning(since_alert(Change::either(1.0)))), false),
            // A first 500 is no fall from 0.
            (Rule::new(Change::fall(1.0)), false),
            // It is above its limit, not above nothing.
            (Rule::new(Level::above(100.0)), false),
            (Rule::new(NoData), false),
        ] {
            assert_eq!(rule.counts_from_zero(), counts, "{rule:?}");
        }
    }

    #[test]
    fn only_levels_flap() {
        let flapping = Some(Flapping {
            alerts: 5,
            within: Duration::from_secs(600),
        });
        let level = Rule {
            flapping,
            ..Rule::new(Level::above(100.0))
        };
        assert_eq!(level.describe(), "above 100, flapping at 5 alerts within 10m");
        let chinese = Rule {
            language: Language::Chinese,
            ..level
        };
        assert_eq!(
            chinese.describe(),
            "高于 100 告警，10 分钟内 5 次告警视为频繁波动"
        );
        let change = Rule {
            flapping,
            ..Rule::new(Change::rise(1.0))
        };
        assert_eq!(change.describe(), "rise by 1");
    }

    #[test]
    fn rules_are_the_same_if_all_of_them_is() {
        let rule = Rule::new(Level::above(100.0));
        assert_eq!(rule, Rule::new(Level::above(100.0)));
        assert_ne!(rule, Rule::new(Level::above(101.0)));
        assert_ne!(rule, Rule::new(Change::rise(100.0)));
        let held = Rule {
            hold: Duration::from_secs(1),
            ..rule.clone()
        };
        assert_ne!(rule, held);
    }
}
