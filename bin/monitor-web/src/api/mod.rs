//! The structs that the API speaks: not database rows, so that either can change alone. Nothing here knows HTTP.

mod alert;
mod delivery;
mod evaluation;
mod metric;
mod number;
mod record;
mod silence;
mod system;
mod worker;

pub use alert::{AlertDetail, AlertView};
pub use delivery::DeliveryRow;
pub use evaluation::EvaluationView;
pub use metric::{MetricStatus, Status};
pub use number::Number;
pub use record::{DeliveryState, DeliveryView, RecordView};
pub use silence::{SilenceState, SilenceView};
pub use system::{IncidentView, Outbox, ProcessView, System};
pub use worker::{WorkerState, WorkerStatus};
