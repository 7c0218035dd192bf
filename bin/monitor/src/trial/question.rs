//! Requests from the system what an alert would be about, as the worker would.

use monitor_domain::{Number, SharedClock, one_line, timeout};
use monitor_processor::{Metric, explain, explains};
use monitor_rules::{Evaluation, Observed, Phase, Transition};
use monitor_upstream::{AlertMessage, Question, Upstreams};

use super::PATIENCE;
use super::stored::Stored;
use super::words::{more, row};

/// Messages that are shown.
const LISTED: usize = 20;
/// Characters of each of them.
const LISTED_CHARS: usize = 200;

/// Whether there is something to explain: an alert that would be sent, or one that is open.
pub(super) fn is_due(evaluation: &Evaluation) -> bool {
    let alerts = |transition: &Transition| matches!(transition, Transition::Alert { .. });
    evaluation.transitions.iter().any(alerts) || evaluation.state.phase() == Phase::Firing
}

/// Sends the question, and shows the messages, or why there are none.
pub(super) async fn explained(
    metric: &dyn Metric,
    upstreams: &Upstreams,
    clock: &SharedClock,
    stored: &Stored,
    evaluation: &Evaluation,
    observed: &Observed,
) {
    if !explains(metric) {
        return row(
            "messages",
            "not requested: the config names no system for it (details)",
        );
    }
    let Observed::Value(total) = observed else {
        return row("messages", "not requested: there is no reading to explain");
    };
    let question = Question {
        key: metric.config().key.to_string(),
        total: *total,
        previous: previous(stored, evaluation),
    };
    let answer = explain(metric, upstreams, &question);
    match timeout(&**clock, PATIENCE, answer).await {
        Ok(Ok(messages)) => list(&question, &messages),
        Ok(Err(error)) => row("messages", &format!("nobody explains it: {error}")),
        Err(late) => row("messages", &format!("nobody explained it: {late}")),
    }
}

/// What the alert compared its value with: the one that would be sent, else the one that is open.
fn previous(stored: &Stored, evaluation: &Evaluation) -> f64 {
    let alerted = evaluation
        .transitions
        .iter()
        .find_map(|transition| match transition {
            Transition::Alert { previous, .. } => Some(*previous),
            _ => None,
        });
    alerted
        .unwrap_or_else(|| stored.before_the_breach().or(stored.state.last_value()))
        .unwrap_or_default()
}

fn list(question: &Question, messages: &[AlertMessage]) {
    let span = format!("from {} to {}", Number(question.previous), Number(question.total));
    if messages.is_empty() {
        let text = format!("none {span}: people would get the reading alone");
        return row("messages", &text);
    }
    row("messages", &format!("{} {span}", messages.len()));
    for message in messages.iter().take(LISTED) {
        let id = message.id.as_deref().unwrap_or("(no id)");
        more(&format!("{id}: {}", short(&message.text)));
    }
    if messages.len() > LISTED {
        more(&format!("and {} more", messages.len() - LISTED));
    }
}

fn short(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(LISTED_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
