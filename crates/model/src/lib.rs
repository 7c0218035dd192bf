#![doc = include_str!("../README.md")]

mod backend;
mod db;
mod error;
mod migrations;
mod presence;
mod running_time;
mod tables;
mod time;
mod writer;

pub use backend::{Backend, Conn};
pub use db::{Db, DbOptions, Inspected, LogFile, Probed, inspect, probe};
pub use error::DbError;
pub use presence::{Presence, host};
pub use running_time::ClockHistory;
pub use tables::alerts::{Alert, NewAlert};
pub use tables::audit::{Audit, NewAudit};
pub use tables::clock_spans::ClockSpan;
pub use tables::deliveries::{Delivery, NewDelivery};
pub use tables::evaluations::Evaluation;
pub use tables::imported::ImportedRecord;
pub use tables::incidents::{Incident, NewIncident};
pub use tables::metric_items::{ItemChange, MetricItem};
pub use tables::pushed_values::{NewPushedValue, PushedValue, Received};
pub use tables::realtime::Realtime;
pub use tables::records::{NewRecord, Record};
pub use tables::reloads::ReloadAnswer;
pub use tables::samples::{NewSample, Sample, Summary};
pub use tables::silences::{NewSilence, Silence};
pub use tables::states::{MetricPhase, MetricState};
pub use tables::workers::WorkerRow;
pub use tables::{
    AlertKind, DeliveryStatus, IncidentKind, Mute, ProcessRole, UnknownMute, alerts, audit, clock_spans,
    deliveries, evaluations, imported, incidents, metric_items, metric_keys, pushed_values, realtime,
    records, reloads, samples, schema, silences, states, stops, workers,
};
pub use time::{stored, utc};
pub use writer::Stats;
