//! A time in which no worker ran, noticed at the next start.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Conn, DbError, IncidentKind, NewIncident, ProcessRole, WorkerRow, incidents as stored, workers,
};

use super::{incident, text};
use crate::context::Context;
use crate::outbox::{When, for_incidents};

/// How long nobody watched to be worth a notification.
const GAP: Duration = Duration::from_secs(60);

/// Notifies people at a start that nobody was watching since the last sign of life of any worker, where that is long ago. The
/// workers that died over it are covered by that.
pub(crate) async fn notify_gap(context: &Arc<Context>) -> Result<(), DbError> {
    let now = context.clock.wall();
    // Read before anything is written: a start must not fail over nothing.
    let listed = context.db.read(workers::all).await?;
    if gap(&listed, now).is_none() {
        return Ok(());
    }
    let notifying = Arc::clone(context);
    let notify = move |conn: &mut Conn| {
        let listed = workers::all(conn)?;
        let Some(last) = gap(&listed, now) else {
            return Ok(());
        };
        for row in listed.iter().filter(|row| row.role == ProcessRole::Worker) {
            workers::remove(conn, &row.id)?;
        }
        let language = notifying.options.language;
        let new = NewIncident {
            kind: IncidentKind::Gap,
            subject: String::new(),
            severity: Severity::Critical,
            reason: text::gap(language, When::stored(last, now), When { at: now, now }),
            since: last,
            opened_at: now.naive_utc(),
        };
        let audience = for_incidents(&notifying, "");
        if let Some(gap) = incident::begin(conn, &notifying, &new, &audience)? {
            // It is over with the notification: a worker runs again.
            stored::end(conn, gap.id, now.naive_utc())?;
        }
        Ok(())
    };
    context.db.write(notify).await
}

/// Since when no worker was heard from, where that is long ago.
fn gap(listed: &[WorkerRow], now: DateTime<Utc>) -> Option<NaiveDateTime> {
    let workers = listed.iter().filter(|row| row.role == ProcessRole::Worker);
    let last = workers.map(|row| row.heartbeat_at).max()?;
    ((now.naive_utc() - last).to_std().unwrap_or_default() >= GAP).then_some(last)
}
