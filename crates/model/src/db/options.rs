//! How to open a database.

use std::fmt;

use crate::backend::Target;
use crate::error::DbError;

/// Connections for reads, unless the options say otherwise.
const POOL_SIZE: u32 = 8;

/// How to open a database. Its `Debug` shows no password.
#[derive(Clone)]
pub struct DbOptions {
    /// `sqlite:path/to/file.db`, `postgres://user:password@host/database` or `postgresql://…`.
    pub url: String,
    /// How many reads may run at once. Writes have a connection of their own.
    pub pool_size: u32,
}

impl DbOptions {
    /// Eight reads at once.
    pub fn new(url: impl Into<String>) -> DbOptions {
        DbOptions {
            url: url.into(),
            pool_size: POOL_SIZE,
        }
    }

    pub(crate) fn target(&self) -> Result<Target, DbError> {
        Target::parse(&self.url, std::env::var("PGSSLMODE").ok().as_deref())
    }
}

impl fmt::Debug for DbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self.target() {
            Ok(target) => target.shown(),
            Err(error) => error.to_string(),
        };
        f.debug_struct("DbOptions")
            .field("url", &url)
            .field("pool_size", &self.pool_size)
            .finish()
    }
}
