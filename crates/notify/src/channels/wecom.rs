//! WeCom: a group's robot. Facts: developer.work.weixin.qq.com/document/path/91770 (messages), /path/90313 (codes).

use std::time::Duration;

use monitor_requests::{Request, Response, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::http::{ChatKind, Code, Codes, Meaning, Post};
use crate::{Failure, Form, Limits};

const CODES: Codes = Codes {
    code: "errcode",
    words: "errmsg",
    taken: "0",
    others: &[
        Code::new("45009", Meaning::Throttled(Duration::from_secs(60)))
            .advise("a robot takes 20 messages a minute"),
        Code::new("93000", Meaning::SetUpWrong)
            .advise("the key in url is not that of a robot; copy the address again"),
        Code::new("40058", Meaning::Refused).advise("the message is too long or malformed"),
        Code::new("44004", Meaning::Refused),
    ],
};

/// The keys of `kind = "wecom"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WecomSettings {
    /// The robot's address, as the group shows it. It is a secret: who has it can write.
    url: SecretSource,
    /// Whom a message calls: mobile numbers of members, or `"@all"`. Messages are plain text then, of 2048 bytes, for no other
    /// kind can call anybody. Default: nobody.
    #[serde(default)]
    mention: Vec<String>,
}

impl ChatKind for WecomSettings {
    const NAME: &'static str = "wecom";
    const DOC: &'static str = include_str!("wecom.md");
    const LIMITS: Limits = Limits::per_minute(20);

    fn form(&self) -> Form {
        match self.mention.is_empty() {
            true => Form::markdown("wecom.md", Form::full_width).at_most(4096, Form::bytes),
            false => Form::text("wecom.txt").at_most(2048, Form::bytes),
        }
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let body = &post.text.body;
        Request::post(post.url.clone()).json(&match self.mention.is_empty() {
            true => json!({ "msgtype": "markdown", "markdown": { "content": body } }),
            false => json!({ "msgtype": "text", "text": { "content": body, "mentioned_mobile_list": self.mention } }),
        })
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        CODES.judge(response)
    }
}
