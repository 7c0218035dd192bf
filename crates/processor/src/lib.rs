#![doc = include_str!("../README.md")]

mod engine;
pub mod fault;
mod metric;
mod metrics;
mod window;

pub use engine::{Channel, Counts, Engine, EngineError, Options, Parts, Pulse};
pub use metric::{MAX_MESSAGES, Metric, MetricConfig, explain, explains, sample, system};
pub use metrics::{CODED, Make, metric};
