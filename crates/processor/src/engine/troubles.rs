//! The monitor's own troubles: opened and told once, and so is their end, however many workers see them.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, NewTrouble, Trouble, TroubleKind, deliveries, troubles};

use super::Shared;
use super::systems::Cause;
use super::told::{Audience, Word, grouped, tell_trouble};
use super::words::{self, When};

/// How often a trouble is looked for that comes and goes.
const MOST_TRIES: usize = 5;

/// The trouble that a cause is: the open one, or a new one.
pub(crate) fn cover(
    conn: &mut Conn,
    shared: &Shared,
    cause: &Cause,
    now: NaiveDateTime,
) -> Result<Trouble, DbError> {
    let new = describe(shared, cause, now);
    for _ in 0..MOST_TRIES {
        if let Some(trouble) = troubles::open(conn, &new)? {
            log::error!("{} {}: {}", trouble.kind, trouble.subject, trouble.reason);
            return Ok(trouble);
        }
        // Locked: or its end might be told before its beginning is.
        if let Some(trouble) = troubles::lock_open(conn, new.kind, &new.subject)? {
            return Ok(trouble);
        }
        // It ended between the two: the next try opens another.
    }
    Err(DbError::NotFound)
}

fn describe(shared: &Shared, cause: &Cause, now: NaiveDateTime) -> NewTrouble {
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
            (TroubleKind::System, name.clone(), since, reason)
        }
        Cause::Offline {
            since,
            systems,
            metrics,
        } => {
            let reason = words::offline(language, when(*since), systems, metrics);
            (TroubleKind::Offline, String::new(), since, reason)
        }
    };
    NewTrouble {
        kind,
        subject,
        severity: Severity::Critical.as_str().to_owned(),
        reason,
        since: since.naive_utc(),
        opened_at: now,
    }
}

/// Opens a trouble and tells `audience`; nothing where it is open already.
pub(crate) fn begin(
    conn: &mut Conn,
    shared: &Shared,
    new: &NewTrouble,
    audience: &[Audience],
) -> Result<Option<Trouble>, DbError> {
    let Some(trouble) = troubles::open(conn, new)? else {
        return Ok(None);
    };
    log::error!("{} {}: {}", trouble.kind, trouble.subject, trouble.reason);
    let text = &trouble.reason;
    tell_trouble(
        conn,
        shared,
        audience,
        &trouble,
        Word::Begins,
        text,
        new.opened_at,
    )?;
    Ok(Some(trouble))
}

/// Ends a trouble and tells those who heard of it; nothing where somebody else was first.
pub(crate) fn end(
    conn: &mut Conn,
    shared: &Shared,
    trouble: &Trouble,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    if !troubles::end(conn, trouble.id, now)? {
        return Ok(());
    }
    let audience = grouped(deliveries::told_of_trouble(conn, trouble.id)?);
    tell_end(conn, shared, trouble, &audience, now)
}

/// Puts a trouble on record that is over as it is noticed. What is told of it is the caller's.
pub(crate) fn note(
    conn: &mut Conn,
    new: &NewTrouble,
    now: NaiveDateTime,
) -> Result<Option<Trouble>, DbError> {
    let noted = troubles::open(conn, new)?;
    if let Some(trouble) = &noted {
        troubles::end(conn, trouble.id, now)?;
    }
    Ok(noted)
}

/// Tells that a trouble is over.
pub(crate) fn tell_end(
    conn: &mut Conn,
    shared: &Shared,
    trouble: &Trouble,
    audience: &[Audience],
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let since = When::stored(trouble.since, now.and_utc());
    let lasted = (now - trouble.since).to_std().unwrap_or_default();
    let text = words::over(shared.options.language, trouble.kind, since, lasted);
    log::info!("{} {}: {text}", trouble.kind, trouble.subject);
    tell_trouble(conn, shared, audience, trouble, Word::Ends, &text, now)?;
    Ok(())
}

/// [`end`], as a transaction of its own.
pub(crate) async fn end_now(
    shared: &Arc<Shared>,
    trouble: &Trouble,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let (ending, trouble) = (Arc::clone(shared), trouble.clone());
    let end = move |conn: &mut Conn| end(conn, &ending, &trouble, now.naive_utc());
    shared.db.write(end).await
}
