//! The outbox worked off: what is due is claimed, attempted outside of any transaction, and settled.
//!
//! A claim is a lease. A worker that dies leaves its claims to whoever comes after the lease; the attempt number fences it out
//! should it come back. So a delivery is made at least once, and a repeat is the same message. The queue knows its work by the
//! trait `Job` alone, and never knows what an alert is.

mod attempt;
mod breaker;
mod claims;
mod dispatcher;
mod fallback;
mod history;
mod lane;
mod leases;
mod orphaned;
mod rate_limit;
mod recipients;
mod send;
mod settle;
mod wall_steps;

pub(crate) use dispatcher::Dispatcher;
pub(crate) use leases::{make_due, make_due_beyond_pauses, reap_dead_workers};
pub(crate) use send::Send;
