//! The monitor itself: its processes, its incidents, what it has not delivered.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Conn, DbError, Incident, WorkerRow, deliveries, incidents, silences, stored, utc, workers,
};
use serde::Serialize;

use crate::api::{WorkerState, WorkerStatus};

/// All of it: `GET /api/v1/system`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct System {
    /// The incidents that are not over, oldest first.
    pub incidents: Vec<IncidentView>,
    /// The processes that were heard from and did not stop cleanly.
    pub processes: Vec<ProcessView>,
    /// By channel: how many deliveries ended unsent.
    pub undelivered: BTreeMap<String, i64>,
    /// By channel: what is still to be delivered.
    pub outbox: BTreeMap<String, Outbox>,
    /// How many silences are in force.
    pub silences: usize,
}

/// What a channel has still to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Outbox {
    /// How many deliveries.
    pub waiting: i64,
    /// How long ago the oldest of them was made.
    pub oldest_age_seconds: i64,
}

/// An incident of the monitor itself; also in the live events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentView {
    /// Its id, newer ones higher.
    pub id: i64,
    /// `system`, `offline`, `channel`, `process`, `gap` or `database`.
    pub kind: &'static str,
    /// The system, the channel or the process; empty where there is only one.
    pub subject: String,
    /// `info`, `warning` or `critical`.
    pub severity: Severity,
    /// What is wrong, for people.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was noticed.
    pub opened_at: DateTime<Utc>,
    /// When it was over; `null` while it is not.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A process of the monitor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessView {
    /// New at each start.
    pub id: String,
    /// `worker` or `web`.
    pub role: &'static str,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: i32,
    /// Of the program.
    pub version: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was last heard from.
    pub heartbeat_at: DateTime<Utc>,
    /// `alive`, or `silent` where it was not heard from lately.
    pub state: WorkerState,
}

impl System {
    /// Reads it, as it is at `now`; a heartbeat is good for `timeout`.
    pub(crate) fn read(c: &mut Conn, now: DateTime<Utc>, timeout: Duration) -> Result<System, DbError> {
        let channel = |lane: String| lane.trim_start_matches('@').to_owned();
        let undelivered = deliveries::undelivered_by_lane(c)?.into_iter();
        let outbox = deliveries::unfinished_by_lane(c)?.into_iter().map(|lane| {
            let age = (now - utc(lane.oldest)).num_seconds().max(0);
            let outbox = Outbox {
                waiting: lane.count,
                oldest_age_seconds: age,
            };
            (channel(lane.lane), outbox)
        });
        Ok(System {
            undelivered: undelivered.map(|(lane, n)| (channel(lane), n)).collect(),
            outbox: outbox.collect(),
            incidents: incidents::all_open(c)?
                .into_iter()
                .map(IncidentView::from)
                .collect(),
            processes: workers::all(c)?
                .into_iter()
                .map(|row| ProcessView::at(now, row, timeout))
                .collect(),
            silences: silences::active(c, stored(now))?.len(),
        })
    }
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> IncidentView {
        IncidentView {
            id: incident.id,
            kind: incident.kind.as_str(),
            subject: incident.subject,
            severity: incident.severity,
            reason: incident.reason,
            since: utc(incident.since),
            opened_at: utc(incident.opened_at),
            ended_at: incident.ended_at.map(utc),
        }
    }
}

impl ProcessView {
    fn at(now: DateTime<Utc>, row: WorkerRow, timeout: Duration) -> ProcessView {
        let heartbeat_at = utc(row.heartbeat_at);
        ProcessView {
            state: WorkerStatus::at(now, Some(heartbeat_at), timeout).state,
            id: row.id,
            role: row.role.as_str(),
            host: row.host,
            pid: row.pid,
            version: row.version,
            started_at: utc(row.started_at),
            heartbeat_at,
        }
    }
}
