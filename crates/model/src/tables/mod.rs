//! The tables: one module each, with its rows and its queries as functions of a connection. The caller owns the transaction.
//! No function here begins one, reads a clock, or knows what a rule or a channel is.

pub mod alerts;
pub mod audit;
pub mod clock_spans;
mod column;
pub mod deliveries;
mod enums;
pub mod evaluations;
pub mod imported;
pub mod incidents;
pub mod metric_items;
pub mod metric_keys;
mod mute;
pub mod pushed_values;
pub mod realtime;
pub mod records;
pub mod reloads;
pub mod samples;
pub mod schema;
pub mod silences;
pub mod states;
pub mod stops;
mod text;
pub mod workers;

pub use enums::{AlertKind, DeliveryStatus, IncidentKind, ProcessRole};
pub use mute::{Mute, UnknownMute};

/// How many ids a query contains at most: below every limit on bound values (SQLite 32,766, PostgreSQL 65,535).
const MAX_BINDS: usize = 1_000;
