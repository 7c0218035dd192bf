//! A database of a test's own.

use super::{Cluster, PostgresError};

/// A fresh, empty database; dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    cluster: Cluster,
    name: String,
    url: String,
}

impl TestDatabase {
    pub(super) fn new(cluster: Cluster, name: String, url: String) -> TestDatabase {
        TestDatabase { cluster, name, url }
    }

    /// `postgres://…` with everything in it, over TCP as a plain (not superuser) owner of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster it is in. The one behind [`database()`](super::database) is shared by all test processes and
    /// cannot be stopped.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Runs SQL here as superuser; see [`Cluster::sql`].
    ///
    /// # Errors
    /// With the server's own message.
    pub fn sql(&self, sql: &str) -> Result<String, PostgresError> {
        self.cluster.sql(&self.name, sql)
    }

    /// Cuts all connections to this database, in mid-transaction if need be; says how many there were.
    ///
    /// # Errors
    /// The server is stopped.
    pub fn cut_connections(&self) -> Result<usize, PostgresError> {
        let cut = self.cluster.sql(
            "postgres",
            &format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}'",
                self.name
            ),
        )?;
        cut.parse().map_err(|_| PostgresError::Sql {
            said: format!("a count was expected, not {cut:?}"),
        })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        self.cluster.drop_database(&self.name);
    }
}
