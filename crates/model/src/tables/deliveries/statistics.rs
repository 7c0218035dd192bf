//! How much is waiting, and how the lanes get through.

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::queries::is_undelivered;
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// What one lane has left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The lane.
    pub lane: String,
    /// How many deliveries are not finished.
    pub count: i64,
    /// When the oldest of them was made.
    pub oldest: NaiveDateTime,
}

/// How a lane gets through, as far as its rows show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// How many deliveries are not finished.
    pub waiting: i64,
    /// To how many recipients something waits that was tried without success.
    pub failing: i64,
    /// When something was last sent.
    pub last_sent: Option<NaiveDateTime>,
}

/// How many deliveries are neither sent nor failed nor given up.
pub fn unfinished(c: &mut Conn) -> Result<i64, DbError> {
    Ok(delivery::table
        .filter(dsl::finished_at.is_null())
        .count()
        .get_result(c)?)
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

/// How many deliveries of each lane ended unsent, by lane.
pub fn undelivered_by_lane(c: &mut Conn) -> Result<Vec<(String, i64)>, DbError> {
    Ok(delivery::table
        .filter(is_undelivered!())
        .group_by(dsl::lane)
        .select((dsl::lane, count_star()))
        .order(dsl::lane.asc())
        .load(c)?)
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
