//! A database that cannot be written: people are notified around it, since nothing can be stored, and of its end as usual.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, IncidentKind, NewIncident};
use monitor_notify::{MessageIds, Notification};
use tokio_util::sync::CancellationToken;

use super::{incident, text};
use crate::context::{Context, Generations};
use crate::outbox::{When, for_incidents, page};

/// How long it cannot be written until people are notified.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is checked.
const TICK: Duration = Duration::from_secs(1);
/// The longest that notifying one recipient may take.
const SENDING: Duration = Duration::from_secs(60);
/// How long until another try, where the last one reached nobody.
const AGAIN: Duration = Duration::from_secs(30);

/// A database that cannot be written.
#[derive(Clone)]
struct Outage {
    since: DateTime<Utc>,
    why: String,
}

/// Checks until `halt`, by the newest config. It is a task of its own, and needs no database until the incident is over.
pub(crate) async fn run(mut generations: Generations, halt: CancellationToken) {
    let mut notified: Option<Outage> = None;
    let mut again = Duration::ZERO;
    loop {
        let context = generations.borrow_and_update().clone();
        tokio::select! {
            () = halt.cancelled() => return,
            () = context.clock.sleep(TICK) => {}
        }
        let now = context.clock.monotonic();
        match (outage(&context), &notified) {
            (Some(outage), None) if now >= again => {
                again = now + AGAIN;
                let reached = tokio::select! {
                    () = halt.cancelled() => return,
                    reached = notify_around(&context, &outage) => reached,
                };
                notified = reached.then_some(outage);
            }
            (None, Some(outage)) if !context.database.is_failing() => match end(&context, outage).await {
                Ok(()) => notified = None,
                Err(error) => log::warn!("the end of the database's incident could not be enqueued: {error}"),
            },
            _ => {}
        }
    }
}

/// What is wrong with it: readings that fail, or that nobody answers.
fn outage(context: &Context) -> Option<Outage> {
    let now = context.clock.monotonic();
    if let Some(failing) = context.database.failing_for(PATIENCE, now) {
        let (since, why) = (failing.since.1, failing.why);
        return Some(Outage { since, why });
    }
    let (_, since) = context.commits.longer_than(PATIENCE, now)?;
    let why = "no answer".to_owned();
    Some(Outage { since, why })
}

fn reason(context: &Context, outage: &Outage, now: DateTime<Utc>) -> String {
    let since = When {
        at: outage.since,
        now,
    };
    text::database(context.options.language, since, &outage.why)
}

/// The only message that is no row first: it is about the monitor alone, and without it nobody would know that nothing is
/// watched. Returns whether it reached anybody.
async fn notify_around(context: &Context, outage: &Outage) -> bool {
    let now = context.clock.wall();
    let text = reason(context, outage, now);
    log::error!("the database {text}");
    // The same at each try, and at each worker that notices it since the same moment.
    let message_id = format!("database-{}@monitor", outage.since.timestamp_micros());
    let ids = MessageIds::new("database", message_id);
    let subject = incident::about(context, IncidentKind::Database, "");
    let message =
        Notification::notice(ids, subject, Severity::Critical, text, now).with_url(page(context, "/system"));
    let mut is_notified = false;
    for audience in for_incidents(context, "") {
        let known = context
            .channels
            .iter()
            .find(|channel| channel.notifier.name() == audience.channel);
        for recipient in &audience.recipients {
            let Some(channel) = known else { continue };
            let sending = channel.notifier.send(&message, recipient);
            let failed = match monitor_domain::timeout(&*context.clock, SENDING, sending).await {
                Ok(Ok(())) => {
                    is_notified = true;
                    continue;
                }
                Ok(Err(failure)) => failure.to_string(),
                Err(late) => late.to_string(),
            };
            let name = &audience.channel;
            log::error!("{name} {recipient}: could not be notified of the database: {failed}");
        }
    }
    is_notified
}

/// It is on record afterwards, and its end is a row of the outbox.
async fn end(context: &Arc<Context>, outage: &Outage) -> Result<(), DbError> {
    let (notifying, outage, now) = (Arc::clone(context), outage.clone(), context.clock.wall());
    let end = move |conn: &mut Conn| {
        let new = NewIncident {
            kind: IncidentKind::Database,
            subject: String::new(),
            severity: Severity::Critical,
            reason: reason(&notifying, &outage, now),
            since: outage.since.naive_utc(),
            opened_at: now.naive_utc(),
        };
        let now = now.naive_utc();
        match incident::record(conn, &new, now)? {
            Some(incident) => {
                incident::notify_end(conn, &notifying, &incident, &for_incidents(&notifying, ""), now)
            }
            None => Ok(()),
        }
    };
    context.db.write(end).await
}
