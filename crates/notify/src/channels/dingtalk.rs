//! DingTalk: a group's custom robot. Facts: open.dingtalk.com/document/orgapp/custom-robot-access (messages, signature),
//! /document/orgapp/custom-bot-to-send-group-chat-messages (codes).

use std::time::Duration;

use monitor_requests::{Request, Response, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::http::{ChatKind, Code, Codes, Meaning, Post, sign};
use crate::{Failure, Form, Limits};

/// A robot that wrote too much is deaf for so long.
const BLOCKED: Duration = Duration::from_secs(10 * 60);
const CODES: Codes = Codes {
    code: "errcode",
    words: "errmsg",
    taken: "0",
    others: &[
        Code::new("310000", Meaning::SetUpWrong)
            .with("keyword")
            .advise("the robot wants a word in each message: set keyword to one of its words"),
        Code::new("310000", Meaning::SetUpWrong)
            .with("timestamp")
            .advise("the time of the signature is too far off: set this machine's clock by NTP"),
        Code::new("310000", Meaning::SetUpWrong)
            .with("sign")
            .advise("secret is not the one that the robot shows under 加签, or it has none"),
        Code::new("310000", Meaning::SetUpWrong).with("ip").advise(
            "the robot takes messages of certain addresses alone, and this machine's is not among them",
        ),
        Code::new("310000", Meaning::SetUpWrong).advise("see the robot's security settings"),
        Code::new("130101", Meaning::Throttled(BLOCKED)).advise("a robot takes 20 messages a minute"),
        Code::new("410100", Meaning::Throttled(BLOCKED)).advise("a robot takes 20 messages a minute"),
        Code::new("300001", Meaning::SetUpWrong)
            .advise("the token in url is not that of a robot; copy the address again"),
        Code::new("400013", Meaning::SetUpWrong).advise("the group was dissolved"),
        Code::new("400101", Meaning::SetUpWrong)
            .advise("the token in url is not that of a robot; copy the address again"),
        Code::new("400102", Meaning::SetUpWrong).advise("the robot was switched off"),
        Code::new("430101", Meaning::Refused),
        Code::new("430102", Meaning::Refused),
        Code::new("430103", Meaning::Refused),
        Code::new("430104", Meaning::Refused),
        Code::new("460101", Meaning::Refused).advise("the message is too long"),
    ],
};

/// The keys of `kind = "dingtalk"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DingtalkSettings {
    /// The robot's address, as the group shows it. It is a secret: who has it can write.
    url: SecretSource,
    /// What messages are signed with (加签), if the robot wants that; begins with `SEC`.
    secret: Option<SecretSource>,
    /// A word that the robot wants in each message (自定义关键词).
    keyword: Option<String>,
    /// Whom a message calls: mobile numbers of members, or `"all"`. Default: nobody.
    #[serde(default)]
    mention: Vec<String>,
}

impl ChatKind for DingtalkSettings {
    const NAME: &'static str = "dingtalk";
    const DOC: &'static str = include_str!("dingtalk.md");
    const LIMITS: Limits = Limits::per_minute(20);

    fn form(&self) -> Form {
        Form::markdown("dingtalk.md", Form::full_width).at_most(15_000, Form::bytes)
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

    fn request(&self, post: &Post<'_>) -> Request {
        let called: Vec<&String> = self.mention.iter().filter(|one| *one != "all").collect();
        let mut text = post.text.body.clone();
        // Only who is named in the text is called.
        for mobile in &called {
            text.push_str(&format!(" @{mobile}"));
        }
        if let Some(word) = self.keyword.as_ref().filter(|word| !text.contains(*word)) {
            text.push_str(&format!("\n\n{word}"));
        }
        let mut url = post.url.clone();
        if let Some(secret) = post.secret("secret") {
            let time = post.now.timestamp_millis().to_string();
            let signature = sign(secret.expose(), &format!("{time}\n{}", secret.expose()));
            url.query_pairs_mut()
                .append_pair("timestamp", &time)
                .append_pair("sign", &signature);
        }
        Request::post(url).dated().json(&json!({
            "msgtype": "markdown",
            "markdown": { "title": post.text.title, "text": text },
            "at": { "atMobiles": called, "isAtAll": called.len() < self.mention.len() },
        }))
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        CODES.judge(response)
    }
}
