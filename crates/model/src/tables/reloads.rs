//! `reload_request` and `reload_answer`: that somebody wants all processes to take a changed config, and what each answered.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::{reload_answer, reload_request};
use super::text::clean;
use crate::backend::Conn;
use crate::error::DbError;

/// What a process answered. Table `reload_answer`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct ReloadAnswer {
    /// Given by the database.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// The process, by [`WorkerRow::id`](crate::WorkerRow::id).
    pub process: String,
    /// Whether it goes on by the changed config; otherwise it does by the one before.
    pub is_taken: bool,
    /// What it took, or why it refused, for people.
    pub detail: String,
}

/// Requests that all processes take their changed configs; gives its number. Requests from before `old` are forgotten, with their
/// answers.
pub fn request(c: &mut Conn, by: &str, at: NaiveDateTime, old: NaiveDateTime) -> Result<i64, DbError> {
    diesel::delete(reload_request::table.filter(reload_request::requested_at.lt(old))).execute(c)?;
    let oldest: Option<i64> = reload_request::table
        .select(diesel::dsl::min(reload_request::id))
        .first(c)?;
    let answered = reload_answer::table.filter(reload_answer::request_id.lt(oldest.unwrap_or(i64::MAX)));
    diesel::delete(answered).execute(c)?;
    let new = (
        reload_request::requested_at.eq(at),
        reload_request::requested_by.eq(clean(by)),
    );
    let (id, _, _): (i64, NaiveDateTime, String) = diesel::insert_into(reload_request::table)
        .values(new)
        .returning(reload_request::all_columns)
        .get_result(c)?;
    Ok(id)
}

/// The requests after this one, oldest first, each with who made it.
pub fn after(c: &mut Conn, id: i64) -> Result<Vec<(i64, String)>, DbError> {
    Ok(reload_request::table
        .filter(reload_request::id.gt(id))
        .order(reload_request::id)
        .select((reload_request::id, reload_request::requested_by))
        .load(c)?)
}

/// The newest request of before then; 0 where there is none.
pub fn newest_before(c: &mut Conn, at: NaiveDateTime) -> Result<i64, DbError> {
    let newest: Option<i64> = reload_request::table
        .filter(reload_request::requested_at.lt(at))
        .select(diesel::dsl::max(reload_request::id))
        .first(c)?;
    Ok(newest.unwrap_or_default())
}

/// Answers a request in the name of a process. The first answer stays.
pub fn answer(
    c: &mut Conn,
    request: i64,
    process: &str,
    is_taken: bool,
    detail: &str,
) -> Result<(), DbError> {
    let own = reload_answer::table
        .filter(reload_answer::request_id.eq(request))
        .filter(reload_answer::process.eq(process));
    if own.count().get_result::<i64>(c)? > 0 {
        return Ok(());
    }
    diesel::insert_into(reload_answer::table)
        .values((
            reload_answer::request_id.eq(request),
            reload_answer::process.eq(process),
            reload_answer::is_taken.eq(is_taken),
            reload_answer::detail.eq(clean(detail)),
        ))
        .execute(c)?;
    Ok(())
}

/// The answers to a request, the first one first.
pub fn answers(c: &mut Conn, request: i64) -> Result<Vec<ReloadAnswer>, DbError> {
    Ok(reload_answer::table
        .filter(reload_answer::request_id.eq(request))
        .order(reload_answer::id)
        .load(c)?)
}
