#![doc = include_str!("../README.md")]

// So that the file of a metric is the same text in here and in another team's program.
extern crate self as monitor_processor;

mod alerts;
mod context;
mod delivery;
mod engine;
pub mod fault;
mod incidents;
mod metric;
mod metric_list;
mod metrics;
mod outbox;
mod polling;
mod telemetry;
mod upkeep;

pub use context::{Channel, DeadMansSwitch, Health, Options};
pub use engine::{Engine, EngineError, Parts, Reloader, Setup};
pub use metric::{MAX_MESSAGES, Metric, MetricConfig, explain, explains, sample, system};
pub use metric_list::MetricList;
pub use metrics::{CodedMetric, METRICS, Make, metric};
pub use polling::{HistoryQuery, history};
pub use telemetry::Counters;
