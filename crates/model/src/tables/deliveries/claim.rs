//! Claims: a delivery is one worker's until its lease is over.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

use super::due::is_due;
use super::row::Delivery;
use crate::backend::{Conn, load_unlocked};
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// Messages that a digest takes on at most; the rest goes in the next.
const MOST_IN_A_DIGEST: i64 = 200;

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
    /// How they are shared among the recipients of the lane.
    pub turns: &'a Turns,
}

/// How the places of a lane are shared among its recipients. By default each gets as many as there are, in turn.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// At most so many to one recipient.
    pub each: Option<usize>,
    /// To these recipients another number; 0 leaves one alone.
    pub to: HashMap<String, usize>,
    /// The recipient that was served last: those after it in the alphabet come first.
    pub after: Option<String>,
    /// What was enqueued within this time is claimed whosever turn it is, and beyond the limit: its time is over.
    pub overdue: Option<RangeInclusive<NaiveDateTime>>,
}

impl Turns {
    fn most(&self, recipient: &str) -> usize {
        let own = self.to.get(recipient).copied();
        own.or(self.each).unwrap_or(usize::MAX)
    }
}

/// That nothing earlier about the same alert (or incident) has yet to be sent to the same recipient: nobody is to read that it
/// is over before they read that it began. Messages of the same event do not wait for each other.
const IS_NEXT: &str = "(NOT EXISTS (SELECT 1 FROM delivery e WHERE e.finished_at IS NULL AND e.alert_id = delivery.alert_id \
     AND e.lane = delivery.lane AND e.recipient = delivery.recipient AND e.id < delivery.id AND e.event <> delivery.event) \
     AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.finished_at IS NULL AND e.incident_id = delivery.incident_id \
     AND e.lane = delivery.lane AND e.recipient = delivery.recipient AND e.id < delivery.id))";

/// What of a lane can be claimed, for one recipient.
macro_rules! claimable {
    ($claim:expr, $recipient:expr) => {
        delivery::table
            .filter(dsl::lane.eq($claim.lane))
            .filter(dsl::recipient.eq($recipient))
            .filter(is_due!($claim.now))
            .filter(dsl::id.ne_all($claim.in_flight))
            .filter(diesel::dsl::sql::<Bool>(IS_NEXT))
    };
}

/// Claims deliveries of a lane for a worker: those that are due, and those whose worker let its lease run out. Each then
/// counts one attempt more. Recipients take turns; of what waits for one recipient, and in each round of turns, the more urgent
/// goes first, and then the oldest `next_at`. What waits for an earlier word about the same alert is left. Run it in `Db::write`.
///
/// Two workers never get the same one: on SQLite there is one write transaction at a time, on PostgreSQL the rows are
/// locked, and those that another worker is claiming at that moment are skipped.
pub fn claim(c: &mut Conn, claim: &Claim<'_>) -> Result<Vec<Delivery>, DbError> {
    let limit = usize::try_from(claim.limit).unwrap_or_default();
    let mut queues: Vec<VecDeque<(i32, i64)>> = Vec::new();
    for recipient in in_turn(c, claim)? {
        let most = claim.turns.most(&recipient).min(limit);
        if most == 0 {
            continue;
        }
        let due = claimable!(claim, &recipient)
            .order((dsl::urgency.asc(), dsl::next_at.asc(), dsl::id.asc()))
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .select((dsl::urgency, dsl::id));
        let rows: Vec<(i32, i64)> = load_unlocked!(due, c)?;
        queues.push(rows.into());
    }
    let mut ids = Vec::new();
    while ids.len() < limit {
        queues.retain(|queue| !queue.is_empty());
        if queues.is_empty() {
            break;
        }
        let mut round: Vec<(i32, i64)> = queues.iter_mut().filter_map(VecDeque::pop_front).collect();
        // Stable: of equals, the one whose turn it is.
        round.sort_by_key(|(urgency, _)| *urgency);
        ids.extend(round.into_iter().map(|(_, id)| id).take(limit - ids.len()));
    }
    ids.extend(overdue(c, claim, &ids)?);
    take(c, claim, &ids, None)
}

