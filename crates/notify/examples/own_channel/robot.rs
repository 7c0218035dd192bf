//! A kind of channel in one file: a chat robot that takes `{"id","text"}` and says in the body whether it took it.

use std::sync::Arc;

use async_trait::async_trait;
use monitor_domain::Finding;
use monitor_notify::{
    BuildError, ChannelCommon, ChannelKind, ChannelSettings, Deps, Failure, Limits, Notification, Notifier,
    validate,
};
use monitor_requests::{Client, ClientConfig, Error, Request, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What it takes where the config says nothing.
const LIMITS: Limits = Limits {
    per_minute: Some(20),
    per_second: None,
    concurrency: 1,
};

/// The keys of `kind = "robot"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RobotSettings {
    /// The robot's address. It is a secret: who has it can write.
    pub(crate) url: SecretSource,
    /// The room to write into. Default: the robot's own.
    pub(crate) room: Option<String>,
}

impl ChannelKind for RobotSettings {
    const NAME: &'static str = "robot";
    const DOC: &'static str = r#"Messages into a room of our chat.

```toml
[channels.oncall]
kind = "robot"
url = { env = "ROBOT_URL" }
room = "night-shift"
```
"#;
}

impl ChannelSettings for RobotSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let url = match &self.url {
            SecretSource::Plain(url) => address(url.expose()).err(),
            _ => None,
        };
        let room = self.room.as_ref().filter(|room| room.contains(' '));
        url.into_iter()
            .chain(room.map(|room| Finding::new("room", format!("{room:?} has a blank"))))
            .collect()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey {
            key: "url",
            source: &self.url,
            warn_if_plain: true,
        }]
    }

    fn build(
        &self,
        name: &str,
        common: &ChannelCommon,
        deps: &Deps,
    ) -> Result<Arc<dyn Notifier>, BuildError> {
        validate(name, self, common)?;
        let setting = |finding| BuildError::setting(name, finding);
        let url = BuildError::resolve(name, "url", &self.url)?;
        let client = Client::new(ClientConfig::from(&deps.requests), deps.clock.clone())
            .map_err(|error| setting(Finding::new("", error.to_string())))?;
        Ok(Arc::new(Robot {
            name: name.to_owned(),
            url: address(url.expose()).map_err(setting)?,
            room: self.room.clone(),
            limits: common.limits(LIMITS),
            client,
        }))
    }
}

/// The message does not quote the address.
fn address(text: &str) -> Result<Url, Finding> {
    Url::parse(text).map_err(|error| {
        Finding::new(
            "url",
            format!("not a URL ({error}); copy it from the room's settings"),
        )
    })
}

struct Robot {
    name: String,
    url: Url,
    room: Option<String>,
    limits: Limits,
    client: Client,
}

/// What the robot takes.
#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    room: Option<&'a str>,
    text: &'a str,
}

/// What it says.
#[derive(Deserialize)]
struct Answer {
    errcode: i64,
    errmsg: String,
}

#[async_trait]
impl Notifier for Robot {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        RobotSettings::NAME
    }

    fn recipients(&self) -> Vec<String> {
        vec![String::new()] // the address is the recipient
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, notification: &Notification, _recipient: &str) -> Result<(), Failure> {
        let text = format!("{}: {}", notification.metric.title, notification.text);
        let request = Request::post(self.url.clone())
            .secret_url()
            .retries(0) // the pipeline tries again, and remembers across restarts
            .json(&Message {
                id: &notification.id,
                room: self.room.as_deref(),
                text: &text,
            });
        let answer = self.client.send(&request).await.map_err(later)?;
        // A 200 says that somebody answered; only the body says that the message was taken.
        match answer.require_success().and_then(|a| a.json()).map_err(later)? {
            Answer { errcode: 0, .. } => Ok(()),
            Answer { errcode, errmsg } => Err(Failure::permanent(format!("refused: {errcode} {errmsg}"))),
        }
    }

    async fn probe(&self) -> Result<(), Failure> {
        let request = Request::get(self.url.clone()).secret_url().retries(0);
        self.client.send(&request).await.map(drop).map_err(later)
    }
}

/// A wrong address gets repaired in the config, too: what waits for it must not be lost.
#[allow(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn later(error: Error) -> Failure {
    Failure::Transient {
        retry_after: error.retry_after(),
        reason: error.to_string(),
    }
}
