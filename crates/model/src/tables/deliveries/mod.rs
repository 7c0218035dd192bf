//! `delivery`: the outbox. Claimed with a lease, sent outside of any transaction, settled with the attempt as fencing token.

mod claim;
mod due;
mod enqueue;
mod leases;
mod prune;
mod queries;
mod recipients;
mod row;
mod settle;
mod statistics;

pub use claim::{Claim, Turns, claim, claim_groups};
pub use due::{due, make_due, make_due_again, make_due_of_before, next_due_by_lane};
pub use enqueue::{enqueue, is_unfinished};
pub use leases::{holders, reclaim, release_orphaned, renew};
pub use prune::prune;
pub(super) use prune::{remove_of_alerts, remove_of_incidents, remove_of_records};
pub use queries::{Filter, for_records, get, page, recent};
pub use recipients::{
    Address, notified_of_alert, notified_of_incident, recently_notified, was_sent_to_others,
};
pub use row::{Delivery, NewDelivery};
pub use settle::{give_up_orphaned, mark_final, mark_orphaned, mark_retry, mark_sent, release, retry};
pub use statistics::{Passage, Unfinished, passage, undelivered_by_lane, unfinished, unfinished_by_lane};
