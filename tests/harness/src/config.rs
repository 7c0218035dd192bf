//! The config that a test runs with, as the text a person would write.

use monitor_simulator::{SmtpSink, SystemA, SystemB};

/// The simulated outside world.
pub struct Upstreams {
    pub a: SystemA,
    pub b: SystemB,
    pub mail: SmtpSink,
}

impl Upstreams {
    pub async fn start() -> Upstreams {
        Upstreams {
            a: SystemA::start().await,
            b: SystemB::start().await,
            mail: SmtpSink::start().await,
        }
    }
}

/// What differs from test to test.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `[metrics…]` sections.
    pub metrics: String,
    /// `interval` of the worker.
    pub interval: String,
    /// Recipients of mails.
    pub to: Vec<String>,
    /// `lang` of the web: of pages, reasons and mails.
    pub lang: String,
    /// More keys of `[web]`.
    pub web: String,
    /// More keys of `[worker]`.
    pub worker: String,
    /// More sections or keys at the end.
    pub more: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            metrics: "[metrics.x]\n[metrics.y]\n[metrics.z]\nalert = { above = 100, clear_below = 90 }\n"
                .into(),
            interval: "200ms".into(),
            to: vec!["ops@example.com".into()],
            lang: "en".into(),
            web: String::new(),
            worker: String::new(),
            more: String::new(),
        }
    }
}

impl Config {
    /// Other metrics.
    pub fn metrics(text: &str) -> Config {
        Config {
            metrics: text.into(),
            ..Config::default()
        }
    }

    /// The whole file.
    pub fn text(&self, database: &str, web: std::net::SocketAddr, world: &Upstreams) -> String {
        let Config {
            metrics,
            interval,
            to,
            lang,
            web: web_keys,
            worker,
            more,
        } = self;
        let (a, b, smtp) = (world.a.url(), world.b.url(), world.mail.url());
        let (user_a, password_a) = (world.a.username(), world.a.password());
        let (user_b, password_b) = (world.b.username(), world.b.password());
        format!(
            r#"
[database]
url = "{database}"

[web]
bind = "{web}"
lang = "{lang}"
{web_keys}

[worker]
interval = "{interval}"
shutdown = "2s"
listen = ""
{worker}

[requests]
timeout = "2s"
retries = 1

[systems.a]
kind = "system_a"
base_url = "{a}"
username = "{user_a}"
password = "{password_a}"

[systems.b]
kind = "system_b"
base_url = "{b}"
username = "{user_b}"
password = "{password_b}"

[alarm]
system = "b"

[channels.mail]
kind = "smtp"
url = "{smtp}"
from = "Monitor <monitor@example.com>"
to = {to:?}

{metrics}
{more}
"#
        )
    }
}
