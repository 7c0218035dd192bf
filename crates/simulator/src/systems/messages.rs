//! The alert messages of System B: scripted, or invented to fit the request.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::http::{Answer, Request};

/// The most messages invented for one request, unless set otherwise.
const MAX_INVENTED: usize = 20;

/// Writes an invented message, given the key, which of several it is, and the total.
pub(super) type Writer = Arc<dyn Fn(&str, usize, f64) -> String + Send + Sync>;

/// Explains a rise, given the key, the total and the previous total of the request.
pub(super) type Source = Arc<dyn Fn(&str, f64, f64) -> Vec<Message> + Send + Sync>;

/// An alert message of System B.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id, which a client dedupes by.
    pub id: String,
    /// What happened, for people.
    pub text: String,
    /// When; sent as RFC 3339, or left out.
    pub occurred_at: Option<DateTime<Utc>>,
}

impl Message {
    /// A message that occurred just now.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Message {
        Message {
            id: id.into(),
            text: text.into(),
            occurred_at: Some(Utc::now()),
        }
    }
}

impl<I: Into<String>, T: Into<String>> From<(I, T)> for Message {
    fn from((id, text): (I, T)) -> Message {
        Message::new(id, text)
    }
}

/// The messages of each key.
pub(super) struct Messages {
    scripted: HashMap<String, Vec<Message>>,
    invents: bool,
    most: usize,
    writer: Writer,
    source: Option<Source>,
    invented: u64,
    /// Makes invented ids differ from those of an earlier run, which a client may remember.
    run: i64,
}

impl Default for Messages {
    fn default() -> Messages {
        Messages {
            scripted: HashMap::new(),
            invents: false,
            most: MAX_INVENTED,
            writer: Arc::new(|key, index, total| format!("{key} at {total}: message {}", index + 1)),
            source: None,
            invented: 0,
            run: Utc::now().timestamp_millis(),
        }
    }
}

impl Messages {
    pub(super) fn add(&mut self, key: &str, message: Message) {
        self.scripted.entry(key.to_owned()).or_default().push(message);
    }

    pub(super) fn set(&mut self, key: &str, messages: Vec<Message>) {
        self.scripted.insert(key.to_owned(), messages);
    }

    pub(super) fn invent(&mut self, invents: bool) {
        self.invents = invents;
    }

    pub(super) fn set_most(&mut self, most: usize) {
        self.most = most.max(1);
    }

    pub(super) fn set_writer(&mut self, writer: Writer) {
        self.writer = writer;
    }

    pub(super) fn set_source(&mut self, source: Source) {
        self.source = Some(source);
    }

    /// The answer to a signed-in request for messages.
    pub(super) fn answer(&mut self, key: &str, request: &Request) -> Answer {
        let parameter = |name| {
            request
                .query_value(name)
                .and_then(|value| value.parse::<f64>().ok())
        };
        let (Some(total), Some(previous)) = (parameter("total"), parameter("previous")) else {
            return Answer::error(400, "total and previous were expected as numbers");
        };
        let scripted = self
            .scripted
            .get(key)
            .filter(|messages| !messages.is_empty())
            .cloned();
        let messages = match (scripted, &self.source) {
            (Some(messages), _) => messages,
            (None, Some(source)) => source(key, total, previous),
            (None, None) if self.invents => self.invented(key, total, previous),
            (None, None) => Vec::new(),
        };
        let messages: Vec<Value> = messages.iter().map(as_json).collect();
        Answer::json(200, &json!({ "messages": messages }))
    }

    fn invented(&mut self, key: &str, total: f64, previous: f64) -> Vec<Message> {
        // The cast saturates, and makes 0 of NaN.
        let count = ((total - previous) as usize).clamp(1, self.most);
        let writer = self.writer.clone();
        let write = |index| {
            self.invented += 1;
            Message::new(
                format!("{key}-{:x}-{}", self.run, self.invented),
                writer(key, index, total),
            )
        };
        (0..count).map(write).collect()
    }
}

fn as_json(message: &Message) -> Value {
    let mut json = json!({ "id": message.id, "text": message.text });
    if let Some(at) = message.occurred_at {
        json["occurred_at"] = json!(at.to_rfc3339_opts(SecondsFormat::Micros, true));
    }
    json
}
