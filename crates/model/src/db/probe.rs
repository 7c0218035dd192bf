//! Whether a database can be used as it is, without changing anything about it.

use std::path::Path;

use diesel::connection::SimpleConnection;

use super::options::DbOptions;
use super::runner::Runner;
use crate::backend::{Conn, Role, Source, connect, creatable};
use crate::error::DbError;
use crate::migrations;

/// What [`probe`] found of a database that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Which one it is: its URL without the password.
    pub database: String,
    /// Whether there is one. A file that is not there is made by the first program that opens it.
    pub exists: bool,
    /// The names of the migrations that are still to be run.
    pub pending: Vec<String>,
}

/// Connects, and checks that the encoding is right, the database not newer than this program, and that it can be written.
/// It stores nothing, and makes no file.
///
/// # Errors
/// Why it cannot be used, and what to do.
pub async fn probe(options: &DbOptions) -> Result<Probed, DbError> {
    let runner = Runner::start(options)?;
    let source = runner.source.clone();
    runner.run(Role::Writer, (), move |_| probe_now(&source)).await
}

fn probe_now(source: &Source) -> Result<Probed, DbError> {
    let database = source.shown();
    if let Some(path) = source.target.missing_file() {
        would_be_made(source, path)?;
        return Ok(Probed {
            database,
            exists: false,
            pending: Vec::new(),
        });
    }
    let mut conn = connect(source, Role::Writer)?;
    let pending = migrations::pending(source, &mut conn)?;
    try_to_write(source, &mut conn, pending.is_empty())?;
    Ok(Probed {
        database,
        exists: true,
        pending,
    })
}

fn would_be_made(source: &Source, path: &Path) -> Result<(), DbError> {
    creatable(path).map_err(|why| source.connect_error(&why))
}

/// A change that changes no row, and is undone. Before the tables are there it is one of those that make them.
fn try_to_write(source: &Source, conn: &mut Conn, is_migrated: bool) -> Result<(), DbError> {
    let change = match is_migrated {
        true => "UPDATE worker SET pid = pid WHERE id IS NULL",
        false => "CREATE TABLE monitor_check (id BIGINT)",
    };
    let tried = conn
        .batch_execute("BEGIN")
        .and_then(|()| conn.batch_execute(change));
    tried.map_err(|error| DbError::Unsuitable {
        url: source.shown(),
        why: format!("it cannot be written: {}", source.scrub(&error.to_string())),
    })?;
    Ok(conn.batch_execute("ROLLBACK")?)
}
