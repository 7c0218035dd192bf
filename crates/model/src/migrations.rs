//! Brings the tables up to date. The migrations are in the program; two processes may do it at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use crate::backend::{AnyError, Conn, Dialect, MigrationFailure, Role, Source, connect, on_each};
use crate::error::DbError;

/// How long to go on trying where other processes hold locks: another one that migrates a SQLite file, or one that uses
/// the tables on PostgreSQL.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries, so that others that wait for the same tables go first.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Runs what was not run yet; gives the names of that, in order.
pub(crate) fn migrate(source: &Source) -> Result<Vec<String>, DbError> {
    let mut conn = connect(source, Role::Migrator)?;
    check_encoding(source, &mut conn)?;
    let until = Instant::now() + PATIENCE;
    // What was committed before a lock got in the way stays: those are not pending at the next try.
    let mut applied = Vec::new();
    loop {
        check_age(source, &mut conn)?;
        let tried = on_each!(&mut conn, |c| c.exclusively(|c| run_pending(c, &mut applied)));
        match tried {
            Ok(()) => return Ok(applied),
            Err(MigrationFailure::Database(DbError::Locked { cause })) if Instant::now() < until => {
                log::warn!("migrating {} waits for a lock: {cause}", source.shown());
                std::thread::sleep(PAUSE);
            }
            Err(MigrationFailure::Database(error)) => return Err(error),
            Err(MigrationFailure::Migration(error)) => {
                let cause = source.scrub(&error.to_string());
                return Err(DbError::Migrate { cause });
            }
        }
    }
}

/// What [`migrate`] would run. Changes nothing.
pub(crate) fn pending(source: &Source, conn: &mut Conn) -> Result<Vec<String>, DbError> {
    check_encoding(source, conn)?;
    let applied = check_age(source, conn)?;
    let names = on_each!(&*conn, |c| known(c)).map_err(|e| DbError::Migrate { cause: e.to_string() })?;
    let pending = names
        .into_iter()
        .filter(|(version, _)| !applied.contains(version));
    Ok(pending.map(|(_, name)| name).collect())
}

/// In another encoding texts come back changed, are refused, or are compared wrongly.
fn check_encoding(source: &Source, conn: &mut Conn) -> Result<(), DbError> {
    let (query, wanted) = on_each!(&*conn, |c| encoding_of(c));
    let encoding = diesel::sql_query(query).get_result::<Name>(conn)?.name;
    if encoding == wanted {
        return Ok(());
    }
    let advice = match conn {
        Conn::Postgres(_) => {
            "make another with CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8', and restore a dump of this one into it"
        }
        Conn::Sqlite(_) => {
            "name another file, and copy this one into it with: sqlite3 OLD .dump | sqlite3 NEW"
        }
    };
    Err(DbError::Unsuitable {
        url: source.shown(),
        why: format!("its encoding is {encoding}, and has to be {wanted}; {advice}"),
    })
}

/// Refuses a database that a newer program migrated, whose tables this one does not know; gives the applied versions.
fn check_age(source: &Source, conn: &mut Conn) -> Result<HashSet<String>, DbError> {
    let table = on_each!(&*conn, |c| exists_query(c));
    let mut applied = HashSet::new();
    if !diesel::sql_query(table).load::<Name>(conn)?.is_empty() {
        let versions = diesel::sql_query("SELECT version AS name FROM __diesel_schema_migrations");
        applied.extend(versions.load::<Name>(conn)?.into_iter().map(|row| row.name));
    }
    let names = on_each!(&*conn, |c| known(c)).map_err(|e| DbError::Migrate { cause: e.to_string() })?;
    let is_known = |version: &&String| names.iter().any(|(known, _)| known == *version);
    match applied.iter().filter(|version| !is_known(version)).max() {
        None => Ok(applied),
        Some(version) => Err(DbError::Unsuitable {
            url: source.shown(),
            why: format!(
                "it is newer than this program, {}: it has the migration {version}, which is not known here; start the \
                 newer program, or restore the backup that was made before its migration",
                env!("CARGO_PKG_VERSION")
            ),
        }),
    }
}

fn run_pending<C>(c: &mut C, applied: &mut Vec<String>) -> Result<(), AnyError>
where
    C: Dialect + MigrationHarness<C::Backend>,
{
    for migration in c.pending_migrations(C::MIGRATIONS)? {
        c.run_migration(&migration)?;
        let name = migration.name().to_string();
        // There already where SQLite undid it with the transaction around it.
        if !applied.contains(&name) {
            applied.push(name);
        }
    }
    Ok(())
}

fn exists_query<C: Dialect>(_: &C) -> &'static str {
    C::MIGRATIONS_TABLE
}

fn encoding_of<C: Dialect>(_: &C) -> (&'static str, &'static str) {
    C::ENCODING
}

/// Versions and names of this program's migrations, in order.
fn known<C: Dialect>(_: &C) -> Result<Vec<(String, String)>, AnyError> {
    let mut ours: Vec<Box<dyn Migration<C::Backend>>> = C::MIGRATIONS.migrations()?;
    ours.sort_by_key(|m| m.name().version().as_owned());
    let both = ours.iter().map(|m| {
        let name = m.name();
        (name.version().to_string(), name.to_string())
    });
    Ok(both.collect())
}
