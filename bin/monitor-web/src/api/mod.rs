//! The structs that the API speaks: not database rows, so that either can change alone.

mod metric;
mod number;
mod record;
mod worker;

pub use metric::{MetricStatus, Status};
pub use number::Number;
pub use record::{DeliveryState, DeliveryView, RecordView};
pub use worker::{WorkerState, WorkerStatus};
