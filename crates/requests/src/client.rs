//! The client: attempts, limits, retries, the breaker and the log line of each attempt.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};

use crate::breaker::{Breakers, Closed};
use crate::classify::{self, Failure};
use crate::mask::Mask;
use crate::signer::skew_advice;
use crate::{
    BuildError, ClientConfig, Error, ErrorKind, Phase, Request, Response, content_encoding, retry, transport,
};
use monitor_domain::SharedClock;

/// An HTTP client; copies share connections, breakers and everything else.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    /// The same, but it keeps no connection.
    http_on_new_connections: reqwest::Client,
    config: ClientConfig,
    clock: SharedClock,
    breakers: Breakers,
    rng: Mutex<fastrand::Rng>,
}

/// What one attempt brought.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    /// A client of this configuration. Timeouts of attempts, back-off and the breaker go by `clock`.
    ///
    /// # Errors
    /// [`BuildError`] that names the key of the configuration that is wrong.
    pub fn new(config: ClientConfig, clock: SharedClock) -> Result<Client, BuildError> {
        let http = transport::build(&config, usize::MAX)?;
        let http_on_new_connections = transport::build(&config, 0)?;
        let breakers = Breakers::new(config.breaker_failures, config.breaker_open);
        let rng = Mutex::new(fastrand::Rng::new());
        Ok(Client {
            inner: Arc::new(Inner {
                http,
                http_on_new_connections,
                config,
                clock,
                breakers,
                rng,
            }),
        })
    }

    /// Sends the request, again where that is safe and may help, and gives the last answer whatever its status.
    ///
    /// Redirects are not followed: see [`Response::location`]. A request that may be repeated is sent again after
    /// transport errors and 429, 500, 502, 503, 504; any other only when nothing was sent. Waits grow from
    /// `backoff_min` to `backoff_max`; a longer `Retry-After` is waited for while it fits into the time budget
    /// (`timeout` × (`retries` + 1)), and otherwise ends the retrying; the path is then left alone for as long as that,
    /// ten minutes at most.
    ///
    /// # Errors
    /// [`Error`] of the last attempt that brought no answer.
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        let Inner {
            config,
            clock,
            breakers,
            ..
        } = &*self.inner;
        let shown_url = request.shown_url();
        let started = clock.monotonic();
        let limit = request.timeout.unwrap_or(config.timeout);
        let retries = request.retries.unwrap_or(config.retries);
        let budget = limit.saturating_mul(retries.saturating_add(1));
        let not_sent = |kind| {
            let failure = Failure { kind, sent: false };
            Err(failed(request, &shown_url, failure, (0, Duration::ZERO)))
        };
        if let Some(problem) = &request.problem {
            return not_sent(ErrorKind::Other(problem.clone()));
        }
        let mut last = None;
        let mut attempts = 0;
        loop {
            let signed = match self.signed(request) {
                Ok(signed) => signed,
                Err(why) => return not_sent(ErrorKind::Other(why)),
            };
            let guarded = (!request.past_breaker).then(|| breakers.acquire(&request.url, clock.monotonic()));
            let permit = match guarded.transpose() {
                Ok(permit) => permit,
                Err(Closed { retry_in, cause }) => {
                    return last.unwrap_or_else(|| not_sent(ErrorKind::CircuitOpen { retry_in, cause }));
                }
            };
            attempts += 1;
            let before = clock.monotonic();
            let answer = self.attempt(&signed, limit).await;
            let now = clock.monotonic();
            let elapsed = now.saturating_sub(started);
            let outcome = match answer {
                Ok(answer) => Ok(self.answered((request, &signed), &shown_url, answer, (attempts, elapsed))),
                Err(failure) => Err(failed(request, &shown_url, failure, (attempts, elapsed))),
            };
            if let Some(permit) = permit {
                match retry::is_hosts_failure(&outcome) {
                    true => permit.failure(now, cause(&outcome)),
                    false => permit.success(),
                }
            }
            log_attempt(
                &request.method,
                &shown_url,
                &outcome,
                attempts,
                now.saturating_sub(before),
            );

            let wanted = outcome
                .as_ref()
                .ok()
                .filter(|response| retry::says_not_now(response))
                .and_then(|response| response.retry_after(clock.wall()));
            let wait = self.backoff(attempts).max(wanted.unwrap_or_default());
            let is_last = attempts > retries
                || !retry::worth_another(request, &outcome)
                || elapsed.saturating_add(wait) > budget
                || (!request.past_breaker && breakers.is_open(&request.url, now.saturating_add(wait)));
            if is_last {
                if let Some(wanted) = wanted {
                    breakers.leave_alone(&request.url, now, wanted, cause(&outcome));
                }
                return outcome;
            }
            last = Some(outcome);
            clock.sleep(wait).await;
        }
    }

    /// The clock this client goes by.
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// What this client was made with.
    pub fn config(&self) -> &ClientConfig {
        &self.inner.config
    }

    async fn attempt(&self, request: &Request, limit: Duration) -> Result<Answer, Failure> {
        let headed = AtomicBool::new(false);
        let whole = self.exchange(request, &headed);
        match monitor_domain::timeout(&*self.inner.clock, limit, whole).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let phase = if headed.load(Ordering::Relaxed) {
                    Phase::Body
                } else {
                    Phase::FirstByte
                };
                Err(Failure {
                    kind: ErrorKind::Timeout { phase, after: limit },
                    sent: true,
                })
            }
        }
    }

    async fn exchange(&self, request: &Request, headed: &AtomicBool) -> Result<Answer, Failure> {
        let config = &self.inner.config;
        let http = if request.on_new_connection {
            &self.inner.http_on_new_connections
        } else {
            &self.inner.http
        };
        let mut builder = http
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut response = builder
            .send()
            .await
            .map_err(|error| classify::before_head(error, config.connect_timeout))?;
        headed.store(true, Ordering::Relaxed);
        let too_large = || Failure {
            kind: ErrorKind::TooLarge {
                limit: config.max_body,
            },
            sent: true,
        };
        // What the head announces need not be read first. (The answer to a HEAD announces what it does not send.)
        let announced = response
            .content_length()
            .filter(|_| request.method != Method::HEAD);
        if announced.is_some_and(|length| length > config.max_body) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(classify::in_body)? {
            if body.len() as u64 + chunk.len() as u64 > config.max_body {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let mut headers = std::mem::take(response.headers_mut());
        let body = content_encoding::decode(&mut headers, body.freeze(), config.max_body)
            .map_err(|kind| Failure { kind, sent: true })?;
        Ok(Answer {
            status: response.status(),
            headers,
            body,
        })
    }

    /// The request as it is sent now: with a signature, where this client signs.
    fn signed<'r>(&self, request: &'r Request) -> Result<Cow<'r, Request>, String> {
        let Inner { config, clock, .. } = &*self.inner;
        let Some(signer) = &config.signer else {
            return Ok(Cow::Borrowed(request));
        };
        let mut signed = request.clone();
        signer.sign(&mut signed, clock.wall())?;
        Ok(Cow::Owned(signed))
    }

    /// An answer, as whoever sent the request gets it.
    fn answered(
        &self,
        (request, signed): (&Request, &Request),
        shown_url: &str,
        answer: Answer,
        (attempts, elapsed): (u32, Duration),
    ) -> Response {
        let Inner { config, clock, .. } = &*self.inner;
        let Answer {
            status,
            headers,
            body,
        } = answer;
        // A server that fails refuses no signature.
        let is_dated = (config.signer.is_some() || request.dated) && !status.is_server_error();
        Response {
            skew: is_dated.then(|| skew_advice(&headers, clock.wall())).flatten(),
            status,
            headers,
            body,
            url: request.url.clone(),
            method: request.method.clone(),
            attempts,
            elapsed,
            shown_url: shown_url.to_owned(),
            mask: Mask::of(signed, config),
        }
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let Inner { config, rng, .. } = &*self.inner;
        let mut rng = rng.lock().unwrap_or_else(PoisonError::into_inner);
        retry::backoff(config.backoff_min, config.backoff_max, attempt, &mut rng)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

/// How an attempt failed, for those who come after it.
fn cause(outcome: &Result<Response, Error>) -> String {
    match outcome {
        Ok(response) => ErrorKind::Status {
            status: response.status.as_u16(),
            retry_after: None,
            excerpt: String::new(),
        }
        .to_string(),
        Err(error) => error.kind.to_string(),
    }
}

/// A failure, with what it is about.
fn failed(
    request: &Request,
    shown_url: &str,
    failure: Failure,
    (attempts, elapsed): (u32, Duration),
) -> Error {
    Error {
        kind: failure.kind,
        method: request.method.clone(),
        url: shown_url.to_owned(),
        attempts,
        elapsed,
        sent: failure.sent,
    }
}

fn log_attempt(method: &Method, url: &str, outcome: &Result<Response, Error>, attempt: u32, took: Duration) {
    // What came of the request is the caller's to say, who knows whether that is news.
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(response) => {
            let status = response.status.as_u16();
            log::debug!(status, ms, attempt; "{method} {url}: {status}");
        }
        Err(error) => log::debug!(ms, attempt; "{method} {url}: {}", error.kind),
    }
}
