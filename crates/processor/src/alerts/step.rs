//! One step of an escalation.

use monitor_domain::Language;
use monitor_model::Alert;

use super::policies::escalation;
use crate::context::Monitored;
use crate::outbox::Subject;

/// One step of the escalation of a metric's alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Counted from 1.
    pub(super) number: i32,
    /// How many there are.
    of: usize,
    /// The channels.
    pub(super) notify: Vec<String>,
}

impl Step {
    /// The step after those that are done, if there is one more.
    pub(super) fn after(metric: &Monitored, done: i32) -> Option<Step> {
        let steps = &escalation(metric)?.steps;
        let step = steps.get(usize::try_from(done).ok()?)?;
        Some(Step {
            number: done + 1,
            of: steps.len(),
            notify: step.notify.clone(),
        })
    }

    /// What tells its notification from those of other steps. The first one's is as it was when there was one only.
    pub(super) fn subject(&self) -> Subject {
        match self.number {
            1 => Subject::Alert,
            number => Subject::Round(i64::from(number)),
        }
    }

    /// What a notification says besides, in a line of its own: nothing at the first step, whose subject says all of it.
    pub(super) fn said(&self, language: Language, alert: &Alert) -> Option<String> {
        let (number, of) = (self.number, self.of);
        let since = alert.opened_at.format("%Y-%m-%d %H:%M:%S UTC");
        (number > 1).then(|| match language {
            Language::English => {
                format!("\nNobody acknowledged it since {since}: step {number} of {of} of its escalation.")
            }
            Language::Chinese => {
                format!("\n自 {since} 起一直无人确认，现为第 {number} 级升级（共 {of} 级）。")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_named_as_ever() {
        let step = |number| Step {
            number,
            of: 3,
            notify: Vec::new(),
        };
        assert_eq!(step(1).subject(), Subject::Alert);
        assert_eq!(step(2).subject(), Subject::Round(2));
    }
}
