//! Proof that is made anew for each attempt: a signature over what is sent, with the time and a number in it that are used once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::{AGE, DATE};

use crate::{Request, Response, http_date};

/// Clocks of machines that are set by NTP differ by less; gateways let pass what differs by one minute at least.
const SKEW: Duration = Duration::from_secs(30);

/// Signs the requests of a client. Each attempt is signed by itself: one that is repeated has another time, and is no replay.
pub trait Signer: Send + Sync {
    /// Puts the signature into a request that is about to be sent.
    ///
    /// # Errors
    /// Why it cannot be signed; it is not sent then. Holds no secret.
    fn sign(&self, request: &mut Request, now: DateTime<Utc>) -> Result<(), String>;
}

/// What to do about the clocks, where those of the server and of this machine differ by more than signatures with a time bear.
pub(crate) fn skew_advice(headers: &HeaderMap, now: DateTime<Utc>) -> Option<String> {
    // A stored answer has the date of another one.
    if headers.contains_key(AGE) {
        return None;
    }
    let server = http_date::parse(headers.get(DATE)?.to_str().ok()?)?;
    let (ahead, apart) = match (now - server).to_std() {
        Ok(apart) => ("ahead of", apart),
        Err(_) => ("behind", (server - now).to_std().ok()?),
    };
    (apart > SKEW).then(|| {
        let apart = humantime::format_duration(Duration::from_secs(apart.as_secs()));
        format!(
            "this machine's clock is {apart} {ahead} the server's, and signatures are only good at their time: set both clocks by NTP"
        )
    })
}

impl Response {
    /// What to do about the clocks: of an answer to a request that was signed, by a server with another time than this machine's.
    /// It belongs to whatever is said of a refusal.
    pub fn skew_advice(&self) -> Option<&str> {
        self.skew.as_deref()
    }

    /// A text about this answer as a refusal, with that advice.
    #[must_use]
    pub fn advised(&self, why: String) -> String {
        match &self.skew {
            Some(advice) => format!("{why}; {advice}"),
            None => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn advice(headers: &[(HeaderName, &'static str)]) -> Option<String> {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        skew_advice(
            &headers.collect(),
            DateTime::from_timestamp(784_111_777, 0).unwrap(),
        )
    }

    #[test]
    fn clocks_that_differ_are_told_with_the_direction() {
        let behind = advice(&[(DATE, "Sun, 06 Nov 1994 08:56:38 GMT")]).unwrap();
        assert!(
            behind.starts_with("this machine's clock is 7m 1s behind the server's"),
            "{behind}"
        );
        let ahead = advice(&[(DATE, "Sun, 06 Nov 1994 08:49:06 GMT")]).unwrap();
        assert!(
            ahead.starts_with("this machine's clock is 31s ahead of the server's"),
            "{ahead}"
        );
    }

    #[test]
    fn nothing_is_said_where_they_do_not_or_nobody_knows() {
        for headers in [
            &[][..],
            &[(DATE, "Sun, 06 Nov 1994 08:49:07 GMT")],
            &[(DATE, "Sun, 06 Nov 1994 08:50:07 GMT")],
            &[(DATE, "yesterday")],
            &[(DATE, "Sun, 06 Nov 1994 06:00:00 GMT"), (AGE, "10177")],
        ] {
            assert_eq!(advice(headers), None, "{headers:?}");
        }
    }
}
