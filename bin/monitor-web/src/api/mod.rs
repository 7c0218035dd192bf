//! The structs that the API speaks: not database rows, so that either can change alone.

mod alert;
mod decision;
mod delivery;
mod metric;
mod number;
mod record;
mod silence;
mod system;
mod worker;

pub use alert::{AlertDetail, AlertView};
pub use decision::DecisionView;
pub use delivery::DeliveryRow;
pub use metric::{MetricStatus, Status};
pub use number::Number;
pub use record::{DeliveryState, DeliveryView, RecordView};
pub use silence::{SilenceState, SilenceView};
pub use system::{Outbox, ProcessView, System, TroubleView};
pub use worker::{WorkerState, WorkerStatus};
