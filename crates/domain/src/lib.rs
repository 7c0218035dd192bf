#![doc = include_str!("../README.md")]

mod clock;
mod finding;
mod language;
mod metric_key;
mod severity;
mod word;

pub use clock::{Clock, Elapsed, SharedClock, SystemClock, timeout};
pub use finding::Finding;
pub use language::Language;
pub use metric_key::{InvalidKey, MetricKey};
pub use severity::Severity;
pub use word::UnknownWord;
