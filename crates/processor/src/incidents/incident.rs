//! An incident is opened and ended once, and who is notified of it is notified once of each stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Conn, DbError, Incident, IncidentKind, Mute, NewIncident, alerts, deliveries, incidents,
};
use monitor_notify::{MessageIds, MetricInfo, Notification};

use super::outages::Cause;
use super::text;
use crate::context::Context;
use crate::outbox::{Audience, Refers, When, by_channel, enqueue, message_id, page, thread_id};

/// How often an incident is read that comes and goes.
const MAX_TRIES: usize = 5;

/// What an incident is about, in the log: `system a`, and `gap` where there is but one.
fn named(incident: &Incident) -> String {
    format!("{} {}", incident.kind, incident.subject)
        .trim_end()
        .to_owned()
}

/// Which notification of an incident.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    Began,
    /// It lasts; so many rounds after it began, while nobody acknowledged it.
    Lasts(i64),
    Ended,
}

/// Notifies `audience` of an incident. Who was notified of this stage before is not notified again.
pub(crate) fn notify(
    conn: &mut Conn,
    context: &Context,
    audience: &[Audience],
    (incident, stage): (&Incident, Stage),
    text: &str,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let which = match stage {
        Stage::Began => "begins".to_owned(),
        Stage::Lasts(round) => format!("lasts-{round}"),
        Stage::Ended => "ends".to_owned(),
    };
    let severity = match stage {
        Stage::Ended => Severity::Info,
        Stage::Began | Stage::Lasts(_) => incident.severity,
    };
    let ids = MessageIds::new(
        format!("incident/{}/{which}", incident.id),
        message_id(&format!("incident-{}-{which}", incident.id)),
    );
    let ids = ids.in_thread(thread_id("incident", incident.id, incident.opened_at));
    let subject = about(context, incident.kind, &incident.subject);
    let message =
        Notification::notice(ids, subject, severity, text, now.and_utc()).with_url(page(context, "/system"));
    let refers = Refers {
        incident_id: Some(incident.id),
        ..Refers::default()
    };
    enqueue(conn, audience, refers, &message, now).map(drop)
}

/// What a notification of an incident is about, in the place of a metric.
pub(super) fn about(context: &Context, kind: IncidentKind, subject: &str) -> MetricInfo {
    MetricInfo::new(
        kind.as_str(),
        text::title(context.options.language, kind, subject),
    )
}

/// The incident that a cause is: the open one, or a new one.
pub(crate) fn cover(
    conn: &mut Conn,
    context: &Context,
    cause: &Cause,
    now: NaiveDateTime,
) -> Result<Incident, DbError> {
    let new = describe(context, cause, &BTreeMap::new(), now);
    for _ in 0..MAX_TRIES {
        if let Some(incident) = incidents::open(conn, &new)? {
            log::error!("{}: {}", named(&incident), incident.reason);
            return Ok(incident);
        }
        // Locked: otherwise its end might be notified before its beginning is.
        if let Some(incident) = incidents::lock_open(conn, new.kind, &new.subject)? {
            return name_all(conn, context, cause, incident, now);
        }
        // It ended between the two: the next try opens another.
    }
    Err(DbError::NotFound)
}

/// Names in an open incident what has no reading by now: more metrics than as it began, or those of another worker too. Its
/// reason is what pages show and what further notifications of it say.
fn name_all(
    conn: &mut Conn,
    context: &Context,
    cause: &Cause,
    incident: Incident,
    now: NaiveDateTime,
) -> Result<Incident, DbError> {
    let covered = alerts::muted_by(conn, &Mute::Incident(incident.id).to_string())?;
    let covered = covered.into_iter().map(|key| (key.to_string(), key.to_string()));
    let cause = cause.clone().since(incident.since.and_utc());
    let reason = describe(context, &cause, &covered.collect(), now).reason;
    if reason == incident.reason {
        return Ok(incident);
    }
    incidents::describe(conn, incident.id, &reason)?;
    Ok(Incident { reason, ..incident })
}

/// The incident that a cause is, of whose metrics and of `others` there are no readings.
fn describe(
    context: &Context,
    cause: &Cause,
    others: &BTreeMap<String, String>,
    now: NaiveDateTime,
) -> NewIncident {
    let titles = |metrics: &BTreeMap<String, String>| -> Vec<String> {
        let unnamed = others.iter().filter(|(key, _)| !metrics.contains_key(*key));
        metrics
            .iter()
            .chain(unnamed)
            .map(|(_, title)| title.clone())
            .collect()
    };
    let language = context.options.language;
    let when = |at| When {
        at,
        now: now.and_utc(),
    };
    let (kind, subject, since, reason) = match cause {
        Cause::System {
            name,
            since,
            why,
            metrics,
        } => {
            let reason = text::system(language, when(*since), why, &titles(metrics));
            (IncidentKind::System, name.clone(), since, reason)
        }
        Cause::Offline {
            since,
            systems,
            metrics,
        } => {
            let reason = text::offline(language, when(*since), systems, &titles(metrics));
            (IncidentKind::Offline, String::new(), since, reason)
        }
    };
    NewIncident {
        kind,
        subject,
        severity: Severity::Critical,
        reason,
        since: since.naive_utc(),
        opened_at: now,
    }
}

/// Opens an incident and notifies `audience`; nothing where it is open already.
pub(super) fn begin(
    conn: &mut Conn,
    context: &Context,
    new: &NewIncident,
    audience: &[Audience],
) -> Result<Option<Incident>, DbError> {
    let Some(incident) = incidents::open(conn, new)? else {
        return Ok(None);
    };
    log::error!("{}: {}", named(&incident), incident.reason);
    let began = (&incident, Stage::Began);
    notify(conn, context, audience, began, &incident.reason, new.opened_at)?;
    Ok(Some(incident))
}

/// Puts an incident on record that is over as it is noticed. Who is notified of it is the caller's.
pub(super) fn record(
    conn: &mut Conn,
    new: &NewIncident,
    now: NaiveDateTime,
) -> Result<Option<Incident>, DbError> {
    let recorded = incidents::open(conn, new)?;
    if let Some(incident) = &recorded {
        incidents::end(conn, incident.id, now)?;
    }
    Ok(recorded)
}

/// Notifies `audience` that an incident is over.
pub(super) fn notify_end(
    conn: &mut Conn,
    context: &Context,
    incident: &Incident,
    audience: &[Audience],
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let since = When::stored(incident.since, now.and_utc());
    let lasted = (now - incident.since).to_std().unwrap_or_default();
    let text = text::ended(context.options.language, incident.kind, since, lasted);
    log::info!("{}: {text}", named(incident));
    notify(conn, context, audience, (incident, Stage::Ended), &text, now)
}

/// Ends an incident, as a transaction of its own, and notifies who was notified of it; nothing where another worker was
/// first.
pub(super) async fn end(
    context: &Arc<Context>,
    incident: &Incident,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let (context, incident, now) = (Arc::clone(context), incident.clone(), now.naive_utc());
    let db = context.db.clone();
    let end = move |conn: &mut Conn| {
        if !incidents::end(conn, incident.id, now)? {
            return Ok(());
        }
        let audience = by_channel(deliveries::notified_of_incident(conn, incident.id)?);
        notify_end(conn, &context, &incident, &audience, now)
    };
    db.write(end).await
}
