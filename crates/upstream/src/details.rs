//! What an alert was about: the explanation that a system gives.

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_login::BodyRule;
use monitor_requests::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::UpstreamError;
use crate::extract::{ItemName, Selection, json};
use crate::request::{Chain, bare};
use crate::settings::DetailsSettings;

/// Characters kept of one message.
const MAX_TEXT: usize = 4_000;
/// Characters kept of a message's id.
const MAX_ID: usize = 200;

/// One thing that explains an alert. It is stored as JSON until the value that it came with is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertMessage {
    /// The system's own id of it, where it has one; a message with an id is sent once.
    #[serde(default)]
    pub id: Option<String>,
    /// What people read.
    pub text: String,
    /// When it happened, where the system says so.
    #[serde(default)]
    pub occurred_at: Option<DateTime<Utc>>,
}

/// What is requested: the explanation of a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The metric's key.
    pub key: String,
    /// The value read.
    pub total: f64,
    /// What it was compared with; 0 where nothing was recorded before.
    pub previous: f64,
}

/// Who explains an alert, and how: the checked `details` section.
#[derive(Clone, Debug)]
pub struct Details {
    /// Name of the system that explains.
    pub system: String,
    /// What is requested.
    pub(crate) chain: Chain,
    /// Where the messages are in the answer.
    pub messages: Selection,
    /// What the JSON of a good answer says. Where there is none, that of the system counts.
    pub ok: Option<BodyRule>,
    /// The item of a list that the metric is.
    pub(crate) item: Option<ItemName>,
}

impl Details {
    /// The reference protocol of System B: `GET path?total=N&previous=M` answers
    /// `{"messages":[{"id","text","occurred_at"}]}`.
    ///
    /// # Panics
    /// Where `path` is none, such as `/api/alerts/x`.
    pub fn messages(system: &str, path: &str) -> Details {
        let settings = DetailsSettings {
            system: Some(system.to_owned()),
            path: Some(format!(
                "{path}?total={{{{ total }}}}&previous={{{{ previous }}}}"
            )),
            ..DetailsSettings::default()
        };
        settings.compile().expect("a path of the program")
    }

    /// The same for an item of the list that the metric is.
    #[must_use]
    pub fn of_item(&self, item: ItemName) -> Details {
        Details {
            item: Some(item),
            ..self.clone()
        }
    }

    /// Takes all messages from an answer, in its order. How many are kept is not decided here: which of them are new is known to
    /// whom they are recorded for.
    pub(crate) fn read(&self, response: &Response) -> Result<Vec<AlertMessage>, UpstreamError> {
        let wrong =
            |why: String| UpstreamError::answer(&self.system, &self.chain.path, response.masked(&why));
        let json = json(response).map_err(&wrong)?;
        let nodes = self.messages.nodes(&json).map_err(&wrong)?;
        let (good, bad): (Vec<_>, Vec<_>) = nodes
            .into_iter()
            .map(|node| message(node, response))
            .partition(Result::is_ok);
        let messages: Vec<AlertMessage> = good.into_iter().flatten().collect();
        // One that cannot be read does not hide those that can; where none can, the answer is not what it should be.
        match bad.into_iter().find_map(Result::err) {
            Some(why) if messages.is_empty() => Err(wrong(why)),
            Some(why) => {
                log::warn!(
                    "system {}: {}: left out of the explanation: {why}",
                    self.system,
                    bare(&self.chain.path)
                );
                Ok(messages)
            }
            None => Ok(messages),
        }
    }
}

fn message(node: &Value, response: &Response) -> Result<AlertMessage, String> {
    match node {
        Value::String(text) if text.trim().is_empty() => Err("a message is empty".to_owned()),
        Value::String(text) => Ok(AlertMessage {
            id: None,
            text: cut(&response.masked(text), MAX_TEXT),
            occurred_at: None,
        }),
        Value::Object(fields) => {
            let text = fields
                .get("text")
                .and_then(Value::as_str)
                .filter(|text| !text.trim().is_empty())
                .ok_or_else(|| "a message has no \"text\" that is a string".to_owned())?;
            let id = match fields.get("id") {
                None | Some(Value::Null) => None,
                Some(Value::String(id)) => (!id.trim().is_empty()).then(|| short_id(&response.masked(id))),
                Some(Value::Number(id)) => Some(id.to_string()),
                Some(_) => return Err("a message's \"id\" is neither a string nor a number".to_owned()),
            };
            let occurred_at = fields.get("occurred_at").and_then(Value::as_str).and_then(time);
            Ok(AlertMessage {
                id,
                text: cut(&response.masked(text), MAX_TEXT),
                occurred_at,
            })
        }
        _ => Err("a message is neither a string nor an object with \"text\"".to_owned()),
    }
}

