#![doc = include_str!("../README.md")]

mod engine;
pub mod fault;
mod metric;
mod metrics;
mod window;

pub use engine::{Channel, Counts, Engine, EngineError, Options, Parts};
pub use metric::{Metric, MetricConfig, sample};
pub use metrics::{CODED, Make, metric};
