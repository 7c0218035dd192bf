//! `delivery`: the outbox. Claimed with a lease, sent outside any transaction, marked with the attempt as fencing.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::enums::DeliveryStatus;
use crate::error::DbError;
use crate::rows::{Delivery, NewDelivery};
use crate::schema::delivery::{self, dsl};
use crate::text::clean;

/// Rows an INSERT: 11 values each stay below every limit on bound values (SQLite 32,766, PostgreSQL 65,535).
const ROWS_AN_INSERT: usize = 500;
/// Messages that one claim of a digest takes on at most; the rest goes in the next.
const MOST_IN_A_CLAIM: i64 = 200;

/// What may be claimed at a time: pending and due, or sending with its lease over. It names `finished_at IS NULL`
/// because the indexes are over those rows only.
macro_rules! is_due {
    ($now:expr) => {
        dsl::finished_at.is_null().and(dsl::next_at.le($now)).and(
            dsl::status.eq(DeliveryStatus::Pending).or(dsl::status
                .eq(DeliveryStatus::Sending)
                .and(dsl::lease_until.le(Some($now)))),
        )
    };
}

/// A wish to claim.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The lane to claim from.
    pub lane: &'a str,
    /// Who claims.
    pub worker: &'a str,
    /// The time.
    pub now: NaiveDateTime,
    /// Until when the claims are the worker's, unless it renews them.
    pub lease_until: NaiveDateTime,
    /// At most so many.
    pub limit: i64,
    /// What the worker is sending just now. It is not claimed again, even if a stepped clock makes its lease look over.
    pub in_flight: &'a [i64],
}

/// Puts deliveries into the outbox; those whose `dedupe_key` is there already are left out. Says how many are new.
pub fn enqueue(c: &mut Conn, new: &[NewDelivery]) -> Result<usize, DbError> {
    let mut added = 0;
    for some in new.chunks(ROWS_AN_INSERT) {
        let rows: Vec<_> = some
            .iter()
            .map(|d| {
                (
                    dsl::alert_id.eq(d.alert_id),
                    dsl::record_id.eq(d.record_id),
                    dsl::incident_id.eq(d.incident_id),
                    dsl::lane.eq(clean(&d.lane)),
                    dsl::event.eq(clean(&d.event)),
                    dsl::recipient.eq(clean(&d.recipient)),
                    dsl::dedupe_key.eq(clean(&d.dedupe_key)),
                    dsl::message_id.eq(clean(&d.message_id)),
                    dsl::payload.eq(clean(&d.payload)),
                    dsl::next_at.eq(d.next_at),
                    dsl::created_at.eq(d.created_at),
                )
            })
            .collect();
        added += on_each!(c, |c| diesel::insert_into(delivery::table)
            .values(&rows)
            .on_conflict(dsl::dedupe_key)
            .do_nothing()
            .execute(c))?;
    }
    Ok(added)
}

