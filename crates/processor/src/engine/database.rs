//! A database that takes nothing: told around it, for nothing can be stored to tell of it, and its end like any other.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, IncidentKind, NewIncident};
use monitor_notify::{Event, MetricInfo, Notification};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::incidents;
use super::told::{self, own_audience};
use super::words::{self, When};

/// How long it takes nothing until people are told.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The longest that telling one recipient may take.
const TELLING: Duration = Duration::from_secs(60);
/// How long until telling is tried again that reached nobody.
const AGAIN: Duration = Duration::from_secs(30);

/// A database in incident.
#[derive(Clone)]
struct Outage {
    since: DateTime<Utc>,
    why: String,
}

/// Looks until `halt`. It is a task of its own, and needs no database until the incident is over.
pub(crate) async fn run(shared: Arc<Shared>, halt: CancellationToken) {
    let mut told: Option<Outage> = None;
    let mut again = Duration::ZERO;
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = shared.clock.sleep(LOOK) => {}
        }
        let now = shared.clock.monotonic();
        match (outage(&shared), &told) {
            (Some(outage), None) if now >= again => {
                again = now + AGAIN;
                let reached = tokio::select! {
                    () = halt.cancelled() => return,
                    reached = tell_around(&shared, &outage) => reached,
                };
                told = reached.then_some(outage);
            }
            (None, Some(outage)) if !shared.database.is_failing() => match end(&shared, outage).await {
                Ok(()) => told = None,
                Err(error) => log::warn!("the end of the database's incident could not be told: {error}"),
            },
            _ => {}
        }
    }
}

/// What is wrong with it: readings that fail, or that nobody answers.
fn outage(shared: &Shared) -> Option<Outage> {
    let now = shared.clock.monotonic();
    if let Some(failing) = shared.database.failing_for(PATIENCE, now) {
        let (since, why) = (failing.since.1, failing.why);
        return Some(Outage { since, why });
    }
    let (_, since) = shared.commits.longer_than(PATIENCE, now)?;
    let why = "no answer".to_owned();
    Some(Outage { since, why })
}

fn reason(shared: &Shared, outage: &Outage, now: DateTime<Utc>) -> String {
    let since = When {
        at: outage.since,
        now,
    };
    words::database(shared.options.language, since, &outage.why)
}

/// The only message that is no row first: it is about the monitor alone, and without it nobody would know that nothing
/// is watched. Gives whether anybody took it.
async fn tell_around(shared: &Shared, outage: &Outage) -> bool {
    let now = shared.clock.wall();
    let text = reason(shared, outage, now);
    log::error!("the database {text}");
    let message = Notification {
        id: "database".to_owned(),
        // The same at each try, and at each worker that sees it since the same moment.
        message_id: format!("database-{}@monitor", outage.since.timestamp_micros()),
        thread_id: None,
        event: Event::Notice,
        metric: MetricInfo {
            key: IncidentKind::Database.as_str().to_owned(),
            title: words::title(shared.options.language, IncidentKind::Database, ""),
            unit: String::new(),
        },
        severity: Severity::Critical,
        value: None,
        previous: None,
        text,
        reason: String::new(),
        at: now,
        alert_id: None,
        url: told::page(shared, "/system"),
    };
    let mut is_told = false;
    for audience in own_audience(shared, "") {
        let known = shared
            .channels
            .iter()
            .find(|channel| channel.notifier.name() == audience.channel);
        for recipient in &audience.recipients {
            let Some(channel) = known else { continue };
            let sending = channel.notifier.send(&message, recipient);
            let failed = match monitor_domain::timeout(&*shared.clock, TELLING, sending).await {
                Ok(Ok(())) => {
                    is_told = true;
                    continue;
                }
                Ok(Err(failure)) => failure.to_string(),
                Err(late) => late.to_string(),
            };
            let name = &audience.channel;
            log::error!("{name} {recipient}: could not be told of the database: {failed}");
        }
    }
    is_told
}

/// It is on record afterwards, and its end is a row of the outbox.
async fn end(shared: &Arc<Shared>, outage: &Outage) -> Result<(), DbError> {
    let (telling, outage, now) = (Arc::clone(shared), outage.clone(), shared.clock.wall());
    let end = move |conn: &mut Conn| {
        let new = NewIncident {
            kind: IncidentKind::Database,
            subject: String::new(),
            severity: Severity::Critical,
            reason: reason(&telling, &outage, now),
            since: outage.since.naive_utc(),
            opened_at: now.naive_utc(),
        };
        let now = now.naive_utc();
        match incidents::note(conn, &new, now)? {
            Some(incident) => {
                incidents::tell_end(conn, &telling, &incident, &own_audience(&telling, ""), now)
            }
            None => Ok(()),
        }
    };
    shared.db.write(end).await
}
