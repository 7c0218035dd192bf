//! Reading a database without changing anything about it.

use super::options::DbOptions;
use super::runner::Runner;
use crate::backend::{Conn, Role, connect};
use crate::error::DbError;
use crate::migrations;

/// What [`inspect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspected<T> {
    /// There is no such file.
    Nowhere,
    /// There is a database without the tables of this program, or with those of an older one: these migrations are
    /// missing. It was not read.
    Behind(Vec<String>),
    /// What was read.
    Found(T),
}

/// Runs `f` on a connection of its own that refuses to write. Unlike [`Db::open`](crate::Db::open) it makes no file and
/// no folder, turns nothing on, and starts no thread.
///
/// # Errors
/// What `f` returned, or why the database cannot be used.
pub async fn inspect<T, F>(options: &DbOptions, f: F) -> Result<Inspected<T>, DbError>
where
    F: FnOnce(&mut Conn) -> Result<T, DbError> + Send + 'static,
    T: Send + 'static,
{
    let runner = Runner::start(options)?;
    let source = runner.source.clone();
    let inspecting = move |_: &_| {
        if source.target.missing_file().is_some() {
            return Ok(Inspected::Nowhere);
        }
        let mut conn = connect(&source, Role::Reader)?;
        let missing = migrations::pending(&source, &mut conn)?;
        if !missing.is_empty() {
            return Ok(Inspected::Behind(missing));
        }
        f(&mut conn).map(Inspected::Found)
    };
    runner.run(Role::Reader, (), inspecting).await
}