/// Claims deliveries of a lane for a worker: those that are due, and those whose worker let its lease run out. Each has one attempt more. Oldest `next_at` first. Run it in `Db::write`.
///
/// Two workers never get the same one: on SQLite there is one write transaction at a time, on PostgreSQL the rows are
/// locked, and those that another worker is claiming just then are skipped.
pub fn claim(c: &mut Conn, claim: &Claim<'_>) -> Result<Vec<Delivery>, DbError> {
    let due = delivery::table
        .filter(dsl::lane.eq(claim.lane))
        .filter(is_due!(claim.now))
        .filter(dsl::id.ne_all(claim.in_flight))
        .order((dsl::next_at.asc(), dsl::id.asc()))
        .limit(claim.limit)
        .select(dsl::id);
    let ids: Vec<i64> = match c {
        Conn::Postgres(c) => due.for_update().skip_locked().load(c)?,
        Conn::Sqlite(c) => due.load(c)?,
    };
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
    let rows: Vec<(i64, String, Option<String>)> = match c {
        Conn::Postgres(c) => due.for_update().skip_locked().load(c)?,
        Conn::Sqlite(c) => due.load(c)?,
    };
    let mut groups: Vec<(String, Option<String>, Vec<i64>)> = Vec::new();
    for (id, recipient, batch) in rows {
        match groups.iter_mut().find(|group| group.0 == recipient) {
            // Another message to the same recipient waits its turn.
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

/// All that is left of a batch, locked; `None` where some of it is another's just now.
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
    let ids: Vec<i64> = match c {
        Conn::Postgres(c) => due.for_update().skip_locked().load(c)?,
        Conn::Sqlite(c) => due.load(c)?,
    };
    Ok((i64::try_from(ids.len()) == Ok(count)).then_some(ids))
}

/// The recipients of a lane to whom something was sent after `since` and until `now`, each with when that was last, and
/// those to whom something is being sent, with no time.
pub fn recently_notified(
    c: &mut Conn,
    lane: &str,
    since: NaiveDateTime,
    now: NaiveDateTime,
) -> Result<Vec<(String, Option<NaiveDateTime>)>, DbError> {
    let sent: Vec<(String, Option<NaiveDateTime>)> = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.gt(Some(since)))
        // A clock that was stepped back has sent in the future: that holds up nobody.
        .filter(dsl::finished_at.le(Some(now)))
        .filter(dsl::status.eq(DeliveryStatus::Sent))
        .group_by(dsl::recipient)
        .select((dsl::recipient, diesel::dsl::max(dsl::finished_at)))
        .load(c)?;
    let sending: Vec<String> = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::lease_until.gt(Some(now)))
        .select(dsl::recipient)
        .distinct()
        .load(c)?;
    Ok(sent
        .into_iter()
        .chain(sending.into_iter().map(|to| (to, None)))
        .collect())
}

/// Makes these rows, which the transaction has locked, the worker's; gives them oldest first.
fn take(c: &mut Conn, claim: &Claim<'_>, ids: &[i64], batch: Option<&str>) -> Result<Vec<Delivery>, DbError> {
    let mut claimed: Vec<Delivery> = Vec::with_capacity(ids.len());
    for some in ids.chunks(crate::MAX_BINDS) {
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

/// How many deliveries could be claimed now, by lane.
pub fn due(c: &mut Conn, now: NaiveDateTime) -> Result<Vec<(String, i64)>, DbError> {
    Ok(delivery::table
        .filter(is_due!(now))
        .group_by(dsl::lane)
        .select((dsl::lane, count_star()))
        .order(dsl::lane.asc())
        .load(c)?)
}

/// When each lane's next delivery can be claimed, in the past where one can be already. Lanes whose deliveries are
/// all finished are left out.
pub fn next_due_by_lane(c: &mut Conn) -> Result<BTreeMap<String, NaiveDateTime>, DbError> {
    let unfinished = delivery::table
        .filter(dsl::finished_at.is_null())
        .group_by(dsl::lane);
    let pending: Vec<(String, Option<NaiveDateTime>)> = unfinished
        .filter(dsl::status.eq(DeliveryStatus::Pending))
        .select((dsl::lane, diesel::dsl::min(dsl::next_at)))
        .load(c)?;
    let leased: Vec<(String, Option<NaiveDateTime>)> = unfinished
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .select((dsl::lane, diesel::dsl::min(dsl::lease_until)))
        .load(c)?;
    let mut next = BTreeMap::new();
    for (lane, at) in pending.into_iter().chain(leased) {
        if let Some(at) = at {
            next.entry(lane)
                .and_modify(|first: &mut NaiveDateTime| *first = at.min(*first))
                .or_insert(at);
        }
    }
    Ok(next)
}

/// What one lane has left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The lane.
    pub lane: String,
    /// How many deliveries are neither done nor given up.
    pub count: i64,
    /// When the oldest of them was made.
    pub oldest: NaiveDateTime,
}

/// How a lane gets through, as far as its rows tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// How many deliveries are neither done nor given up.
    pub waiting: i64,
    /// To how many recipients something waits that was tried without success.
    pub failing: i64,
    /// When something was last sent.
    pub last_sent: Option<NaiveDateTime>,
}

