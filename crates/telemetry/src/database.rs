//! What a process wrote to the database.

use std::fmt;

use monitor_model::Db;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;

/// Series of [`Db::stats`]: commits, writes and failures of this process since its start.
pub struct Database(Db);

impl Database {
    /// The series of this handle and its clones.
    pub fn new(db: Db) -> Database {
        Database(db)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.0.stats()).finish()
    }
}

impl Collector for Database {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.0.stats();
        for (name, help, value) in [
            (
                "database_commits",
                "Transactions committed by this process.",
                stats.commits,
            ),
            (
                "database_writes",
                "Changes committed by this process; several may share a transaction.",
                stats.writes,
            ),
            ("database_write_failures", "Changes that failed.", stats.failures),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}
