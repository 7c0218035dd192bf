//! Slack: an incoming webhook. Facts: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (messages, errors),
//! docs.slack.dev/reference/block-kit (blocks and their limits), docs.slack.dev/messaging/formatting-message-text (escapes),
//! docs.slack.dev/apis/web-api/rate-limits, api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks.

use monitor_requests::{Request, Response, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{ChatKind, Code, Codes, Meaning, Post};
use crate::{Failure, Form, Limits};

/// The longest head of a message, the longest section and the longest address of a link; Slack does not say of what.
const HEAD: usize = 150;
const SECTION: usize = 3_000;
const LINK: usize = 2_000;

/// The whole body is one word.
const CODES: Codes = Codes {
    code: "",
    words: "",
    taken: "ok",
    others: &[
        Code::new("invalid_payload", Meaning::Refused).advise("the message is malformed"),
        Code::new("invalid_blocks", Meaning::Refused).advise("the message is malformed or too long"),
        Code::new("no_text", Meaning::Refused).advise("the message is empty"),
        Code::new("too_many_attachments", Meaning::Refused),
        Code::new("invalid_token", Meaning::SetUpWrong)
            .advise("the webhook was revoked, or url is cut short: make a webhook and copy its address again"),
        Code::new("no_service", Meaning::SetUpWrong)
            .advise("the webhook was removed or switched off, or url is cut short: make a webhook and copy its address again"),
        Code::new("no_service_id", Meaning::SetUpWrong)
            .advise("url is cut short: copy the webhook's address again"),
        Code::new("no_active_hooks", Meaning::SetUpWrong)
            .advise("the webhook was switched off: make one and copy its address"),
        Code::new("no_team", Meaning::SetUpWrong).advise("the workspace in url is not known: copy the address again"),
        Code::new("team_disabled", Meaning::SetUpWrong).advise("the workspace is not active any more"),
        Code::new("channel_not_found", Meaning::SetUpWrong)
            .advise("the webhook's channel is gone: make a webhook for another"),
        Code::new("channel_is_archived", Meaning::SetUpWrong)
            .advise("the webhook's channel is archived: open it again, or make a webhook for another"),
        Code::new("user_not_found", Meaning::SetUpWrong)
            .advise("whom the webhook writes to is gone: make a webhook for somebody else"),
        Code::new("action_prohibited", Meaning::SetUpWrong)
            .advise("an administrator has forbidden webhooks to write there"),
        Code::new("posting_to_general_channel_denied", Meaning::SetUpWrong)
            .advise("an administrator has forbidden webhooks to write to #general"),
        Code::new("rollup_error", Meaning::Busy),
    ],
};

/// The keys of `kind = "slack"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SlackSettings {
    /// The webhook's address. It is a secret: who has it can write.
    url: SecretSource,
}

impl ChatKind for SlackSettings {
    const NAME: &'static str = "slack";
    const DOC: &'static str = include_str!("slack.md");
    const LIMITS: Limits = Limits::per_minute(60).per_second(1);

    fn form(&self) -> Form {
        Form::card("slack.txt").at_most(SECTION, Form::utf16)
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let text = &post.text;
        let circle = match text.tone {
            "critical" => "🔴",
            "warning" => "🟠",
            "good" => "🟢",
            "unknown" => "⚪",
            _ => "🔵",
        };
        let head = format!("{circle} {}", text.short_title(HEAD - 3));
        let mut blocks = vec![
            json!({ "type": "header", "text": plain(&head) }),
            json!({ "type": "section", "text": plain(&text.body) }),
        ];
        if let Some(link) = text.link.as_ref().filter(|link| link.url.len() <= LINK) {
            let link = format!(
                "<{}|{}>",
                escaped(&link.url).replace('|', "%7C"),
                escaped(&link.label)
            );
            blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": link }] }));
        }
        // What a notification of a phone shows, which knows no blocks.
        let body = json!({ "text": escaped(&head), "mrkdwn": false, "blocks": blocks });
        Request::post(post.url.clone()).json(&body)
    }

    fn refusal(&self, response: &Response) -> Option<Failure> {
        let word = response.text();
        let is_known = CODES.others.iter().any(|one| one.code == word.trim());
        is_known.then(|| CODES.failure(response, word.trim(), ""))
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        if response.is_html() && response.text().trim_start().starts_with('<') {
            return Err(Failure::transient(
                "the answer is a web page; a proxy may have answered instead",
            ));
        }
        match response.text().trim() {
            "ok" => Ok(()),
            "" => Err(Failure::transient(
                "the answer is empty, so it does not say that the message was taken",
            )),
            word => Err(CODES.failure(response, word, "")),
        }
    }
}

/// Text that is shown to the letter, `:smile:` too.
fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

/// The three characters that begin what is not text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