/// How the lane gets through.
pub fn passage(c: &mut Conn, lane: &str) -> Result<Passage, DbError> {
    let left = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.is_null());
    let failing: Vec<String> = left
        .filter(dsl::last_error.is_not_null())
        .select(dsl::recipient)
        .distinct()
        .load(c)?;
    let last = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.is_not_null())
        .filter(dsl::status.eq(DeliveryStatus::Sent))
        .order(dsl::finished_at.desc())
        .select(dsl::finished_at);
    Ok(Passage {
        waiting: left.count().get_result(c)?,
        failing: i64::try_from(failing.len()).unwrap_or(i64::MAX),
        last_sent: last.first::<Option<NaiveDateTime>>(c).optional()?.flatten(),
    })
}

/// What each lane has left to do, by name. Lanes whose deliveries are all finished are left out.
pub fn unfinished_by_lane(c: &mut Conn) -> Result<Vec<Unfinished>, DbError> {
    let rows: Vec<(String, i64, Option<NaiveDateTime>)> = delivery::table
        .filter(dsl::finished_at.is_null())
        .group_by(dsl::lane)
        .select((dsl::lane, count_star(), diesel::dsl::min(dsl::created_at)))
        .order(dsl::lane.asc())
        .load(c)?;
    let some = |(lane, count, oldest): (String, i64, Option<NaiveDateTime>)| {
        oldest.map(|oldest| Unfinished { lane, count, oldest })
    };
    Ok(rows.into_iter().filter_map(some).collect())
}

/// What a claim still holds: the row is being sent, by this very attempt.
macro_rules! held {
    ($id:expr, $attempt:expr) => {
        delivery::table
            .find($id)
            .filter(dsl::status.eq(DeliveryStatus::Sending))
            .filter(dsl::attempt.eq($attempt))
    };
}

/// Marks a delivery as sent; `false`: fenced out, somebody else claimed it since.
pub fn mark_sent(c: &mut Conn, id: i64, attempt: i32, at: NaiveDateTime) -> Result<bool, DbError> {
    let sent = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(DeliveryStatus::Sent),
            dsl::finished_at.eq(Some(at)),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(None::<String>),
        ))
        .execute(c)?;
    Ok(sent == 1)
}

/// Puts a delivery back until `next_at`, after a failure that may pass; `false`: fenced out.
pub fn mark_retry(
    c: &mut Conn,
    id: i64,
    attempt: i32,
    next_at: NaiveDateTime,
    error: &str,
) -> Result<bool, DbError> {
    let put_back = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::next_at.eq(next_at),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(Some(clean(error))),
        ))
        .execute(c)?;
    Ok(put_back == 1)
}

/// Ends a delivery that was not sent, as `Failed` or `GivenUp`; `false`: fenced out.
///
/// # Errors
/// [`DbError::Query`] for a status that is not final.
pub fn mark_final(
    c: &mut Conn,
    id: i64,
    attempt: i32,
    status: DeliveryStatus,
    at: NaiveDateTime,
    error: &str,
) -> Result<bool, DbError> {
    let ended = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(status),
            dsl::finished_at.eq(Some(at)),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(Some(clean(error))),
        ))
        .execute(c)?;
    Ok(ended == 1)
}

/// Gives a claim back unsent, so that anybody can claim the delivery at once; `false`: fenced out. For a clean stop.
pub fn release(c: &mut Conn, id: i64, attempt: i32) -> Result<bool, DbError> {
    let released = diesel::update(held!(id, attempt))
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c)?;
    Ok(released == 1)
}

/// Extends the leases of what a worker is sending; says how many it still holds.
pub fn renew(
    c: &mut Conn,
    worker: &str,
    in_flight: &[i64],
    lease_until: NaiveDateTime,
) -> Result<usize, DbError> {
    let held = delivery::table
        .filter(dsl::id.eq_any(in_flight))
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.eq(worker));
    Ok(diesel::update(held)
        .set(dsl::lease_until.eq(Some(lease_until)))
        .execute(c)?)
}

