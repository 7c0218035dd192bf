//! A silence: for a while nobody is notified of what is recorded and evaluated all the same.

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{Silence, utc};
use serde::Serialize;

/// Whether a silence is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
    /// To come.
    Coming,
    /// In force.
    Active,
    /// Its time is over.
    Over,
    /// Somebody ended it.
    Cancelled,
}

/// A silence: `GET /api/v1/silences` and the live events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SilenceView {
    /// Its id, newer ones higher.
    pub id: i64,
    /// The metric's key; `null` for every metric.
    pub key: Option<String>,
    /// `info`, `warning` or `critical`; `null` for each.
    pub severity: Option<Severity>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it is over.
    pub ends_at: DateTime<Utc>,
    /// When somebody ended it before that.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Who.
    pub cancelled_by: Option<String>,
    /// Whether it is in force.
    pub state: SilenceState,
}

impl SilenceView {
    /// The silence as it is at `now`.
    pub(crate) fn at(now: DateTime<Utc>, silence: Silence) -> SilenceView {
        let (starts_at, ends_at) = (utc(silence.starts_at), utc(silence.ends_at));
        let state = if silence.cancelled_at.is_some() {
            SilenceState::Cancelled
        } else if ends_at <= now {
            SilenceState::Over
        } else if starts_at > now {
            SilenceState::Coming
        } else {
            SilenceState::Active
        };
        SilenceView {
            id: silence.id,
            key: silence.key,
            severity: silence.severity,
            reason: silence.reason,
            created_by: silence.created_by,
            created_at: utc(silence.created_at),
            starts_at,
            ends_at,
            cancelled_at: silence.cancelled_at.map(utc),
            cancelled_by: silence.cancelled_by,
            state,
        }
    }
}
