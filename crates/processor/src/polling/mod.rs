//! Reads every metric on time, evaluates the reading, and hands it to `alerts` to be stored.
//!
//! A failure is a reading too. This room decides nothing about alerts and notifies nobody.

mod cycle;
mod first_start;
mod groups;
mod metric_state;
mod permits;
mod scheduler;
mod unreadable;

use std::sync::Arc;

pub(crate) use metric_state::MetricState;
pub(crate) use unreadable::Unreadable;

use crate::context::Context;
use crate::incidents::Outages;

/// What every cycle uses.
pub(crate) struct Polling {
    pub(crate) context: Arc<Context>,
    /// Which systems can be read.
    pub(crate) outages: Arc<Outages>,
    /// What is logged of those that cannot.
    pub(crate) unreadable: Unreadable,
    /// In the order of the config.
    pub(crate) metrics: Vec<Arc<MetricState>>,
}
