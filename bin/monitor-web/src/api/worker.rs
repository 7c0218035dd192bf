//! Whether anybody is reading the metrics.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Whether a worker is alive, as far as its heartbeat shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Heard from lately.
    Alive,
    /// Heard from once, but not lately.
    Silent,
    /// Stopped cleanly, and none is running.
    Stopped,
    /// Never heard from.
    Never,
}

/// The state of the workers taken together: the latest heartbeat of any.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// Whether any is alive.
    pub state: WorkerState,
    /// The latest heartbeat.
    pub heartbeat_at: Option<DateTime<Utc>>,
    /// Seconds since then.
    pub age_seconds: Option<i64>,
    /// When the last one was stopped, where none is running because of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<DateTime<Utc>>,
}

impl WorkerStatus {
    /// The state at `now`, with a heartbeat good for `timeout`.
    pub fn at(now: DateTime<Utc>, heartbeat_at: Option<DateTime<Utc>>, timeout: Duration) -> WorkerStatus {
        let age_seconds = heartbeat_at.map(|at| (now - at).num_seconds().max(0));
        let state = match age_seconds {
            None => WorkerState::Never,
            Some(age) if age.unsigned_abs() > timeout.as_secs() => WorkerState::Silent,
            Some(_) => WorkerState::Alive,
        };
        WorkerStatus {
            state,
            heartbeat_at,
            age_seconds,
            stopped_at: None,
        }
    }

    /// The same, where the last worker that stopped cleanly did so then. One that is still listed did not stop.
    #[must_use]
    pub fn or_stopped(self, at: Option<DateTime<Utc>>) -> WorkerStatus {
        match (self.state, at) {
            (WorkerState::Never, Some(_)) => WorkerStatus {
                state: WorkerState::Stopped,
                stopped_at: at,
                ..self
            },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_good_for_a_while() {
        let beat = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let at = |s| {
            WorkerStatus::at(
                beat + chrono::TimeDelta::seconds(s),
                Some(beat),
                Duration::from_secs(30),
            )
            .state
        };
        assert_eq!(at(-5), WorkerState::Alive);
        assert_eq!(at(30), WorkerState::Alive);
        assert_eq!(at(31), WorkerState::Silent);
        let timeout = Duration::from_secs(30);
        let never = WorkerStatus::at(beat, None, timeout);
        assert_eq!(never.state, WorkerState::Never);
        assert_eq!(never.clone().or_stopped(None), never);
        let stopped = never.or_stopped(Some(beat));
        assert_eq!(
            (stopped.state, stopped.stopped_at),
            (WorkerState::Stopped, Some(beat))
        );
        let silent = WorkerStatus::at(beat + timeout * 2, Some(beat), timeout);
        let other = silent.clone().or_stopped(Some(beat + timeout));
        assert_eq!(other, silent, "another one died, and that is worse");
    }
}
