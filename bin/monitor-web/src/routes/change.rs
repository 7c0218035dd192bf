//! Changes by people: made and written to the audit log in one transaction, or neither.

use chrono::NaiveDateTime;
use monitor_model::{Conn, DbError, NewAudit, audit, stored};

use crate::auth::Operator;
use crate::problem::Problem;
use crate::state::WebState;

/// The audit log, while a change is being made.
pub(super) struct AuditLog<'a> {
    actor: &'a str,
    /// When the change is made.
    pub(super) at: NaiveDateTime,
    written: bool,
}

impl AuditLog<'_> {
    /// Who makes the change.
    pub(super) fn actor(&self) -> &str {
        self.actor
    }

    /// Writes an entry: what was done to what, and what else is worth knowing.
    pub(super) fn write(
        &mut self,
        c: &mut Conn,
        action: &str,
        target: impl Into<String>,
        detail: impl Into<String>,
    ) -> Result<(), DbError> {
        self.written = true;
        let entry = NewAudit {
            at: self.at,
            actor: self.actor.to_owned(),
            action: action.to_owned(),
            target: target.into(),
            detail: detail.into(),
        };
        audit::append(c, &entry)
    }
}

/// Makes a change that `who` demands, in one transaction with the entries that it writes to the audit log. What is live
/// shows it afterwards; one that wrote no entry changed nothing.
pub(super) async fn change<T: Send + 'static>(
    state: &WebState,
    who: Operator,
    mut make: impl FnMut(&mut Conn, &mut AuditLog<'_>) -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    let at = stored(state.ctx.clock.wall());
    let write = move |c: &mut Conn| {
        let mut log = AuditLog {
            actor: &who.name,
            at,
            written: false,
        };
        let made = make(c, &mut log)?;
        Ok::<_, DbError>((made, log.written))
    };
    let (made, written) = state.ctx.db.write(write).await?;
    if written {
        state.live.refreshed().await;
    }
    Ok(made)
}

/// What became of a change to one row.
pub(super) enum Changed<T> {
    /// It is as wanted now.
    Made(T),
    /// It did not fit the row as it is.
    Refused(T),
    /// There is no such row.
    NoSuch,
}

impl<T> Changed<T> {
    /// From whether the row was changed, and the row as it is now.
    pub(super) fn of(made: bool, row: Option<T>) -> Changed<T> {
        match row {
            Some(row) if made => Changed::Made(row),
            Some(row) => Changed::Refused(row),
            None => Changed::NoSuch,
        }
    }

    /// The row as it was made, or the problem of what became of it instead.
    pub(super) fn made(
        self,
        no_such: impl FnOnce() -> Problem,
        refused: impl FnOnce(&T) -> Problem,
    ) -> Result<T, Problem> {
        match self {
            Changed::Made(row) => Ok(row),
            Changed::Refused(row) => Err(refused(&row)),
            Changed::NoSuch => Err(no_such()),
        }
    }
}
