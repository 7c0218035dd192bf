//! PostgreSQL for tests: one cluster for all test processes, a fresh database a test. No server that is there already is
//! touched.

mod cluster;
mod database;
mod programs;
mod shared;
mod supervisor;

use std::io;
use std::sync::OnceLock;

pub use cluster::Cluster;
pub use database::TestDatabase;

use crate::require::skip;

/// The name of this in `MONITOR_TEST_REQUIRE`.
const WHAT: &str = "postgres";

/// Why there is no PostgreSQL to test with.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// There is no installation.
    #[error(
        "no initdb, pg_ctl, postgres and psql in one folder of PATH or in /usr/lib/postgresql/*/bin; install PostgreSQL's server"
    )]
    NotInstalled,
    /// We are root, which PostgreSQL refuses to run as, and there is nobody else.
    #[error("PostgreSQL does not run as root, and there is neither a user \"postgres\" nor \"nobody\"")]
    NoUser,
    /// Something of the operating system failed.
    #[error("could not {what}: {error}")]
    Io {
        /// What was tried, as in "could not …".
        what: &'static str,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A step was not done.
    #[error("PostgreSQL would not {step}; the end of its log:\n{log}")]
    Refused {
        /// `init`, `start` or `stop`.
        step: String,
        /// The last lines of the logs.
        log: String,
    },
    /// The `sh` that supervises the server is gone.
    #[error("the supervisor of the PostgreSQL cluster is gone")]
    Supervisor,
    /// Only a private cluster is stopped and started.
    #[error("other tests share this PostgreSQL cluster: start one of your own to stop it")]
    Shared,
    /// SQL that failed.
    #[error("psql: {said}")]
    Sql {
        /// The server's message.
        said: String,
    },
}

/// A fresh, empty database in the cluster that all test processes of a build share, which the first call starts (about a
/// second); `None` after a loud skip where there is no PostgreSQL.
///
/// ```
/// # fn test() {
/// let Some(database) = monitor_testkit::postgres::database() else { return };
/// assert!(database.url().starts_with("postgres://"));
/// # }
/// ```
///
/// # Panics
/// Instead of skipping, where [`REQUIRE`](crate::require::REQUIRE) names `postgres`.
pub fn database() -> Option<TestDatabase> {
    in_shared(Cluster::database)
}

/// A fresh copy of a database that `prepare` has made ready, once a cluster; see [`Cluster::copy_of`]. Otherwise like
/// [`database()`].
///
/// # Panics
/// Instead of skipping, where [`REQUIRE`](crate::require::REQUIRE) names `postgres`.
pub fn copy_of(template: &str, prepare: impl FnOnce(&str)) -> Option<TestDatabase> {
    in_shared(|cluster| cluster.copy_of(template, prepare))
}

fn in_shared(create: impl FnOnce(&Cluster) -> Result<TestDatabase, PostgresError>) -> Option<TestDatabase> {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    // The error is kept as text: every test that wants a database says it.
    match SHARED.get_or_init(|| shared::cluster().map_err(|error| error.to_string())) {
        Ok(cluster) => or_skip(create(cluster)),
        Err(why) => {
            skip(WHAT, why);
            None
        }
    }
}

fn or_skip<T>(result: Result<T, PostgresError>) -> Option<T> {
    result.map_err(|error| skip(WHAT, &error.to_string())).ok()
}

/// What becomes of an error of the operating system.
fn failed_to(what: &'static str) -> impl Fn(io::Error) -> PostgresError {
    move |error| PostgresError::Io { what, error }
}
