//! ntfy's server: docs.ntfy.sh/publish, and github.com/binwiederhier/ntfy server/errors.go.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Taken};

/// A server with one topic that is protected.
#[derive(Clone, Debug)]
pub struct Ntfy {
    topic: String,
    token: Option<String>,
    /// Messages that may be sent at once, and when that was counted.
    left: (i32, Option<DateTime<Utc>>),
    has_limit: bool,
}

impl Ntfy {
    /// The server with this topic, that everybody may write to.
    pub fn new(topic: &str) -> Ntfy {
        Ntfy {
            topic: topic.to_owned(),
            token: None,
            left: (60, None),
            has_limit: true,
        }
    }

    /// It wants to know who writes.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Ntfy {
        self.token = Some(token.to_owned());
        self
    }

    /// It takes as much as comes, as one's own server may.
    #[must_use]
    pub fn without_limit(mut self) -> Ntfy {
        self.has_limit = false;
        self
    }

    /// Sixty at once, and one more each five seconds.
    fn count(&mut self, now: DateTime<Utc>) -> bool {
        let (left, since) = self.left;
        let since = since.unwrap_or(now);
        let more = (now - since).num_seconds().max(0) / 5;
        let left = i64::from(left).saturating_add(more).min(60);
        let may = left > 0;
        let left = i32::try_from(left).unwrap_or(60) - i32::from(may);
        self.left = (left, Some(since + TimeDelta::seconds(more * 5)));
        may
    }
}

fn refusal(status: u16, code: u32, words: &str) -> Answer {
    let body =
        json!({ "code": code, "http": status, "error": words, "link": "https://ntfy.sh/docs/publish/" });
    Answer::json(status, &body)
}

impl Provider for Ntfy {
    fn path(&self) -> String {
        format!("/{}", self.topic)
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        if request.path != "/" {
            return Err(refusal(404, 40_401, "page not found"));
        }
        if request.body.len() > 2 * 4096 {
            return Err(refusal(413, 41_303, "JSON body too large"));
        }
        let body: Value = request
            .json()
            .ok_or_else(|| refusal(400, 40_024, "invalid request: request body must be valid JSON"))?;
        let topic = body["topic"].as_str().unwrap_or_default();
        let is_name = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
        if topic.is_empty() || topic.len() > 64 || !topic.chars().all(is_name) {
            return Err(refusal(400, 40_009, "invalid request: topic invalid"));
        }
        match (&self.token, request.header("authorization")) {
            (Some(right), Some(shown)) if shown == format!("Bearer {right}") => {}
            (_, Some(_)) => return Err(refusal(401, 40_101, "unauthorized")),
            (Some(_), None) => return Err(refusal(403, 40_301, "forbidden")),
            (None, None) => {}
        }
        if topic != self.topic {
            return Err(refusal(403, 40_301, "forbidden"));
        }
        if !body["priority"]
            .as_i64()
            .is_some_and(|priority| (1..=5).contains(&priority))
        {
            return Err(refusal(400, 40_007, "invalid priority parameter"));
        }
        let message = body["message"].as_str().unwrap_or_default();
        if message.len() > 4096 {
            // It would become an attachment.
            return Err(refusal(400, 40_014, "invalid request: attachments not allowed"));
        }
        if self.has_limit && !self.count(now) {
            return Err(refusal(
                429,
                42_901,
                "limit reached: too many requests, please be nice",
            ));
        }
        let click = body["click"].as_str().unwrap_or_default();
        let title = body["title"].as_str().unwrap_or_default();
        Ok(Taken {
            text: format!("{title}\n{message}\n{click}"),
            markup: String::new(),
            body: body.clone(),
        })
    }

    fn thanks(&self) -> Answer {
        let body = json!({ "id": "hwQ2YpKdmg", "time": 1, "event": "message", "topic": self.topic });
        Answer::json(200, &body)
    }
}
