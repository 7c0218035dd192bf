//! ntfy: a topic. Facts: docs.ntfy.sh/publish (publish as JSON, priorities, tags, limitations, authentication) and its server's
//! errors, github.com/binwiederhier/ntfy server/errors.go.

use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::{Request, Response, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{ChatKind, Code, Codes, Meaning, Post};
use crate::{Failure, Form, Limits};

/// The longest title, in units of UTF-16, and the longest address. ntfy takes a body of 8192 bytes with everything.
const TITLE: usize = 250;
const LINK: usize = 1_000;
/// One more message may be sent after so long.
const REFILL: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_secs(60 * 60);

const CODES: Codes = Codes {
    code: "code",
    words: "error",
    // A message that was taken is answered with the message.
    taken: "",
    others: &[
        Code::new("42901", Meaning::Throttled(REFILL)).advise("ntfy.sh takes 60 messages at once and 12 a minute then"),
        Code::new("42905", Meaning::Throttled(HOUR)).advise("the day's bandwidth is used up"),
        Code::new("42908", Meaning::Throttled(HOUR))
            .advise("the day's number of messages is used up: set token to one of an account with more, or use digest"),
        Code::new("40101", Meaning::SetUpWrong)
            .advise("token is not an access token of this server, or was revoked"),
        Code::new("40301", Meaning::SetUpWrong)
            .advise("the topic is protected: set token to an access token that may write there"),
        Code::new("40009", Meaning::SetUpWrong)
            .advise("the end of url is no topic: letters, digits, - and _, at most 64 of them"),
        Code::new("40010", Meaning::SetUpWrong).advise("the end of url is a name that no topic may have"),
        Code::new("40401", Meaning::SetUpWrong).advise("url is not that of a topic, such as https://ntfy.sh/topic"),
        Code::new("40007", Meaning::Refused),
        Code::new("40011", Meaning::Refused),
        Code::new("40014", Meaning::Refused).advise("the message is too long"),
        Code::new("40017", Meaning::Refused),
        Code::new("40024", Meaning::Refused),
        Code::new("41301", Meaning::Refused).advise("the message is too long"),
        Code::new("41303", Meaning::Refused).advise("the message is too long"),
    ],
};

/// The keys of `kind = "ntfy"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NtfySettings {
    /// The topic's address. It is a secret: who has it can read and write.
    url: SecretSource,
    /// An access token that may write there; begins with `tk_`. Default: nobody signs in.
    token: Option<SecretSource>,
}

impl ChatKind for NtfySettings {
    const NAME: &'static str = "ntfy";
    const DOC: &'static str = include_str!("ntfy.md");
    const LIMITS: Limits = Limits::per_minute(12);

    fn form(&self) -> Form {
        Form::card("ntfy.txt").at_most(4096, bytes_either_way)
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let token = self.token.as_ref().map(|source| SecretKey::new("token", source));
        [SecretKey::new("url", &self.url)]
            .into_iter()
            .chain(token)
            .collect()
    }

    fn check(&self) -> Vec<Finding> {
        let SecretSource::Plain(url) = &self.url else {
            return Vec::new();
        };
        // What is no address at all is found by the check of all kinds.
        let Ok(url) = Url::parse(url.expose().trim()) else {
            return Vec::new();
        };
        match topic(&url) {
            (_, name) if name.is_empty() => vec![Finding::new(
                "url",
                "names no topic; such as https://ntfy.sh/topic",
            )],
            _ => Vec::new(),
        }
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let (server, topic) = topic(&post.url);
        let text = &post.text;
        let (priority, tag) = match text.tone {
            "critical" => (5, "rotating_light"),
            "warning" => (4, "warning"),
            "good" => (3, "white_check_mark"),
            "unknown" => (3, "grey_question"),
            _ => (3, "information_source"),
        };
        let mut body = json!({
            "topic": topic,
            "title": text.short_title(TITLE),
            "message": text.body,
            "priority": priority,
            "tags": [tag],
        });
        if let Some(link) = text.link.as_ref().filter(|link| link.url.len() <= LINK) {
            body["click"] = link.url.as_str().into();
        }
        let request = Request::post(server).json(&body);
        match post.secret("token") {
            Some(token) => request.bearer(token),
            None => request,
        }
    }

    fn refusal(&self, response: &Response) -> Option<Failure> {
        CODES.refusal(response)
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        let body: Value = response.json().unwrap_or_default();
        if body["event"] == "message" && body["id"].is_string() {
            return Ok(());
        }
        CODES.judge(response)
    }
}

/// The server that takes JSON, and the topic.
fn topic(url: &Url) -> (Url, String) {
    let mut server = url.clone();
    server.set_query(None);
    server.set_fragment(None);
    let mut name = String::new();
    if let Ok(mut path) = server.path_segments_mut() {
        path.pop_if_empty();
    }
    if let Some(last) = server.path_segments().and_then(|mut all| all.next_back()) {
        name.push_str(last);
    }
    if let Ok(mut path) = server.path_segments_mut() {
        path.pop().push("");
    }
    (server, name)
}

/// ntfy counts the bytes of the text, and those of the body of JSON, of which it takes twice as many: less the title, the address
/// and the rest.
fn bytes_either_way(text: &str) -> usize {
    Form::bytes(text).max(Form::json_bytes(text).saturating_sub(1_500))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_the_end_of_the_address() {
        for (url, server, name) in [
            ("https://ntfy.sh/shop", "https://ntfy.sh/", "shop"),
            ("https://ntfy.sh/shop/", "https://ntfy.sh/", "shop"),
            ("https://ntfy.sh", "https://ntfy.sh/", ""),
            (
                "http://u:p@a.example:8080/push/shop?x=1#y",
                "http://u:p@a.example:8080/push/",
                "shop",
            ),
        ] {
            let (to, topic) = topic(&Url::parse(url).unwrap());
            assert_eq!((to.as_str(), &*topic), (server, name), "{url}");
        }
    }
}
