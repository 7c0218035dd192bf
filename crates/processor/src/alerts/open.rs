//! What is open, as the follow-up reads it at each check.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::{Alert, Conn, DbError, Incident, Silence, alerts, incidents, silences};

use super::dependencies::Dependencies;
use super::mutes::{self, Target};
use super::policies::Policies;
use crate::context::{Context, ago};

/// Alerts read in one go.
const MAX_ALERTS: i64 = 10_000;
/// Alerts escalated in one go.
const MAX_ESCALATED: i64 = 500;

/// What is in the database.
pub(super) struct Open {
    /// Read before the alerts: an incident that is read here has its alerts there.
    pub(super) incidents: Vec<Incident>,
    pub(super) lasting: Vec<Alert>,
    pub(super) ended: Vec<Alert>,
    /// Each with how many steps of its escalation are done, the next of which is due.
    pub(super) unacknowledged: Vec<(i32, Alert)>,
    pub(super) silences: Vec<Silence>,
    pub(super) dependencies: Dependencies,
}

/// Reads what is open at `now`.
pub(super) fn read(
    conn: &mut Conn,
    context: &Context,
    policies: &Policies,
    now: NaiveDateTime,
) -> Result<Open, DbError> {
    let silences = silences::active(conn, now)?;
    let mut dependencies = Dependencies::read(conn, policies.depends_on.values().flatten())?;
    // Metrics by how many steps of an escalation are done and how long after the alert the next one is, without those that are
    // suppressed.
    let mut waited: BTreeMap<(i32, Duration), Vec<String>> = BTreeMap::new();
    for policy in &policies.escalation {
        let target = Target {
            key: &policy.key,
            severity: policy.severity,
            depends_on: policies.depends_on(&policy.key),
            is_flapping: false,
        };
        if mutes::find(context, (&silences, &dependencies), target, now).is_none() {
            for (done, after) in (0..).zip(&policy.after) {
                waited.entry((done, *after)).or_default().push(policy.key.clone());
            }
        }
    }
    let mut unacknowledged = Vec::new();
    for ((done, after), keys) in &waited {
        let due = alerts::to_escalate(conn, keys, *done, ago(now, *after), MAX_ESCALATED)?;
        unacknowledged.extend(due.into_iter().map(|alert| (*done, alert)));
    }
    let incidents = incidents::all_open(conn)?;
    let lasting = alerts::lasting(conn, MAX_ALERTS)?;
    let ended = alerts::with_muted_end(conn, MAX_ALERTS)?;
    dependencies.add_waiting(conn, lasting.iter().chain(&ended))?;
    Ok(Open {
        incidents,
        lasting,
        ended,
        unacknowledged,
        silences,
        dependencies,
    })
}
