//! `/api/v1/metrics/{key}/values`: what business systems send.

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use monitor_domain::{Number, counted};
use monitor_model::{NewPushedValue, Received, pushed_values, stored};
use monitor_upstream::AlertMessage;
use serde::Deserialize;
use serde_json::json;

use crate::auth::Pusher;
use crate::problem::{Code, Problem};
use crate::routes::extract::{Body, bad_body};
use crate::state::WebState;

/// Values of one metric that may wait to be judged.
const MAX_WAITING: i64 = 1_000;
/// The longest id of a value, in characters.
const MAX_ID: usize = 128;
/// Messages of one value, as many as an alert has on record.
const MAX_MESSAGES: usize = 1_000;
/// The longest message, and its longest id, in characters, as of what is requested of systems.
const MAX_TEXT: usize = 4_000;
const MAX_MESSAGE_ID: usize = 200;
/// Whole numbers are counted exactly up to here.
const MAX_VALUE: f64 = 9_007_199_254_740_992.0;
const MAX_WHOLE: u64 = 1 << 53;
/// Where the id may be instead of in the body.
const ID_HEADER: &str = "Idempotency-Key";
/// Stands where the token was.
const REDACTED: &str = "[redacted]";

/// A value as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewValue {
    id: Option<String>,
    value: serde_json::Number,
    messages: Option<Vec<NewMessage>>,
}

/// What it is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    id: Option<String>,
    text: String,
    occurred_at: Option<DateTime<Utc>>,
}

/// `POST /api/v1/metrics/{key}/values`: takes a value of the metric, which a worker judges at once. The answer comes once it is
/// stored; the same id again is answered so too, and changes nothing.
pub(crate) async fn send(
    who: Pusher,
    state: web::Data<WebState>,
    req: HttpRequest,
    Body(sent): Body<NewValue>,
) -> Result<HttpResponse, Problem> {
    let hidden = |text: &str| text.replace(who.token.expose(), REDACTED);
    let push_id = hidden(&push_id(sent.id, req.headers())?);
    let messages = messages(sent.messages.unwrap_or_default(), hidden)?;
    let new = NewPushedValue {
        push_id: push_id.clone(),
        value: value(&sent.value)?,
        messages: stored_messages(&messages),
        received_at: stored(state.ctx.clock.wall()),
        key: who.metric,
    };
    let receive = move |c: &mut monitor_model::Conn| pushed_values::receive(c, &new, MAX_WAITING);
    match state.ctx.db.write(receive).await? {
        Received::Stored => {
            Ok(HttpResponse::Accepted().json(json!({ "accepted": true, "duplicate": false })))
        }
        Received::Repeated => Ok(HttpResponse::Ok().json(json!({ "accepted": true, "duplicate": true }))),
        Received::Differs(known) => Err(Problem::new(
            Code::Conflict,
            format!(
                "{push_id} was sent before with the value {}, which stays. Give another value another id.",
                Number(known)
            ),
        )),
        Received::Full => Err(Problem::new(
            Code::TooManyValues,
            format!(
                "{} of this metric wait to be judged already. Is a worker running? Try again later.",
                counted(MAX_WAITING, "value")
            ),
        )),
    }
}

/// The sender's id of the value.
fn push_id(given: Option<String>, headers: &HeaderMap) -> Result<String, Problem> {
    let mut in_header = headers.get_all(ID_HEADER);
    let header = match (in_header.next(), in_header.next()) {
        (_, Some(_)) => return Err(bad_body(format!("There are several {ID_HEADER}; give one."))),
        (header, None) => header.map(|value| value.to_str().unwrap_or_default().trim()),
    };
    // The draft of that header has it in quotes.
    let header = header.map(|id| {
        let inner = id.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.unwrap_or(id).to_owned()
    });
    let id = match (given, header) {
        (Some(id), Some(other)) if id != other => {
            return Err(bad_body(format!("id and {ID_HEADER} differ; give one of them.")));
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => {
            return Err(bad_body(format!(
                "id is missing: give each value one of its own, as \"id\" or in the header {ID_HEADER}, and the same one \
                 again whenever you repeat it."
            )));
        }
    };
    if !(1..=MAX_ID).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad_body(format!(
            "id is from 1 to {} of visible ASCII, without spaces.",
            counted(MAX_ID, "character")
        )));
    }
    Ok(id)
}

fn value(number: &serde_json::Number) -> Result<f64, Problem> {
    let value = number.as_f64().unwrap_or(f64::INFINITY);
    // What was written, which the double nearest to it need not be.
    let whole = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
    if !value.is_finite() || value.abs() > MAX_VALUE || whole.is_some_and(|whole| whole > MAX_WHOLE) {
        return Err(bad_body(format!(
            "value is too large to be counted exactly: up to {}, either way.",
            Number(MAX_VALUE)
        )));
    }
    Ok(value + 0.0) // there is one 0
}

fn messages(sent: Vec<NewMessage>, hidden: impl Fn(&str) -> String) -> Result<Vec<AlertMessage>, Problem> {
    if sent.len() > MAX_MESSAGES {
        return Err(bad_body(format!(
            "messages may have up to {}.",
            counted(MAX_MESSAGES, "message")
        )));
    }
    let checked = sent.into_iter().enumerate().map(|(i, message)| {
        let text = message.text.trim();
        if text.is_empty() {
            return Err(bad_body(format!("messages[{i}].text is empty.")));
        }
        if text.chars().count() > MAX_TEXT {
            return Err(bad_body(format!(
                "messages[{i}].text may have up to {}.",
                counted(MAX_TEXT, "character")
            )));
        }
        let id = message.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        if id.is_some_and(|id| id.chars().count() > MAX_MESSAGE_ID) {
            return Err(bad_body(format!(
                "messages[{i}].id may have up to {}.",
                counted(MAX_MESSAGE_ID, "character")
            )));
        }
        Ok(AlertMessage {
            id: id.map(&hidden),
            text: hidden(text),
            occurred_at: message.occurred_at,
        })
    });
    checked.collect()
}

/// As the worker reads them.
fn stored_messages(messages: &[AlertMessage]) -> String {
    match messages {
        [] => String::new(),
        some => serde_json::to_string(some).expect("messages are plain data"),
    }
}
