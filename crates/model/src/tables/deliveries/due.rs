//! When deliveries can be claimed.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamp};

use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// What can be claimed at a time: pending and due, or sending with its lease over. It contains `finished_at IS NULL`
/// because the indexes are over those rows only. Where it is used, `dsl` and `DeliveryStatus` are imported.
macro_rules! is_due {
    ($now:expr) => {
        dsl::finished_at.is_null().and(dsl::next_at.le($now)).and(
            dsl::status.eq(DeliveryStatus::Pending).or(dsl::status
                .eq(DeliveryStatus::Sending)
                .and(dsl::lease_until.le(Some($now)))),
        )
    };
}
pub(super) use is_due;

/// How many deliveries could be claimed now, by lane.
pub fn due(c: &mut Conn, now: NaiveDateTime) -> Result<Vec<(String, i64)>, DbError> {
    Ok(delivery::table
        .filter(is_due!(now))
        .group_by(dsl::lane)
        .select((dsl::lane, count_star()))
        .order(dsl::lane.asc())
        .load(c)?)
}

/// A lane for which something waits, and when the first of that is due.
#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Nullable<Text>)]
    lane: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    at: Option<NaiveDateTime>,
}

/// Each step finds the next lane in the index, and in the lane what is due first: as many steps as there are lanes, however much waits
/// in them. Before the first that is pending are those only that are being sent. (Not "is pending", by which SQLite would read all that
/// are, in every lane.)
const WAITING: &str = "WITH RECURSIVE l (lane) AS (\
     SELECT min(lane) FROM delivery WHERE finished_at IS NULL \
     UNION ALL \
     SELECT (SELECT min(d.lane) FROM delivery d WHERE d.finished_at IS NULL AND d.lane > l.lane) FROM l WHERE l.lane IS NOT NULL) \
     SELECT lane, (SELECT d.next_at FROM delivery d WHERE d.lane = l.lane AND d.finished_at IS NULL AND d.status <> 'sending' \
     ORDER BY d.next_at LIMIT 1) AS at FROM l WHERE lane IS NOT NULL";

/// When each lane's next delivery can be claimed, in the past where one can be already. Lanes whose deliveries are
/// all finished are left out.
pub fn next_due_by_lane(c: &mut Conn) -> Result<BTreeMap<String, NaiveDateTime>, DbError> {
    let waiting: Vec<Waiting> = diesel::sql_query(WAITING).load(c)?;
    let pending = waiting
        .into_iter()
        .filter_map(|waiting| Some((waiting.lane?, waiting.at)));
    let leased: Vec<(String, Option<NaiveDateTime>)> = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .group_by(dsl::lane)
        .select((dsl::lane, diesel::dsl::min(dsl::lease_until)))
        .load(c)?;
    let mut next = BTreeMap::new();
    for (lane, at) in pending.chain(leased) {
        if let Some(at) = at {
            next.entry(lane)
                .and_modify(|first: &mut NaiveDateTime| *first = at.min(*first))
                .or_insert(at);
        }
    }
    Ok(next)
}

/// Makes everything due now that waits for an attempt after `after`, and lets no lease last beyond `lease_until`; returns how
/// many. For a wall clock that was stepped back, and for a fresh start: what was in the way may have been fixed by then.
pub fn make_due(
    c: &mut Conn,
    after: NaiveDateTime,
    now: NaiveDateTime,
    lease_until: NaiveDateTime,
) -> Result<usize, DbError> {
    let open = delivery::table.filter(dsl::finished_at.is_null());
    let waiting = diesel::update(open.filter(dsl::next_at.gt(after)))
        .set(dsl::next_at.eq(now))
        .execute(c)?;
    let leased = diesel::update(open.filter(dsl::lease_until.gt(Some(lease_until))))
        .set(dsl::lease_until.eq(Some(lease_until)))
        .execute(c)?;
    Ok(waiting + leased)
}

/// Makes due now what was written by the time of before the wall clock was stepped back, after [`make_due`]: those of `put_off`
/// that still wait, and what seems to be made later than now. Returns how many.
pub fn make_due_of_before(c: &mut Conn, put_off: &[i64], now: NaiveDateTime) -> Result<usize, DbError> {
    let of_before = delivery::table
        .filter(dsl::finished_at.is_null())
        .filter(dsl::next_at.gt(now))
        .filter(dsl::id.eq_any(put_off.to_vec()).or(dsl::created_at.gt(now)));
    Ok(diesel::update(of_before).set(dsl::next_at.eq(now)).execute(c)?)
}

/// Makes everything of a lane that failed before due now, or of one recipient of it, the oldest first; returns how many. For
/// what works again.
pub fn make_due_again(
    c: &mut Conn,
    lane: &str,
    recipient: Option<&str>,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let failed = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Pending))
        .filter(dsl::next_at.gt(dsl::created_at))
        // Not those that were made before the clock was stepped back: `make_due` is for them.
        .filter(dsl::created_at.le(now));
    // What was never tried has waited since it was made, so all of them are in the order of their age.
    let due = dsl::next_at.eq(dsl::created_at);
    Ok(match recipient {
        None => diesel::update(failed).set(due).execute(c)?,
        Some(recipient) => diesel::update(failed.filter(dsl::recipient.eq(recipient)))
            .set(due)
            .execute(c)?,
    })
}
