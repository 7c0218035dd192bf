//! `alert`: excursions and events, from their opening to their end; `alert_group`: the events that are acknowledged together.

mod aging;
mod groups;
mod lifecycle;
mod mutes;
mod prune;
mod queries;
mod restated;
mod row;

pub use aging::{Aged, acknowledge_aged};
pub use groups::{acknowledge_events, acknowledged_with, group_events};
pub use lifecycle::{
    acknowledge, acknowledge_all, add_further_messages, escalate, is_escalated, lock, open, resolve,
    to_escalate,
};
pub use mutes::{mute_end, mute_for, unmute, unmute_end, with_muted_end};
pub use prune::prune;
pub use queries::{
    Filter, OpenAlerts, by_ids, get, lasting, muted_by, open_counts, open_keys, page, recent, unresolved_for,
};
pub use restated::{Restated, restated};
pub use row::{Alert, NewAlert};
