//! Each service that messages are posted to: how it is started, the channel that fits it, and how it refuses.

mod alertmanager;
mod dingtalk;
mod feishu;
mod ntfy;
mod slack;
mod sms_aliyun;
mod sms_twilio;
mod telegram;
mod webhook;
mod wecom;

use futures_util::future::BoxFuture;
use monitor_domain::SharedClock;
use monitor_testkit::sinks::Sink;
use toml::Table;

/// What is secret in every service of these tests.
pub(crate) const SECRET: &str = "SEChunter2-and-more";

/// A service and its kind of channel.
#[derive(Clone, Copy)]
pub(crate) struct Service {
    /// The kind of channel.
    pub(crate) kind: &'static str,
    /// Starts it; it goes by this clock.
    pub(crate) start: fn(SharedClock) -> BoxFuture<'static, Sink>,
    /// The keys of a channel that it takes messages from, but for those that tests set: `url` is its address.
    pub(crate) keys: fn(&Sink) -> Table,
    /// The keys of channels that are set up wrong, and what is said of each.
    pub(crate) wrong: &'static [Wrong],
    /// Answers of success that are none, and what is made of each.
    pub(crate) refusals: &'static [Refusal],
    /// How many messages it takes at one moment, where it counts them; and how long it wants to be left alone then, in seconds.
    pub(crate) burst: Option<(usize, u64)>,
    /// The most bytes of what people see.
    pub(crate) longest: usize,
}

/// A channel that is set up wrong.
#[derive(Clone, Copy)]
pub(crate) struct Wrong {
    /// What is set up wrong, as TOML that replaces keys; `URL` stands for the right address, `HOST` for the server.
    pub(crate) keys: &'static str,
    /// Words that name the cause or what to do.
    pub(crate) said: &'static str,
}

/// A refusal in the body of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    /// The body.
    pub(crate) body: &'static str,
    /// Whether the message is given up; the pipeline tries again otherwise.
    pub(crate) is_final: bool,
    /// After how many seconds at least.
    pub(crate) after: Option<u64>,
    /// Words of the reason.
    pub(crate) said: &'static str,
}

impl Refusal {
    const fn later(body: &'static str, said: &'static str) -> Refusal {
        Refusal {
            body,
            is_final: false,
            after: None,
            said,
        }
    }

    const fn after(body: &'static str, seconds: u64) -> Refusal {
        Refusal {
            after: Some(seconds),
            ..Refusal::later(body, "")
        }
    }

    const fn never(body: &'static str, said: &'static str) -> Refusal {
        Refusal {
            is_final: true,
            ..Refusal::later(body, said)
        }
    }
}

/// All of them.
pub(crate) const ALL: &[Service] = &[
    // One a line.
    wecom::SERVICE,
    dingtalk::SERVICE,
    feishu::SERVICE,
    slack::SERVICE,
    telegram::SERVICE,
    ntfy::SERVICE,
    webhook::SERVICE,
    alertmanager::SERVICE,
    sms_aliyun::SERVICE,
    sms_twilio::SERVICE,
];
