//! When a request is sent again, and after how long.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::{Error, ErrorKind, Request, Response, http_date};

/// Statuses that say "not now": worth another attempt when the request may be repeated.
const TRY_AGAIN: [StatusCode; 5] = [
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

impl Response {
    /// How long the server wants to be left alone (RFC 9110, 10.2.3: seconds or a date); zero for a date gone by.
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
            // More digits than fit are still "a very long time".
            return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
        }
        let at = http_date::parse(value)?;
        Some((at - now).to_std().unwrap_or(Duration::ZERO))
    }
}

/// Whether the answer is one whose `Retry-After` demands to be left alone (RFC 9110 10.2.3, RFC 6585 4).
pub(crate) fn says_not_now(response: &Response) -> bool {
    matches!(
        response.status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// Whether this outcome of an attempt is worth another one.
pub(crate) fn worth_another(request: &Request, outcome: &Result<Response, Error>) -> bool {
    match outcome {
        Ok(response) => request.may_repeat() && TRY_AGAIN.contains(&response.status),
        Err(error) => match error.kind {
            ErrorKind::Dns | ErrorKind::Connect(_) | ErrorKind::Timeout { .. } | ErrorKind::Truncated => {
                request.may_repeat() || error.nothing_sent()
            }
            // A certificate will not be another one within seconds.
            _ => false,
        },
    }
}

/// Whether this outcome counts against the host: it did not answer as it should, by no fault of the request.
pub(crate) fn is_hosts_failure(outcome: &Result<Response, Error>) -> bool {
    match outcome {
        Ok(response) => response.status.is_server_error(),
        Err(error) => match error.kind {
            ErrorKind::Dns
            | ErrorKind::Connect(_)
            | ErrorKind::Tls(_)
            | ErrorKind::Timeout { .. }
            | ErrorKind::Truncated => true,
            ErrorKind::TooLarge { .. }
            | ErrorKind::Status { .. }
            | ErrorKind::CircuitOpen { .. }
            | ErrorKind::Decode(_)
            | ErrorKind::Other(_) => false,
        },
    }
}

/// The wait after attempt number `attempt` (from 1): anything up to `min`, doubled with each attempt, at most `max`.
///
/// All of it is chance ("full jitter"), so that those who failed together do not come back together.
pub(crate) fn backoff(min: Duration, max: Duration, attempt: u32, rng: &mut fastrand::Rng) -> Duration {
    let doubled = min.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(max).mul_f64(rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_are_spread_over_all_of_it() {
        let mut rng = fastrand::Rng::with_seed(1);
        let (min, max) = (Duration::from_millis(100), Duration::from_secs(2));
        for (attempt, most) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1_600),
            (6, 2_000),
            (u32::MAX, 2_000),
        ] {
            let waits: Vec<_> = (0..200).map(|_| backoff(min, max, attempt, &mut rng)).collect();
            let most = Duration::from_millis(most);
            assert!(waits.iter().all(|wait| *wait <= most), "attempt {attempt}");
            assert!(
                waits.iter().any(|wait| *wait > most.mul_f64(0.9)),
                "attempt {attempt}"
            );
            assert!(
                waits.iter().any(|wait| *wait < most.mul_f64(0.1)),
                "attempt {attempt}"
            );
        }
    }
}
