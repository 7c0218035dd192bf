//! How it is put on a terminal: in English, as all that commands say; reasons are in the installation's language.

use chrono::{DateTime, Utc};
use monitor_domain::{Number, one_line};
use monitor_model::Evaluation;
use monitor_rules::{Reference, Rule, State, Transition};

use super::stored::Stored;
use crate::init::say;

/// Room for the names of the rows.
const NAMES: usize = 10;

/// One line of the answer.
pub(super) fn row(name: &str, text: &str) {
    say(&format!("{name:<NAMES$}{}", one_line(text)));
}

/// A line that belongs to the row above it.
pub(super) fn more(text: &str) {
    row("", text);
}

/// A time as in reasons, with its date.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What the next reading is compared with.
pub(super) fn compared(rule: &Rule, stored: &Stored) -> String {
    let (state, last) = (&stored.state, last_read(&stored.state));
    let lately = |span| humantime::format_duration(span);
    match rule.condition.reference(&state.past(), &stored.history) {
        Reference::Limits => format!("its limits; {last}"),
        Reference::Nothing => format!("nothing; {last}"),
        Reference::Unlearnt => "nothing: the first reading is learnt".to_owned(),
        Reference::LastReading(_) => last,
        Reference::LastAlert(value) => match stored.alerted_at() {
            Some(at) => format!("{}, last alerted on at {}; {last}", Number(value), time(at)),
            None => format!("{}, last alerted on; {last}", Number(value)),
        },
        Reference::Lowest(value) => format!("{}, the lowest since the last alert; {last}", Number(value)),
        Reference::Highest(value) => format!("{}, the highest since the last alert; {last}", Number(value)),
        Reference::LowestWithin(value, span) => {
            format!("{}, the lowest within {}; {last}", Number(value), lately(span))
        }
        Reference::HighestWithin(value, span) => {
            format!("{}, the highest within {}; {last}", Number(value), lately(span))
        }
        Reference::Within(range, span) => {
            let (low, high) = (Number(range.low), Number(range.high));
            format!("{low} to {high}, as read within {}; {last}", lately(span))
        }
        Reference::FirstReading(value) => format!("{}, the first value ever; {last}", Number(value)),
        Reference::Zero => format!("0, from which the first one counts; {last}"),
        Reference::Pending(value) => format!("{}, as before the move that is pending; {last}", Number(value)),
    }
}

fn last_read(state: &State) -> String {
    match (state.last_value(), state.last_value_at()) {
        (Some(value), Some(at)) => format!("{}, last read at {}", Number(value), time(at)),
        (Some(value), None) => format!("{}, last read", Number(value)),
        _ => "never read before".to_owned(),
    }
}

/// What would be sent.
pub(super) fn verdict(transitions: &[Transition]) -> String {
    let effects: Vec<&str> = transitions
        .iter()
        .map(|transition| match transition {
            Transition::Alert { .. } => "would alert",
            Transition::Recovered { .. } => "would recover",
            Transition::NoData { .. } => "would notify that there is no data",
            Transition::DataBack { .. } => "would notify that data is back",
        })
        .collect();
    if effects.is_empty() {
        "nothing to notify of".to_owned()
    } else {
        effects.join(", ")
    }
}

/// The latest evaluations as a table, newest first. The reason is last: nobody knows how wide it is on a terminal.
pub(super) fn trail(evaluations: &[Evaluation]) {
    if evaluations.is_empty() {
        return row("trail", "no evaluation is stored");
    }
    let cells: Vec<[String; 3]> = evaluations
        .iter()
        .map(|evaluation| {
            let value = evaluation
                .value
                .map_or("-".to_owned(), |value| Number(value).to_string());
            let effects = Some(evaluation.effects.as_str()).filter(|effects| !effects.is_empty());
            [value, evaluation.phase.clone(), effects.unwrap_or("-").to_owned()]
        })
        .collect();
    let width = |n: usize, head: &str| {
        let widest = cells.iter().map(|row| row[n].len()).max().unwrap_or_default();
        widest.max(head.len())
    };
    let (value, phase, effects) = (width(0, "value"), width(1, "phase"), width(2, "effects"));
    say(&format!(
        "{:<NAMES$}{:<19}  {:>value$}  {:<phase$}  {:<effects$}  reason",
        "trail", "time (UTC)", "value", "phase", "effects"
    ));
    for (evaluation, cell) in evaluations.iter().zip(&cells) {
        say(&format!(
            "{:<NAMES$}{}  {:>value$}  {:<phase$}  {:<effects$}  {}",
            "",
            evaluation.at.format("%Y-%m-%d %H:%M:%S"),
            cell[0],
            cell[1],
            cell[2],
            one_line(&evaluation.reason)
        ));
    }
}

#[cfg(test)]
mod tests {
    use monitor_rules::{Baseline, Change, Initial, NoData, Observed, Reading, judge};

    use super::*;

    fn event(baseline: Baseline, initial: Initial, hold: u64) -> Rule {
        let mut rule = Rule::new(Change {
            baseline,
            initial,
            ..Change::rise(1.0)
        });
        rule.hold = std::time::Duration::from_secs(hold);
        rule
    }

    /// What the reading after these is compared with.
    fn after(rule: &Rule, values: &[f64]) -> String {
        let mut stored = Stored::default();
        for &value in values {
            let reading = Reading {
                at: DateTime::from_timestamp(1_795_425_160, 0).unwrap(),
                elapsed: std::time::Duration::from_secs(1),
                observed: Observed::Value(value),
            };
            stored.state = judge(rule, &stored.state, &reading).state;
        }
        compared(rule, &stored)
    }

    #[test]
    fn what_a_reading_is_compared_with_is_said() {
        let at = "last read at 2026-11-23 09:12:40 UTC";
        let last = event(Baseline::Last, Initial::CountFromZero, 0);
        assert_eq!(
            after(&last, &[]),
            "0, from which the first one counts; never read before"
        );
        assert_eq!(after(&last, &[5.0, 4.0]), format!("4, {at}"));
        let held = event(Baseline::Last, Initial::CountFromZero, 60);
        let pending = "as before the move that is pending";
        assert_eq!(after(&held, &[5.0]), format!("0, {pending}; 5, {at}"));
        let alert = event(Baseline::LastAlert, Initial::Learn, 0);
        assert_eq!(after(&alert, &[]), "nothing: the first reading is learnt");
        assert_eq!(after(&alert, &[2.0]), format!("2, the first value ever; 2, {at}"));
        assert_eq!(
            after(&alert, &[2.0, 5.0, 5.5]),
            format!("5, last alerted on; 5.5, {at}")
        );
        assert_eq!(
            after(&alert, &[2.0, 5.0, 4.0, 4.5]),
            format!("4, the lowest since the last alert; 4.5, {at}")
        );
        let nothing = Rule::new(NoData);
        assert_eq!(after(&nothing, &[1.0]), format!("nothing; 1, {at}"));
    }

    #[test]
    fn all_that_would_be_told_is_said() {
        assert_eq!(verdict(&[]), "nothing to notify of");
        let both = [
            Transition::DataBack { value: 1.0 },
            Transition::Recovered { value: 1.0 },
        ];
        assert_eq!(verdict(&both), "would notify that data is back, would recover");
    }
}
