//! Removing what is old: samples, items of lists that are gone, alerts that are over with their records and deliveries, incidents, the audit log. What is open, or
//! has yet to be sent, stays, however old it is. In small steps, of each kind in turn.

use std::ops::Range;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::{
    ClockHistory, Conn, DbError, alerts, audit, deliveries, incidents, metric_items, records, samples,
};

use super::round::Round;
use crate::context::Context;

/// Rows removed in one transaction: short enough that no reading waits for it.
const BATCH: i64 = 2_000;
/// The same for what has many other rows.
const FEW: i64 = 100;

/// Removes up to so many rows that are stamped so, and gives how many.
type Remove = fn(&mut Conn, &Range<NaiveDateTime>, i64) -> Result<usize, DbError>;

/// Rows of one kind that are old.
struct Old {
    stamped: Range<NaiveDateTime>,
    limit: i64,
    remove: Remove,
}

/// Removes what is old, until the round is over; whether nothing is left to do.
pub(super) async fn run(context: &Context, history: &ClockHistory, round: &Round) -> Result<bool, DbError> {
    let mut old = all(context, history);
    while !old.is_empty() {
        let mut left = Vec::new();
        for old in old {
            if round.is_over(context) {
                return Ok(false);
            }
            let (stamped, limit, remove) = (old.stamped.clone(), old.limit, old.remove);
            let batch = move |conn: &mut Conn| remove(conn, &stamped, limit);
            let removed = context.db.write(batch).await?;
            if i64::try_from(removed).is_ok_and(|removed| removed >= limit) {
                left.push(old);
            }
        }
        old = left;
    }
    Ok(true)
}

fn all(context: &Context, history: &ClockHistory) -> Vec<Old> {
    let options = &context.options;
    let kinds: [(Duration, i64, Remove); 7] = [
        (options.keep_samples, BATCH, samples::prune),
        (options.keep_samples, FEW, metric_items::prune),
        (options.keep_alerts, FEW, alerts::prune),
        (options.keep_alerts, BATCH, records::prune),
        (options.keep_alerts, FEW, incidents::prune),
        (options.keep_alerts, BATCH, deliveries::prune),
        (options.keep_audit, BATCH, audit::prune),
    ];
    let of = |(keep, limit, remove): (Duration, i64, Remove)| {
        let stamped = history.older_than(keep).into_iter();
        stamped.map(move |stamped| Old {
            stamped,
            limit,
            remove,
        })
    };
    kinds.into_iter().flat_map(of).collect()
}
