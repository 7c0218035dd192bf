//! An evaluation of a metric, and what came of it.

use chrono::{DateTime, Utc};
use monitor_model::{Evaluation, utc};
use serde::Serialize;

use crate::api::Number;

/// An evaluation: `GET /api/v1/metrics/{key}/evaluations`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationView {
    /// When the metric was evaluated.
    pub at: DateTime<Utc>,
    /// What was read; `null` for a failure.
    pub value: Option<Number>,
    /// `normal`, `pending`, `firing` or `no_data`.
    pub phase: String,
    /// Why, for people.
    pub reason: String,
    /// What came of it: `alert`, `recovered`, `no_data`, `data_back`, and why nobody was notified, such as `silence:3`.
    pub effects: Vec<String>,
}

impl From<Evaluation> for EvaluationView {
    fn from(evaluation: Evaluation) -> EvaluationView {
        let words = evaluation.effects.split(',').map(str::trim);
        EvaluationView {
            at: utc(evaluation.at),
            value: evaluation.value.map(Number),
            effects: words.filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            phase: evaluation.phase,
            reason: evaluation.reason,
        }
    }
}