/// What is claimed whosever turn it is.
fn overdue(c: &mut Conn, claim: &Claim<'_>, but: &[i64]) -> Result<Vec<i64>, DbError> {
    let Some(enqueued) = &claim.turns.overdue else {
        return Ok(Vec::new());
    };
    let due = delivery::table
        .filter(dsl::lane.eq(claim.lane))
        .filter(is_due!(claim.now))
        .filter(dsl::created_at.between(*enqueued.start(), *enqueued.end()))
        .filter(dsl::id.ne_all(claim.in_flight))
        .filter(dsl::id.ne_all(but))
        .order(dsl::id.asc())
        .limit(MOST_IN_A_DIGEST)
        .select(dsl::id);
    Ok(load_unlocked!(due, c)?)
}

/// Claims for a lane that sends digests: for each recipient, in turn, all that is due as one group, of which at most
/// `claim.limit` are given. A group is one message from then on: it gets a batch, by `name`, and what has one is claimed as that
/// same message again, whole or not at all.
///
/// Run it in `Db::write`. Of two workers one gets a group, as in [`claim`].
pub fn claim_groups(
    c: &mut Conn,
    claim: &Claim<'_>,
    name: impl Fn() -> String,
) -> Result<Vec<Vec<Delivery>>, DbError> {
    let limit = usize::try_from(claim.limit).unwrap_or_default();
    let mut claimed = Vec::new();
    for recipient in in_turn(c, claim)? {
        if claimed.len() >= limit {
            break;
        }
        if claim.turns.most(&recipient) == 0 {
            continue;
        }
        let due = claimable!(claim, &recipient)
            .order((dsl::next_at.asc(), dsl::id.asc()))
            .limit(MOST_IN_A_DIGEST)
            .select((dsl::id, dsl::batch));
        let rows: Vec<(i64, Option<String>)> = load_unlocked!(due, c)?;
        // Another message to the same recipient has to wait.
        let Some(batch) = rows.first().map(|(_, batch)| batch.clone()) else {
            continue;
        };
        let (batch, ids) = match batch {
            None => {
                let new = rows.into_iter().filter(|(_, batch)| batch.is_none());
                (name(), new.map(|(id, _)| id).collect())
            }
            Some(batch) => match whole(c, claim, &batch)? {
                Some(ids) => (batch, ids),
                None => continue,
            },
        };
        claimed.push(take(c, claim, &ids, Some(&batch))?);
    }
    Ok(claimed)
}

/// One recipient of a lane.
#[derive(QueryableByName)]
struct Recipient {
    #[diesel(sql_type = Nullable<Text>)]
    recipient: Option<String>,
}

/// Each step finds the next recipient in the index: as many steps as there are recipients, whatever waits for them.
const RECIPIENTS: &str = "WITH RECURSIVE r (recipient) AS (\
     SELECT min(recipient) FROM delivery WHERE lane = $1 AND finished_at IS NULL \
     UNION ALL \
     SELECT (SELECT min(d.recipient) FROM delivery d WHERE d.lane = $2 AND d.finished_at IS NULL AND d.recipient > r.recipient) \
     FROM r WHERE r.recipient IS NOT NULL) \
     SELECT recipient FROM r WHERE recipient IS NOT NULL";

/// Those for whom something of the lane waits, beginning with the one whose turn it is.
fn in_turn(c: &mut Conn, claim: &Claim<'_>) -> Result<Vec<String>, DbError> {
    let found: Vec<Recipient> = diesel::sql_query(RECIPIENTS)
        .bind::<Text, _>(claim.lane)
        .bind::<Text, _>(claim.lane)
        .load(c)?;
    let mut recipients: Vec<String> = found.into_iter().filter_map(|found| found.recipient).collect();
    // The databases sort by different rules.
    recipients.sort_unstable();
    let served = recipients.partition_point(|recipient| Some(recipient) <= claim.turns.after.as_ref());
    recipients.rotate_left(served);
    Ok(recipients)
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
        .order((dsl::next_at.asc(), dsl::id.asc()))
        .select(dsl::id);
    let ids: Vec<i64> = load_unlocked!(due, c)?;
    Ok((i64::try_from(ids.len()) == Ok(count)).then_some(ids))
}

/// Makes these rows, which the transaction has locked, the worker's; gives them in this order.
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
    let order: HashMap<i64, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    claimed.sort_by_key(|delivery| order.get(&delivery.id).copied());
    Ok(claimed)
}
