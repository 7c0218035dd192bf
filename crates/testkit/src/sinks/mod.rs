//! What channels talk to, one a file: each checks what is posted the way its provider does, counts as the provider counts, and
//! answers with the provider's codes. What it took is kept for the test to read.

mod alertmanager;
mod aliyun_sms;
mod dingtalk;
mod feishu;
mod ntfy;
mod rates;
mod slack;
mod telegram;
mod twilio;
mod webhook;
mod wecom;

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use monitor_domain::SharedClock;
use monitor_simulator::http::{Answer, HttpServer, Request};
use serde_json::Value;

pub use alertmanager::Alertmanager;
pub use aliyun_sms::AliyunSms;
pub use dingtalk::Dingtalk;
pub use feishu::Feishu;
pub use ntfy::Ntfy;
pub use rates::Rates;
pub use slack::Slack;
pub use telegram::Telegram;
pub use twilio::Twilio;
pub use webhook::Webhook;
pub use wecom::Wecom;

/// A provider: what it makes of a post.
pub trait Provider: Send + 'static {
    /// The path that posts go to, with its query: the end of the channel's `url`.
    fn path(&self) -> String;

    /// Takes a post, as the text that people see, or refuses it.
    ///
    /// # Errors
    /// The provider's answer to what it refuses.
    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer>;

    /// What it answers to what it took.
    fn thanks(&self) -> Answer;
}

/// One message that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What people see, in the provider's markup.
    pub text: String,
    /// What of that the provider reads as markup: all of it, nothing, or a part.
    pub markup: String,
    /// The body, where it is JSON.
    pub body: Value,
}

/// What was taken, and when.
type Kept = Arc<Mutex<Vec<(DateTime<Utc>, Taken)>>>;

/// A provider on a free port of 127.0.0.1. It is an [`HttpServer`]: a test can script faults, read the log of requests, stop it
/// and start it again.
#[derive(Clone, Debug)]
pub struct Sink {
    server: HttpServer,
    path: String,
    taken: Kept,
}

impl Sink {
    /// Starts a provider that goes by `clock`.
    ///
    /// # Errors
    /// 127.0.0.1 has no free port.
    pub async fn start(provider: impl Provider, clock: SharedClock) -> io::Result<Sink> {
        let path = provider.path();
        let taken = Kept::default();
        let (kept, provider) = (Arc::clone(&taken), Mutex::new(provider));
        let server = HttpServer::start_on(0, move |request: &Request| {
            if request.method != "POST" {
                return Answer::error(405, "method not allowed");
            }
            let now = clock.wall();
            let mut provider = lock(&provider);
            let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            match provider.take(request, now) {
                Ok(one) => {
                    lock(&kept).push((now, one));
                    provider.thanks()
                }
                Err(refusal) => refusal,
            }
            .header("Date", &date)
        });
        Ok(Sink {
            server: server.await?,
            path,
            taken,
        })
    }

    /// The address that a channel is given.
    pub fn address(&self) -> String {
        format!("{}{}", self.server.url(), self.path)
    }

    /// What was taken, the oldest first.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.taken).iter().map(|(_, one)| one.clone()).collect()
    }

    /// When each was taken.
    pub fn times(&self) -> Vec<DateTime<Utc>> {
        lock(&self.taken).iter().map(|(at, _)| *at).collect()
    }
}

impl Deref for Sink {
    type Target = HttpServer;

    fn deref(&self) -> &HttpServer {
        &self.server
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// HMAC-SHA256 in Base64.
fn hmac_base64(key: &[u8], message: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(hmac_sha256(key, message))
}

/// HMAC-SHA256.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key of any length is one");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
