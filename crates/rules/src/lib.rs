#![doc = include_str!("../README.md")]

// So that the file of a kind is the same text in here and in another team's program.
extern crate self as monitor_rules;

mod common;
mod condition;
mod escalation;
mod flapping;
mod history;
mod hours;
mod judge;
mod maintenance;
mod routes;
mod rule;
mod settings;
mod situation;
mod state;
mod text;

pub use common::RuleCommon;
pub use condition::{
    AboveSettings, Baseline, BelowSettings, Change, ChangeSettings, Condition, ConditionSettings, Context,
    Direction, Expression, FallSettings, Initial, KINDS, Level, Lifetime, Limits, Memory, NoData,
    NoDataSettings, OutsideSettings, Past, Range, Reference, RiseSettings, Signal, Step, Timing,
    WhenSettings,
};
pub use escalation::{Escalate, Escalation};
pub use flapping::Flapping;
pub use history::{Answer, History, Lack, Need, Window};
pub use hours::{Day, shown_in, when_shown};
pub use judge::{Evaluation, Observed, Reading, Transition, judge, judge_with};
pub use maintenance::{Maintenance, MaintenanceSettings};
pub use routes::{Because, Considered, Occasion, Route, RouteSettings, Routed, Routes, Subject};
pub use rule::Rule;
pub use settings::{RuleSettings, condition_named, condition_of, foreign_keys};
pub use situation::{Progress, Situation, When};
pub use state::{Phase, State, UnknownPhase};
pub use text::{Number, nothing_sent, span, time_of_day};
