#![doc = include_str!("../README.md")]

mod flapping;
mod judge;
mod maintenance;
mod reason;
mod rule;
mod sanity;
mod settings;
mod state;
mod words;

pub use flapping::Flapping;
pub use judge::{Judgement, Observed, Reading, Transition, judge};
pub use maintenance::{Day, Maintenance, MaintenanceSettings};
pub use reason::time_of_day;
pub use rule::{Baseline, Condition, Event, EventKind, Initial, Level, Rule};
pub use settings::{Escalate, RuleError, RuleSettings};
pub use state::{Phase, State, UnknownPhase};
pub use words::span;
