//! What the engine did and how it is, as series for `/metrics`. What is not known is left out, never 0. No room is known here.

mod counters;
mod lane_meter;
mod meter;
mod metric_gauges;
mod worker_gauges;

pub use counters::Counters;
pub(crate) use lane_meter::LaneMeter;
pub(crate) use meter::Meter;
pub(crate) use worker_gauges::{Outbox, OutboxSnapshot, Sources, WorkerGauges};
