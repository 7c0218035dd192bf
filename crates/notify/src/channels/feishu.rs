//! Feishu and Lark: a group's custom robot. Facts: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (messages, signature,
//! rates, codes), /document/server-docs/api-call-guide/frequency-control (what its gateway answers),
//! /document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-components (cards).

use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::{Request, Response, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{ChatKind, Code, Codes, Meaning, Post, sign};
use crate::{Failure, Form, Limits};

/// A robot is refused for its own rate, and at busy moments for that of all robots; either passes in seconds.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest address of a button; the whole body has at most 20 KB.
const LINK: usize = 2_000;

const OTHERS: &[Code] = &[
    Code::new("19021", Meaning::SetUpWrong).advise(
        "secret is not the one that the robot shows under 签名校验, or it has none, or this machine's clock is off: set it by NTP",
    ),
    Code::new("19022", Meaning::SetUpWrong).advise(
        "the robot takes messages of certain addresses alone, and this machine's is not among them",
    ),
    Code::new("19024", Meaning::SetUpWrong)
        .advise("the robot wants a word in each message: set keyword to one of its words"),
    Code::new("19001", Meaning::SetUpWrong)
        .advise("the end of url is not that of a robot; copy the address again"),
    Code::new("19007", Meaning::SetUpWrong).advise("the robot was switched off"),
    Code::new("9499", Meaning::Throttled(PAUSE))
        .with("too many")
        .advise("a robot takes 5 messages a second and 100 a minute"),
    Code::new("9499", Meaning::Refused).advise("the message is malformed or longer than 20 KB"),
    Code::new("11232", Meaning::Throttled(PAUSE))
        .advise("a robot takes 5 messages a second and 100 a minute"),
    Code::new("99991400", Meaning::Throttled(PAUSE)),
    Code::new("19002", Meaning::Refused).advise("the message is malformed"),
    Code::new("11246", Meaning::Refused).advise("the card is malformed"),
];
const CODES: Codes = Codes {
    code: "code",
    words: "msg",
    taken: "0",
    others: OTHERS,
};
/// How robots answered before there was `code`.
const OLD_CODES: Codes = Codes {
    code: "StatusCode",
    words: "StatusMessage",
    ..CODES
};

/// The keys of `kind = "feishu"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeishuSettings {
    /// The robot's address, as the group shows it. It is a secret: who has it can write.
    url: SecretSource,
    /// What messages are signed with (签名校验), if the robot wants that.
    secret: Option<SecretSource>,
    /// A word that the robot wants in each message (自定义关键词).
    keyword: Option<String>,
    /// Whom a message calls: ids of members such as `"ou_18eac85d35a26f989317ad4f02e8bbbb"`, or `"all"`. Default: nobody.
    #[serde(default)]
    mention: Vec<String>,
}

impl ChatKind for FeishuSettings {
    const NAME: &'static str = "feishu";
    const DOC: &'static str = include_str!("feishu.md");
    const LIMITS: Limits = Limits::per_minute(100).per_second(5);

    fn form(&self) -> Form {
        // What is left of the 20 KB is for the title, the link and the card around them.
        Form::card("feishu.txt").at_most(14_000, Form::json_bytes)
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let secret = self
            .secret
            .as_ref()
            .map(|source| SecretKey::new("secret", source));
        [SecretKey::new("url", &self.url)]
            .into_iter()
            .chain(secret)
            .collect()
    }

    fn check(&self) -> Vec<Finding> {
        let is_id =
            |id: &String| !id.is_empty() && id.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
        let wrong = self.mention.iter().enumerate().filter(|(_, id)| !is_id(id));
        wrong
            .map(|(n, id)| {
                let message =
                    format!("{id:?} is no id of a member; such as \"ou_18eac85d35a26f98\" or \"all\"");
                Finding::new(format!("mention[{n}]"), message)
            })
            .collect()
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let mut body = json!({ "msg_type": "interactive", "card": self.card(post) });
        if let Some(secret) = post.secret("secret") {
            // Not DingTalk's way round: what is signed is nothing, and the key is both.
            let time = post.now.timestamp().to_string();
            body["sign"] = sign(&format!("{time}\n{}", secret.expose()), "").into();
            body["timestamp"] = time.into();
        }
        Request::post(post.url.clone()).dated().json(&body)
    }

    fn refusal(&self, response: &Response) -> Option<Failure> {
        let own = CODES.refusal(response);
        let failure = own.or_else(|| OLD_CODES.refusal(response))?;
        // The gateway before the robots has a header of its own for that.
        let reset = response.headers.get("x-ogw-ratelimit-reset");
        let seconds = reset.and_then(|reset| reset.to_str().ok()?.trim().parse().ok());
        Some(failure.after(seconds.map(Duration::from_secs)))
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        let body = response.json::<Value>().unwrap_or_default();
        match body.get("code").is_none() && body.get("StatusCode").is_some() {
            true => OLD_CODES.judge(response),
            false => CODES.judge(response),
        }
    }
}

impl FeishuSettings {
    /// What others wrote stands in it as plain text; a mention alone is markup.
    fn card(&self, post: &Post<'_>) -> Value {
        let plain = |text: &str| json!({ "tag": "plain_text", "content": text });
        let text = &post.text;
        let mut words = text.body.clone();
        let missing = |word: &&String| !words.contains(*word) && !text.title.contains(*word);
        if let Some(word) = self.keyword.as_ref().filter(missing) {
            words.push_str(&format!("\n{word}"));
        }
        let mut elements = vec![json!({ "tag": "div", "text": plain(&words) })];
        if !self.mention.is_empty() {
            let called: String = self
                .mention
                .iter()
                .map(|id| format!("<at id={id}></at>"))
                .collect();
            elements.push(json!({ "tag": "div", "text": { "tag": "lark_md", "content": called } }));
        }
        if let Some(link) = text.link.as_ref().filter(|link| link.url.len() <= LINK) {
            let button =
                json!({ "tag": "button", "text": plain(&link.label), "url": link.url, "type": "default" });
            elements.push(json!({ "tag": "action", "actions": [button] }));
        }
        let colour = match text.tone {
            "critical" => "red",
            "warning" => "orange",
            "good" => "green",
            "unknown" => "grey",
            _ => "blue",
        };
        json!({
            "config": { "wide_screen_mode": true },
            "header": { "title": plain(&text.title), "template": colour },
            "elements": elements,
        })
    }
}
