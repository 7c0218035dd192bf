//! A time in which no worker ran, noticed at the next start.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Conn, DbError, IncidentKind, NewIncident, ProcessRole, WorkerRow, incidents as stored, stops, workers,
};

use super::{incident, text};
use crate::context::Context;
use crate::outbox::{When, for_incidents};

/// How long nobody watched, where nobody wanted that, to be worth a notification.
const GAP: Duration = Duration::from_secs(60);

/// A time in which nobody watched.
struct Gap {
    since: NaiveDateTime,
    /// The last worker was stopped, and did not die.
    is_stop: bool,
}

/// Notifies people at a start that nobody was watching since the last sign of life of any worker, where that is long ago;
/// after a clean stop, longer than `no_data`, the shortest time after which a metric counts as being without data. The
/// workers that died over it are covered by that.
pub(crate) async fn notify_gap(context: &Arc<Context>, no_data: Option<Duration>) -> Result<(), DbError> {
    let now = context.clock.wall();
    let find = move |conn: &mut Conn| {
        let (listed, stopped) = (workers::all(conn)?, stops::last(conn, ProcessRole::Worker)?);
        Ok((gap(&listed, stopped, no_data, now), listed))
    };
    // Read before anything is written: a start must not fail over nothing.
    let (Some(_), _) = context.db.read(find).await? else {
        return Ok(());
    };
    let notifying = Arc::clone(context);
    let notify = move |conn: &mut Conn| {
        let (Some(gap), listed) = find(conn)? else {
            return Ok(());
        };
        for row in listed.iter().filter(|row| row.role == ProcessRole::Worker) {
            workers::remove(conn, &row.id)?;
        }
        stops::forget(conn, ProcessRole::Worker)?;
        let language = notifying.options.language;
        let (from, to) = (When::stored(gap.since, now), When { at: now, now });
        let (severity, reason) = if gap.is_stop {
            (Severity::Warning, text::stop(language, from, to))
        } else {
            (Severity::Critical, text::gap(language, from, to))
        };
        let new = NewIncident {
            kind: IncidentKind::Gap,
            subject: String::new(),
            severity,
            reason,
            since: gap.since,
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

/// The time since any worker was last heard from, where that is long ago.
fn gap(
    listed: &[WorkerRow],
    stopped: Option<NaiveDateTime>,
    no_data: Option<Duration>,
    now: DateTime<Utc>,
) -> Option<Gap> {
    let workers = listed.iter().filter(|row| row.role == ProcessRole::Worker);
    let heard = workers.map(|row| row.heartbeat_at).max();
    let is_stop = stopped >= heard;
    let since = stopped.max(heard)?;
    let patience = if is_stop { no_data? } else { GAP };
    let lasted = (now.naive_utc() - since).to_std().unwrap_or_default();
    (lasted >= patience).then_some(Gap { since, is_stop })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_worth_a_word_after_no_data_and_a_death_after_a_minute() {
        let start = DateTime::from_timestamp(1_795_600_000, 0).unwrap();
        let at = |seconds: i64| (start + chrono::TimeDelta::seconds(seconds)).naive_utc();
        let row = |role, seconds| WorkerRow {
            id: "w".to_owned(),
            host: "h".to_owned(),
            pid: 1,
            version: "0".to_owned(),
            started_at: at(0),
            heartbeat_at: at(seconds),
            role,
        };
        let died = [row(ProcessRole::Worker, 10)];
        let only_web = [row(ProcessRole::Web, 500)];
        let no_data = Some(Duration::from_secs(20));
        for (listed, stopped, no_data, now, expected) in [
            (&[][..], None, no_data, 1_000, None),
            (&[][..], Some(10), no_data, 29, None),
            (&[][..], Some(10), no_data, 30, Some((10, true))),
            (&only_web[..], Some(10), no_data, 30, Some((10, true))),
            (&[][..], Some(10), None, 1_000, None),
            (&died[..], None, no_data, 69, None),
            (&died[..], None, no_data, 70, Some((10, false))),
            // Of two workers one was stopped, and the other died later, or before.
            (&died[..], Some(5), no_data, 69, None),
            (&died[..], Some(5), no_data, 70, Some((10, false))),
            (&died[..], Some(15), no_data, 35, Some((15, true))),
        ] {
            let found = gap(listed, stopped.map(at), no_data, at(now).and_utc());
            let expected = expected.map(|(since, is_stop)| (at(since), is_stop));
            assert_eq!(
                found.map(|gap| (gap.since, gap.is_stop)),
                expected,
                "{stopped:?} {now}"
            );
        }
    }
}
