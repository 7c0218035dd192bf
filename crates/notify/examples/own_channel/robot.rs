//! A kind of channel in one file: a chat robot that takes `{"id","text"}` and says in the body whether it took it.

use std::time::Duration;

use monitor_domain::Finding;
use monitor_notify::{ChatKind, Code, Codes, Failure, Form, Limits, Meaning, Post};
use monitor_requests::{Request, Response, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What it says: `{"errcode":0,"errmsg":"ok"}` of a message that it took. What is not here passes: it is tried again.
const CODES: Codes = Codes {
    code: "errcode",
    words: "errmsg",
    taken: "0",
    others: &[
        Code::new("429", Meaning::Throttled(Duration::from_secs(60))).advise("it takes 20 messages a minute"),
        Code::new("93000", Meaning::SetUpWrong).advise("copy url from the room's settings again"),
        Code::new("40058", Meaning::Refused).advise("the message is malformed"),
    ],
};

/// The keys of `kind = "robot"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RobotSettings {
    /// The robot's address. It is a secret: who has it can write.
    url: SecretSource,
    /// The room to write into. Default: the robot's own.
    room: Option<String>,
}

impl ChatKind for RobotSettings {
    const NAME: &'static str = "robot";
    const DOC: &'static str = r#"Messages into a room of our chat.

```toml
[channels.oncall]
kind = "robot"
url = { env = "ROBOT_URL" }
room = "night-shift"
```
"#;
    const LIMITS: Limits = Limits::per_minute(20);

    fn form(&self) -> Form {
        Form::text("robot.txt").at_most(4_000, Form::characters)
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn check(&self) -> Vec<Finding> {
        let room = self.room.iter().filter(|room| room.contains(' '));
        room.map(|room| Finding::new("room", format!("{room:?} has a blank")))
            .collect()
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let (id, text) = (&post.notification.id, &post.text.body);
        Request::post(post.url.clone()).json(&json!({ "id": id, "room": self.room, "text": text }))
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        CODES.judge(response)
    }
}