/// Puts back what a worker claimed and is not sending: after a claim whose commit it did not hear of, or an attempt that
/// broke off. Says how many.
pub fn release_orphaned(c: &mut Conn, worker: &str, in_flight: &[i64]) -> Result<usize, DbError> {
    let strays = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.eq(worker))
        .filter(dsl::id.ne_all(in_flight));
    Ok(diesel::update(strays)
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c)?)
}

/// Makes everything that waits for a later attempt due now, and no lease last beyond `lease_until`; says how many. For a
/// wall clock that was stepped back, and for a fresh start, before which what was in the way may have been mended.
pub fn make_due(c: &mut Conn, now: NaiveDateTime, lease_until: NaiveDateTime) -> Result<usize, DbError> {
    let open = delivery::table.filter(dsl::finished_at.is_null());
    let waiting = diesel::update(open.filter(dsl::next_at.gt(now)))
        .set(dsl::next_at.eq(now))
        .execute(c)?;
    let leased = diesel::update(open.filter(dsl::lease_until.gt(Some(lease_until))))
        .set(dsl::lease_until.eq(Some(lease_until)))
        .execute(c)?;
    Ok(waiting + leased)
}

/// Makes everything of a lane that failed before due now, the oldest first; says how many. For a lane that works again.
pub fn make_lane_due(c: &mut Conn, lane: &str, now: NaiveDateTime) -> Result<usize, DbError> {
    let failed = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Pending))
        .filter(dsl::next_at.gt(dsl::created_at))
        // Not those that were made before the clock was stepped back: they are hastened for that.
        .filter(dsl::created_at.le(now));
    // What was never tried has waited since it was made; so all of them stand in the order of their age.
    Ok(diesel::update(failed)
        .set(dsl::next_at.eq(dsl::created_at))
        .execute(c)?)
}

/// Whether there is a delivery of this key that is neither sent nor failed nor given up.
pub fn is_unfinished(c: &mut Conn, dedupe_key: &str) -> Result<bool, DbError> {
    let open = delivery::table
        .filter(dsl::dedupe_key.eq(dedupe_key))
        .filter(dsl::finished_at.is_null());
    Ok(open.count().get_result::<i64>(c)? > 0)
}

/// Gives up what has waited since before `before` in lanes other than `lanes`, and gives it.
pub fn give_up_orphaned(
    c: &mut Conn,
    lanes: &[String],
    before: NaiveDateTime,
    now: NaiveDateTime,
    error: &str,
) -> Result<Vec<Delivery>, DbError> {
    let stranded = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::lane.ne_all(lanes))
        .filter(dsl::created_at.lt(before));
    Ok(diesel::update(stranded)
        .set((
            dsl::status.eq(DeliveryStatus::GivenUp),
            dsl::finished_at.eq(Some(now)),
            dsl::lease_until.eq(None::<NaiveDateTime>),
            dsl::last_error.eq(Some(clean(error))),
        ))
        .returning(delivery::all_columns)
        .get_results(c)?)
}

/// The workers that hold claims, dead ones among them.
pub fn holders(c: &mut Conn) -> Result<Vec<String>, DbError> {
    Ok(delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.is_not_null())
        .select(dsl::worker.assume_not_null())
        .distinct()
        .load(c)?)
}

/// Takes away all claims of a worker that is known to be dead, so that they need not wait for its lease to run out; says
/// how many.
pub fn reclaim(c: &mut Conn, dead_worker: &str) -> Result<usize, DbError> {
    let held = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::worker.eq(dead_worker));
    Ok(diesel::update(held)
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c)?)
}

/// The delivery with this id.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<Delivery>, DbError> {
    Ok(delivery::table.find(id).first(c).optional()?)
}

/// The deliveries about these records, by id.
pub fn for_records(c: &mut Conn, records: &[i64]) -> Result<Vec<Delivery>, DbError> {
    let mut found: Vec<Delivery> = Vec::new();
    for some in records.chunks(crate::MAX_BINDS) {
        let about = dsl::record_id.eq_any(some);
        found.extend(delivery::table.filter(about).load::<Delivery>(c)?);
    }
    found.sort_by_key(|d| d.id);
    Ok(found)
}

