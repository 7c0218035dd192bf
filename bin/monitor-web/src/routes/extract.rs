//! What was sent: queries, bodies, ids and texts, and the problems of those that cannot be understood.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpRequest, web};
use monitor_domain::counted;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::auth::Operator;
use crate::problem::{Code, Problem};

/// The longest page of a list, and the usual one.
const MAX_LIMIT: usize = 500;
const LIMIT: usize = 50;
/// The longest name of a person.
const MAX_NAME: usize = 80;

/// The parameters of a query.
pub(super) trait Parameters: DeserializeOwned {
    /// Those there are, for the problem of a wrong one: "limit and cursor".
    const NAMES: &'static str;
}

/// The query of a request; one that is not understood is a [`Code::BadQuery`].
pub(super) struct Query<T>(pub(super) T);

impl<T: Parameters> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let query = web::Query::<T>::from_query(req.query_string());
        let problem = |error| bad_query(format!("{error}. There are {}.", T::NAMES));
        ready(query.map(|query| Query(query.into_inner())).map_err(problem))
    }
}

/// A page of a list without filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    pub(super) limit: Option<usize>,
    pub(super) cursor: Option<i64>,
}

impl Parameters for PageQuery {
    const NAMES: &'static str = "limit and cursor";
}

/// A JSON body; one that is not understood is a [`Code::BadBody`]. None at all is one without fields.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(req, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| unreadable(&error))?;
            let json: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
            let body = serde_json::from_slice(json);
            body.map(Body).map_err(|error| bad_body(format!("{error}.")))
        })
    }
}

/// A body that did not come whole.
fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Problem::body_too_large(),
        _ => bad_body(format!("The body did not come whole: {error}.")),
    }
}

/// What is wrong with a body.
pub(super) fn bad_body(detail: impl Into<String>) -> Problem {
    Problem::new(Code::BadBody, detail)
}

/// What is wrong with a query.
pub(super) fn bad_query(detail: impl Into<String>) -> Problem {
    Problem::new(Code::BadQuery, detail)
}

/// How many rows a page of a list may have, of the `wanted`.
pub(super) fn limit(wanted: Option<usize>) -> Result<usize, Problem> {
    limit_to(wanted, LIMIT, MAX_LIMIT)
}

/// The same with another usual number and another bound.
pub(super) fn limit_to(wanted: Option<usize>, usual: usize, most: usize) -> Result<usize, Problem> {
    let limit = wanted.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(bad_query(format!("limit is from 1 to {most}.")))
    }
}

/// The id in a path; what is no number is the id of nothing.
pub(super) fn id(what: &str, text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| no_such(what, text))
}

/// There is nothing of this kind with this id.
pub(super) fn no_such(what: &str, id: impl Display) -> Problem {
    Problem::new(Code::NotFound, format!("There is no {what} {id}."))
}

/// Text that a person wrote, of up to `most` characters; `None` for nothing but spaces.
pub(super) fn text(name: &str, text: Option<&str>, most: usize) -> Result<Option<String>, Problem> {
    let text = text.unwrap_or_default().trim();
    if text.chars().count() > most {
        return Err(bad_body(format!(
            "{name} may have up to {}.",
            counted(most, "character")
        )));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The name under a change: the one that the reader gave (`by`) or, without one, the operator's. Until there is sign-in it
/// is what the reader says of themselves; the audit log has both.
pub(super) fn signature(by: Option<&str>, who: &Operator) -> Result<String, Problem> {
    let by = text("by", by, MAX_NAME)?;
    if by.as_deref().is_some_and(|name| name.contains(char::is_control)) {
        return Err(bad_body("by is a name, on one line."));
    }
    Ok(by.unwrap_or_else(|| who.name.clone()))
}
