//! Brings the tables up to date. The migrations are in the program; two processes may do it at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::Conn;
use crate::connect::{Role, connect};
use crate::error::DbError;
use crate::url::Target;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The advisory lock that migrating processes queue up for: "monitor" in ASCII. It is per database.
const LOCK: i64 = 0x6d_6f6e_6974_6f72;
/// How long to wait for another process that migrates a SQLite file.
const PATIENCE: Duration = Duration::from_secs(60);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Runs what was not run yet; the names of that, in order.
pub(crate) fn migrate(target: &Target) -> Result<Vec<String>, DbError> {
    let applied = match connect(target, Role::Migrator)? {
        Conn::Postgres(mut c) => {
            c.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))?;
            // The lock ends with the connection, at the end of this function, whatever happens.
            run_pending(&mut c, POSTGRES)
        }
        Conn::Sqlite(mut c) => {
            let until = Instant::now() + PATIENCE;
            loop {
                // Each migration is a savepoint in it: all or nothing.
                let done: Result<_, Failure> = c.immediate_transaction(|c| Ok(run_pending(c, SQLITE)?));
                match done {
                    Err(Failure::Diesel(DbError::Locked { .. })) if Instant::now() < until => {}
                    Err(Failure::Diesel(error)) => return Err(error),
                    Err(Failure::Migration(error)) => break Err(error),
                    Ok(applied) => break Ok(applied),
                }
            }
        }
    };
    applied.map_err(|e| DbError::Migrate {
        cause: target.scrub(&e.to_string()),
    })
}

/// What `migrate` would run. Changes nothing.
pub(crate) fn pending(target: &Target) -> Result<Vec<String>, DbError> {
    let mut conn = connect(target, Role::Reader)?;
    let tables = match &mut conn {
        Conn::Sqlite(_) => "SELECT name FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        Conn::Postgres(_) => {
            "SELECT to_regclass('__diesel_schema_migrations')::text AS name \
                              WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL"
        }
    };
    let mut applied = HashSet::new();
    if !diesel::sql_query(tables).load::<Name>(&mut conn)?.is_empty() {
        let versions = diesel::sql_query("SELECT version AS name FROM __diesel_schema_migrations");
        applied.extend(versions.load::<Name>(&mut conn)?.into_iter().map(|row| row.name));
    }
    let names = match conn {
        Conn::Sqlite(_) => names_without::<diesel::sqlite::Sqlite>(&applied, &SQLITE),
        Conn::Postgres(_) => names_without::<diesel::pg::Pg>(&applied, &POSTGRES),
    };
    names.map_err(|e| DbError::Migrate { cause: e.to_string() })
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Tells a lock, which is waited for, from a migration that is wrong.
enum Failure {
    Diesel(DbError),
    Migration(AnyError),
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Failure::Diesel(error.into())
    }
}

impl From<AnyError> for Failure {
    fn from(error: AnyError) -> Self {
        Failure::Migration(error)
    }
}

fn run_pending<C, DB>(c: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, AnyError>
where
    DB: Backend,
    C: MigrationHarness<DB>,
{
    let ours = MigrationSource::<DB>::migrations(&source)?;
    let known: HashSet<String> = ours.iter().map(|m| m.name().version().to_string()).collect();
    let newer = |version: &MigrationVersion<'static>| !known.contains(&version.to_string());
    if let Some(version) = c.applied_migrations()?.iter().find(|version| newer(version)) {
        log::warn!(
            "the database has migration {version}, which this program does not know: it is the older one"
        );
    }
    let mut applied = Vec::new();
    for migration in c.pending_migrations(source)? {
        c.run_migration(&migration)?;
        applied.push(migration.name().to_string());
    }
    Ok(applied)
}

fn names_without<DB: Backend>(
    applied: &HashSet<String>,
    source: &EmbeddedMigrations,
) -> Result<Vec<String>, AnyError> {
    let mut ours: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    ours.sort_by_key(|m| m.name().version().as_owned());
    let pending = ours
        .iter()
        .filter(|m| !applied.contains(&m.name().version().to_string()));
    Ok(pending.map(|m| m.name().to_string()).collect())
}
