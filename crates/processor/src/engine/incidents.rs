//! The monitor's own incidents: opened and told once, and so is their end, however many workers see them.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, Incident, IncidentKind, NewIncident, deliveries, incidents};

use super::Shared;
use super::systems::Cause;
use super::told::{Audience, Word, grouped, tell_incident};
use super::words::{self, When};

/// How often a incident is looked for that comes and goes.
const MOST_TRIES: usize = 5;

/// The incident that a cause is: the open one, or a new one.
pub(crate) fn cover(
    conn: &mut Conn,
    shared: &Shared,
    cause: &Cause,
    now: NaiveDateTime,
) -> Result<Incident, DbError> {
    let new = describe(shared, cause, now);
    for _ in 0..MOST_TRIES {
        if let Some(incident) = incidents::open(conn, &new)? {
            log::error!("{} {}: {}", incident.kind, incident.subject, incident.reason);
            return Ok(incident);
        }
        // Locked: or its end might be told before its beginning is.
        if let Some(incident) = incidents::lock_open(conn, new.kind, &new.subject)? {
            return Ok(incident);
        }
        // It ended between the two: the next try opens another.
    }
    Err(DbError::NotFound)
}

fn describe(shared: &Shared, cause: &Cause, now: NaiveDateTime) -> NewIncident {
    let language = shared.options.language;
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
            let reason = words::system(language, when(*since), why, metrics);
            (IncidentKind::System, name.clone(), since, reason)
        }
        Cause::Offline {
            since,
            systems,
            metrics,
        } => {
            let reason = words::offline(language, when(*since), systems, metrics);
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

/// Opens a incident and tells `audience`; nothing where it is open already.
pub(crate) fn begin(
    conn: &mut Conn,
    shared: &Shared,
    new: &NewIncident,
    audience: &[Audience],
) -> Result<Option<Incident>, DbError> {
    let Some(incident) = incidents::open(conn, new)? else {
        return Ok(None);
    };
    log::error!("{} {}: {}", incident.kind, incident.subject, incident.reason);
    let text = &incident.reason;
    tell_incident(
        conn,
        shared,
        audience,
        &incident,
        Word::Begins,
        text,
        new.opened_at,
    )?;
    Ok(Some(incident))
}

/// Ends a incident and tells those who heard of it; nothing where somebody else was first.
pub(crate) fn end(
    conn: &mut Conn,
    shared: &Shared,
    incident: &Incident,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    if !incidents::end(conn, incident.id, now)? {
        return Ok(());
    }
    let audience = grouped(deliveries::notified_of_incident(conn, incident.id)?);
    tell_end(conn, shared, incident, &audience, now)
}

/// Puts a incident on record that is over as it is noticed. What is told of it is the caller's.
pub(crate) fn note(
    conn: &mut Conn,
    new: &NewIncident,
    now: NaiveDateTime,
) -> Result<Option<Incident>, DbError> {
    let noted = incidents::open(conn, new)?;
    if let Some(incident) = &noted {
        incidents::end(conn, incident.id, now)?;
    }
    Ok(noted)
}

/// Tells that a incident is over.
pub(crate) fn tell_end(
    conn: &mut Conn,
    shared: &Shared,
    incident: &Incident,
    audience: &[Audience],
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let since = When::stored(incident.since, now.and_utc());
    let lasted = (now - incident.since).to_std().unwrap_or_default();
    let text = words::over(shared.options.language, incident.kind, since, lasted);
    log::info!("{} {}: {text}", incident.kind, incident.subject);
    tell_incident(conn, shared, audience, incident, Word::Ends, &text, now)?;
    Ok(())
}

/// [`end`], as a transaction of its own.
pub(crate) async fn end_now(
    shared: &Arc<Shared>,
    incident: &Incident,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let (ending, incident) = (Arc::clone(shared), incident.clone());
    let end = move |conn: &mut Conn| end(conn, &ending, &incident, now.naive_utc());
    shared.db.write(end).await
}
