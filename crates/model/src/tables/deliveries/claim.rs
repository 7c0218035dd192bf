//! Claims: a delivery is one worker's until its lease is over.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::due::is_due;
use super::row::Delivery;
use crate::backend::{Conn, load_unlocked};
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// Messages that one claim of a digest takes on at most; the rest goes in the next.
const MOST_IN_A_CLAIM: i64 = 200;

/// Which deliveries a worker wants to claim.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The lane to claim from.
    pub lane: &'a str,
    /// The worker that claims.
    pub worker: &'a str,
    /// The time.
    pub now: NaiveDateTime,
    /// Until when the claims are the worker's, unless it renews them.
    pub lease_until: NaiveDateTime,
    /// At most so many.
    pub limit: i64,
    /// What the worker is sending just now. It is not claimed again, even if its lease seems to be over because the clock was stepped.
    pub in_flight: &'a [i64],
}

/// Claims deliveries of a lane for a worker: those that are due, and those whose worker let its lease run out. Each then
/// counts one attempt more. Oldest `next_at` first. Run it in `Db::write`.
///
/// Two workers never get the same one: on SQLite there is one write transaction at a time, on PostgreSQL the rows are
/// locked, and those that another worker is claiming at that moment are skipped.
pub fn claim(c: &mut Conn, claim: &Claim<'_>) -> Result<Vec<Delivery>, DbError> {
    let due = delivery::table
        .filter(dsl::lane.eq(claim.lane))
        .filter(is_due!(claim.now))
        .filter(dsl::id.ne_all(claim.in_flight))
        .order((dsl::next_at.asc(), dsl::id.asc()))
        .limit(claim.limit)
        .select(dsl::id);
    let ids: Vec<i64> = load_unlocked!(due, c)?;
    take(c, claim, &ids, None)
}

/// Claims for a lane that sends digests: for each recipient, oldest first, all that is due as one group, of which at most
/// `claim.limit` are given and none to a recipient in `not_to`. A group is one message from then on: it gets a batch, by
/// `name`, and what has one is claimed as that same message again, whole or not at all.
///
/// Run it in `Db::write`. Of two workers one gets a group, as in [`claim`].
pub fn claim_groups(
    c: &mut Conn,
    claim: &Claim<'_>,
    not_to: &[String],
    name: impl Fn() -> String,
) -> Result<Vec<Vec<Delivery>>, DbError> {
    let due = delivery::table
        .filter(dsl::lane.eq(claim.lane))
        .filter(is_due!(claim.now))
        .filter(dsl::id.ne_all(claim.in_flight))
        .filter(dsl::recipient.ne_all(not_to))
        .order((dsl::next_at.asc(), dsl::id.asc()))
        .limit(MOST_IN_A_CLAIM)
        .select((dsl::id, dsl::recipient, dsl::batch));
    let rows: Vec<(i64, String, Option<String>)> = load_unlocked!(due, c)?;
    let mut groups: Vec<(String, Option<String>, Vec<i64>)> = Vec::new();
    for (id, recipient, batch) in rows {
        match groups.iter_mut().find(|group| group.0 == recipient) {
            // Another message to the same recipient has to wait.
            Some(group) if group.1 == batch => group.2.push(id),
            Some(_) => {}
            None => groups.push((recipient, batch, vec![id])),
        }
    }
    groups.truncate(usize::try_from(claim.limit).unwrap_or_default());
    let mut claimed = Vec::with_capacity(groups.len());
    for (_, batch, ids) in groups {
        let (batch, ids) = match batch {
            None => (name(), ids),
            Some(batch) => match whole(c, claim, &batch)? {
                Some(ids) => (batch, ids),
                None => continue,
            },
        };
        claimed.push(take(c, claim, &ids, Some(&batch))?);
    }
    Ok(claimed)
}

/// All that is left of a batch, locked; `None` where another worker has some of it.
fn whole(c: &mut Conn, claim: &Claim<'_>, batch: &str) -> Result<Option<Vec<i64>>, DbError> {
    let left = delivery::table
        .filter(dsl::batch.eq(batch))
        .filter(dsl::finished_at.is_null());
    let count: i64 = left.count().get_result(c)?;
    let due = delivery::table
        .filter(dsl::batch.eq(batch))
        .filter(is_due!(claim.now))
        .filter(dsl::id.ne_all(claim.in_flight))
        .select(dsl::id);
    let ids: Vec<i64> = load_unlocked!(due, c)?;
    Ok((i64::try_from(ids.len()) == Ok(count)).then_some(ids))
}

/// Makes these rows, which the transaction has locked, the worker's; gives them oldest first.
fn take(c: &mut Conn, claim: &Claim<'_>, ids: &[i64], batch: Option<&str>) -> Result<Vec<Delivery>, DbError> {
    let mut claimed: Vec<Delivery> = Vec::with_capacity(ids.len());
    for some in ids.chunks(MAX_BINDS) {
        let rows: Vec<Delivery> = diesel::update(delivery::table.filter(dsl::id.eq_any(some)))
            .set((
                dsl::status.eq(DeliveryStatus::Sending),
                dsl::attempt.eq(dsl::attempt + 1),
                dsl::worker.eq(Some(claim.worker)),
                dsl::lease_until.eq(Some(claim.lease_until)),
                dsl::batch.eq(batch),
            ))
            .returning(delivery::all_columns)
            .get_results(c)?;
        claimed.extend(rows);
    }
    // RETURNING promises no order.
    claimed.sort_by_key(|d| (d.next_at, d.id));
    Ok(claimed)
}
