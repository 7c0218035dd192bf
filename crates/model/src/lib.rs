#![doc = include_str!("../README.md")]

pub mod alerts;
pub mod audit;
mod changes;
mod conn;
mod connect;
mod db;
pub mod deliveries;
mod enums;
mod error;
pub mod evaluations;
pub mod incidents;
mod inspect;
mod job;
mod migrate;
mod mute;
mod pool;
mod presence;
pub mod realtime;
pub mod records;
mod rows;
pub mod samples;
pub mod schema;
pub mod silences;
pub mod states;
mod stats;
mod text;
mod time;
mod transaction;
mod url;
mod words;
pub mod workers;
mod writer;

pub use conn::Conn;
pub use db::{Backend, Db, DbOptions};
pub use enums::{AlertKind, DeliveryStatus, IncidentKind, ProcessRole};
pub use error::DbError;
pub use inspect::{Inspected, inspect};
pub use mute::{Mute, UnknownMute};
pub use presence::{Presence, host};
pub use rows::{
    Alert, Audit, Delivery, Evaluation, Incident, MetricState, NewAlert, NewAudit, NewDelivery, NewIncident,
    NewRecord, NewSample, NewSilence, Realtime, Record, Sample, Silence, WorkerRow,
};
pub use stats::Stats;
pub use time::{stored, utc};

/// How many ids a query asks for at once: below every limit on bound values (SQLite 32,766, PostgreSQL 65,535).
const MAX_BINDS: usize = 1_000;