/// How many deliveries are neither sent nor failed nor given up.
pub fn unfinished(c: &mut Conn) -> Result<i64, DbError> {
    Ok(delivery::table
        .filter(dsl::finished_at.is_null())
        .count()
        .get_result(c)?)
}

/// Whom a message goes to: the channel and the recipient.
pub type Address = (String, String);

/// Everybody who was told something of these events about an alert, or will be; not those who refused it for good.
pub fn notified_of_alert(c: &mut Conn, alert_id: i64, events: &[&str]) -> Result<Vec<Address>, DbError> {
    Ok(delivery::table
        .filter(dsl::alert_id.eq(alert_id))
        .filter(dsl::event.eq_any(events))
        .filter(dsl::status.ne(DeliveryStatus::Failed))
        .select((dsl::lane, dsl::recipient))
        .distinct()
        .order((dsl::lane.asc(), dsl::recipient.asc()))
        .load(c)?)
}

/// Everybody who was told of a incident, or will be; not those who refused it for good.
pub fn notified_of_incident(c: &mut Conn, incident_id: i64) -> Result<Vec<Address>, DbError> {
    Ok(delivery::table
        .filter(dsl::incident_id.eq(incident_id))
        .filter(dsl::status.ne(DeliveryStatus::Failed))
        .select((dsl::lane, dsl::recipient))
        .distinct()
        .order((dsl::lane.asc(), dsl::recipient.asc()))
        .load(c)?)
}

/// Makes a delivery due again that ended unsent, because a person asks for it; `false` where it did not end so.
pub fn retry(c: &mut Conn, id: i64, now: NaiveDateTime) -> Result<bool, DbError> {
    let undelivered = delivery::table.find(id).filter(
        dsl::status
            .eq(DeliveryStatus::Failed)
            .or(dsl::status.eq(DeliveryStatus::GivenUp)),
    );
    let again = diesel::update(undelivered)
        .set((
            dsl::status.eq(DeliveryStatus::Pending),
            dsl::next_at.eq(now),
            dsl::finished_at.eq(None::<NaiveDateTime>),
            dsl::retried_at.eq(Some(now)),
            dsl::batch.eq(None::<String>),
        ))
        .execute(c)?;
    Ok(again == 1)
}

/// Which deliveries are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this lane only.
    pub lane: Option<String>,
    /// About this alert only.
    pub alert_id: Option<i64>,
    /// In one of these states; in any for none.
    pub statuses: Vec<DeliveryStatus>,
    /// Only those older than the one with this id.
    pub before: Option<i64>,
}

/// The deliveries that were asked for, newest first.
pub fn page(c: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Delivery>, DbError> {
    let mut query = delivery::table.into_boxed();
    if let Some(lane) = &filter.lane {
        query = query.filter(dsl::lane.eq(lane.clone()));
    }
    if let Some(alert) = filter.alert_id {
        query = query.filter(dsl::alert_id.eq(alert));
    }
    if !filter.statuses.is_empty() {
        query = query.filter(dsl::status.eq_any(filter.statuses.clone()));
    }
    if let Some(before) = filter.before {
        query = query.filter(dsl::id.lt(before));
    }
    Ok(query.order(dsl::id.desc()).limit(limit).load(c)?)
}

/// How many deliveries of each lane ended unsent, by lane.
pub fn undelivered_by_lane(c: &mut Conn) -> Result<Vec<(String, i64)>, DbError> {
    Ok(delivery::table
        .filter(
            dsl::status
                .eq(DeliveryStatus::Failed)
                .or(dsl::status.eq(DeliveryStatus::GivenUp)),
        )
        .group_by(dsl::lane)
        .select((dsl::lane, count_star()))
        .order(dsl::lane.asc())
        .load(c)?)
}

/// The latest deliveries, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Delivery>, DbError> {
    Ok(delivery::table.order(dsl::id.desc()).limit(limit).load(c)?)
}
