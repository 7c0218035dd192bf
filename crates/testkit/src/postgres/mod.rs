//! A private PostgreSQL for tests: one cluster a process, a fresh database a test.

mod cluster;
mod database;
mod programs;

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
    /// The `sh` that looks after the server is gone.
    #[error("the supervisor of the PostgreSQL cluster is gone")]
    Supervisor,
    /// SQL that failed.
    #[error("psql: {said}")]
    Sql {
        /// The server's words.
        said: String,
    },
}

/// A fresh, empty database in this process's own cluster, which the first call starts (about a second); `None` after a loud
/// skip where there is no PostgreSQL.
///
/// ```
/// # fn test() {
/// let Some(database) = monitor_testkit::postgres::database() else { return };
/// assert!(database.url().starts_with("postgres://"));
/// # }
/// ```
///
/// # Panics
/// Instead of skipping, where [`REQUIRE`](crate::require::REQUIRE) asks for `postgres`.
pub fn database() -> Option<TestDatabase> {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    // The error is kept as text: every test that wants a database tells it.
    match SHARED.get_or_init(|| Cluster::try_start().map_err(|error| error.to_string())) {
        Ok(cluster) => or_skip(cluster.database()),
        Err(why) => {
            skip(WHAT, why);
            None
        }
    }
}

fn or_skip<T>(result: Result<T, PostgresError>) -> Option<T> {
    result.map_err(|error| skip(WHAT, &error.to_string())).ok()
}
