//! What is requested of a real server, and what is read of its answers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod chain;
mod items;
mod page;
mod secrets;
mod sharing;
mod templates;

use std::sync::Arc;

use monitor_domain::{Finding, SystemClock};
use monitor_login::{NoLoginSettings, SystemSettings};
use monitor_requests::RequestsSettings;
use monitor_simulator::http::{Answer, HttpServer, Request};
use monitor_upstream::{
    Details, DetailsSettings, Fetch, FetchSettings, Poll, Systems, Tick, UpstreamError, Upstreams,
};

/// A server as system `shop`, which nobody has to sign in to.
struct Shop {
    server: HttpServer,
    upstreams: Upstreams,
}

impl Shop {
    async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Shop {
        let server = HttpServer::start(answer).await;
        let upstreams = Upstreams::new(systems(&server, ""));
        Shop { server, upstreams }
    }

    async fn read(&self, fetch: &str) -> Result<f64, UpstreamError> {
        self.read_in(fetch, &Poll::default()).await
    }

    async fn read_in(&self, text: &str, poll: &Poll) -> Result<f64, UpstreamError> {
        self.upstreams.read(&fetch(text), poll).await
    }

    /// All that was requested, in its order: method, path and query.
    fn lines(&self) -> Vec<String> {
        let line = |request: &Request| match request.query.as_str() {
            "" => format!("{} {}", request.method, request.path),
            query => format!("{} {}?{query}", request.method, request.path),
        };
        self.server.requests().iter().map(line).collect()
    }
}

/// The server as a system, with more of its keys.
fn systems(server: &HttpServer, keys: &str) -> Systems {
    let common = format!("base_url = \"{}\"\nretries = 0\n{keys}", server.url());
    let settings = SystemSettings {
        common: toml::from_str(&common).unwrap(),
        login: Arc::new(NoLoginSettings::default()),
    };
    let requests = RequestsSettings::default();
    let system = settings.build("shop", &requests, SystemClock::shared()).unwrap();
    Systems::from([("shop".to_owned(), system)])
}

fn settings(text: &str) -> FetchSettings {
    let text = format!("system = \"shop\"\n{text}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fetch(text: &str) -> Fetch {
    settings(text)
        .compile()
        .unwrap_or_else(|found| panic!("{text}: {found:?}"))
}

/// What is wrong with a fetch.
fn mistakes(text: &str) -> Vec<Finding> {
    settings(text).check()
}

fn details(text: &str) -> Details {
    let settings: DetailsSettings = toml::from_str(&format!("system = \"shop\"\n{text}")).unwrap();
    settings
        .compile()
        .unwrap_or_else(|found| panic!("{text}: {found:?}"))
}

fn poll(key: &str, previous: f64, tick: &Tick) -> Poll {
    Poll {
        key: key.to_owned(),
        previous: Some(previous),
        tick: tick.clone(),
    }
}
