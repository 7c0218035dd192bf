//! Brings the tables up to date. The migrations are in the program; two processes may do it at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use crate::backend::{AnyError, Dialect, MigrationFailure, Role, Target, connect, on_each};
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
pub(crate) fn migrate(target: &Target) -> Result<Vec<String>, DbError> {
    let mut conn = connect(target, Role::Migrator)?;
    let until = Instant::now() + PATIENCE;
    // What was committed before a lock got in the way stays: those are not pending at the next try.
    let mut applied = Vec::new();
    loop {
        let tried = on_each!(&mut conn, |c| c.exclusively(|c| run_pending(c, &mut applied)));
        match tried {
            Ok(()) => return Ok(applied),
            Err(MigrationFailure::Database(DbError::Locked { cause })) if Instant::now() < until => {
                log::warn!("migrating {} waits for a lock: {cause}", target.shown());
                std::thread::sleep(PAUSE);
            }
            Err(MigrationFailure::Database(error)) => return Err(error),
            Err(MigrationFailure::Migration(error)) => {
                let cause = target.scrub(&error.to_string());
                return Err(DbError::Migrate { cause });
            }
        }
    }
}

/// What [`migrate`] would run. Changes nothing.
pub(crate) fn pending(target: &Target) -> Result<Vec<String>, DbError> {
    let mut conn = connect(target, Role::Reader)?;
    let table = on_each!(&conn, |c| exists_query(c));
    let mut applied = HashSet::new();
    if !diesel::sql_query(table).load::<Name>(&mut conn)?.is_empty() {
        let versions = diesel::sql_query("SELECT version AS name FROM __diesel_schema_migrations");
        applied.extend(versions.load::<Name>(&mut conn)?.into_iter().map(|row| row.name));
    }
    let names = on_each!(&conn, |c| names_without(c, &applied));
    names.map_err(|e| DbError::Migrate { cause: e.to_string() })
}

fn run_pending<C>(c: &mut C, applied: &mut Vec<String>) -> Result<(), AnyError>
where
    C: Dialect + MigrationHarness<C::Backend>,
{
    let ours = MigrationSource::<C::Backend>::migrations(&C::MIGRATIONS)?;
    let known: HashSet<String> = ours.iter().map(|m| m.name().version().to_string()).collect();
    let newer = |version: &MigrationVersion<'static>| !known.contains(&version.to_string());
    if let Some(version) = c.applied_migrations()?.iter().find(|version| newer(version)) {
        log::warn!(
            "the database has migration {version}, which this program does not know: the program is the older one"
        );
    }
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

fn names_without<C: Dialect>(_: &C, applied: &HashSet<String>) -> Result<Vec<String>, AnyError> {
    let mut ours: Vec<Box<dyn Migration<C::Backend>>> = C::MIGRATIONS.migrations()?;
    ours.sort_by_key(|m| m.name().version().as_owned());
    let pending = ours
        .iter()
        .filter(|m| !applied.contains(&m.name().version().to_string()));
    Ok(pending.map(|m| m.name().to_string()).collect())
}