/// RFC 3339; a time without a zone is taken as UTC. One that cannot be read is left out: a message is worth
/// showing without it.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .ok()
        .or_else(|| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
                .ok()
                .map(|time| time.and_utc())
        })
}

/// An id that is too long to be kept is distinguished by a hash (FNV-1a) of all of it. Ids are stored, so it must be the same in every
/// build, which std's hasher does not promise.
fn short_id(id: &str) -> String {
    if id.chars().count() <= MAX_ID {
        return id.to_owned();
    }
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let start: String = id.chars().take(MAX_ID - 20).collect();
    format!("{start}…{hash:016x}")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<AlertMessage>, UpstreamError> {
        let response = Response::new(
            monitor_requests::Method::GET,
            monitor_requests::Url::parse("http://b.example/").unwrap(),
            monitor_requests::StatusCode::OK,
            http::HeaderMap::new(),
            json.to_owned().into(),
        );
        Details::messages("b", "/api/alerts/x").read(&response)
    }

    #[test]
    fn messages_keep_their_order_ids_and_times() {
        let got = read(
            r#"{"messages":[
                {"id":"m1","text":"Order 1 unpaid","occurred_at":"2026-11-23T09:12:40+08:00"},
                {"id":7,"text":"Order 2 unpaid","occurred_at":"soon"},
                "Order 3 unpaid"]}"#,
        )
        .unwrap();
        assert_eq!(got.len(), 3);
        assert_eq!(got[0].id.as_deref(), Some("m1"));
        assert_eq!(
            got[0].occurred_at.unwrap().to_rfc3339(),
            "2026-11-23T01:12:40+00:00"
        );
        assert_eq!((got[1].id.as_deref(), got[1].occurred_at), (Some("7"), None));
        assert_eq!(
            (got[2].id.clone(), got[2].text.as_str()),
            (None, "Order 3 unpaid")
        );
    }

    #[test]
    fn no_messages_is_an_answer_and_nonsense_is_not() {
        assert_eq!(read(r#"{"messages":[]}"#).unwrap(), vec![]);
        assert!(
            read(r#"{"messages":[{"id":"m1"}]}"#)
                .unwrap_err()
                .to_string()
                .contains("no \"text\"")
        );
        assert!(read("<html>").unwrap_err().to_string().contains("not JSON"));
    }

    #[test]
    fn an_error_is_not_an_answer_without_messages() {
        for (json, why) in [
            (r#"{"error":"session expired"}"#, "the answer has no $.messages"),
            (r#"{"messages":null}"#, "$.messages is no list but null"),
            (r#"{"messages":"none"}"#, "$.messages is no list but a string"),
            (
                r#"{"messages":{"text":"a"}}"#,
                "$.messages is no list but an object",
            ),
        ] {
            let got = read(json).unwrap_err();
            assert!(got.to_string().contains(why), "{got}");
            assert!(got.is_transient(), "the call is repeated");
        }
    }

    #[test]
    fn a_bad_message_does_not_hide_the_good_ones() {
        let got = read(r#"{"messages":[null,{"id":"m1"},{"text":" "},{"id":[],"text":"a"},{"id":"m2","text":"Order 2"}]}"#).unwrap();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].text, "Order 2");
    }

    #[test]
    fn an_empty_id_is_none_and_long_ones_differ() {
        let long = "9".repeat(300);
        let json = serde_json::json!({ "messages": [
            { "id": "", "text": "a" }, { "id": " ", "text": "b" }, { "id": format!("{long}1"), "text": "c" },
            { "id": format!("{long}2"), "text": "d" }, { "id": "x".repeat(MAX_ID), "text": "e" },
        ] });
        let got = read(&json.to_string()).unwrap();
        assert_eq!((&got[0].id, &got[1].id), (&None, &None));
        assert_ne!(got[2].id, got[3].id);
        assert!(
            got.iter()
                .flat_map(|message| &message.id)
                .all(|id| id.chars().count() <= MAX_ID)
        );
        assert_eq!(got[4].id.as_deref(), Some(&*"x".repeat(MAX_ID)));
    }

    #[test]
    fn none_is_dropped_however_many_there_are() {
        let texts: Vec<String> = (0..1_412).map(|n| format!("Order {n}")).collect();
        let got = read(&serde_json::json!({ "messages": texts }).to_string()).unwrap();
        let got: Vec<String> = got.into_iter().map(|message| message.text).collect();
        assert_eq!(got, texts);
    }

    #[test]
    fn long_texts_are_cut() {
        let json = serde_json::json!({ "messages": ["长".repeat(5_000)] }).to_string();
        assert_eq!(read(&json).unwrap()[0].text.chars().count(), MAX_TEXT + 1);
    }
}
