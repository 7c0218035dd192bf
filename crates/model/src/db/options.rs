//! How to open a database.

use std::fmt;
use std::time::Duration;

use crate::backend::Target;
use crate::error::DbError;

/// Connections for reads, unless the options say otherwise.
const POOL_SIZE: u32 = 8;

/// How long a statement may take, unless the options say otherwise.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to open a database. Its `Debug` shows no password.
#[derive(Clone)]
pub struct DbOptions {
    /// `sqlite:path/to/file.db`, `postgres://user:password@host/database` or `postgresql://…`.
    pub url: String,
    /// How many reads may run at once. Writes have a connection of their own.
    pub pool_size: u32,
    /// How long a statement may take; migrations may take half an hour. A database that does not answer for a quarter
    /// longer is given up, connection by connection, and connected to again.
    pub statement_timeout: Duration,
}

impl DbOptions {
    /// Eight reads at once, 10 s a statement.
    pub fn new(url: impl Into<String>) -> DbOptions {
        DbOptions {
            url: url.into(),
            pool_size: POOL_SIZE,
            statement_timeout: STATEMENT_TIMEOUT,
        }
    }

    /// The URL without its password; or what is wrong with it, where it is none.
    pub fn shown(&self) -> String {
        match self.target() {
            Ok(target) => target.shown(),
            Err(error) => error.to_string(),
        }
    }

    /// Whether the URL is one that this build can open; nothing is opened.
    ///
    /// # Errors
    /// [`DbError::BadUrl`], with what to write or do instead.
    pub fn check(&self) -> Result<(), DbError> {
        self.target().map(|_| ())
    }

    pub(crate) fn target(&self) -> Result<Target, DbError> {
        Target::parse(&self.url, std::env::var("PGSSLMODE").ok().as_deref())
    }
}

impl fmt::Debug for DbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbOptions")
            .field("url", &self.shown())
            .field("pool_size", &self.pool_size)
            .field("statement_timeout", &self.statement_timeout)
            .finish()
    }
}
