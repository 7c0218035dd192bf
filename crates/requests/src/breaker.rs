//! The circuit breaker: a host that keeps failing is left alone for a while, then tried by one request. And a path
//! whose host demands it (`Retry-After`) is left alone for as long as that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use monitor_domain::counted;
use url::Url;

/// What to say to those who come while the one trial request is on its way.
const WHILE_TRYING: Duration = Duration::from_secs(1);
/// The longest that a path is left alone because its host demands it: a monitor that is sent away for a day reads nothing.
const LONGEST_DEMANDED: Duration = Duration::from_secs(600);
/// More paths than that are not remembered.
const MAX_ASKED: usize = 1_024;

/// The breakers of a client, one for each scheme, host and port. Hosts that work take no room.
#[derive(Debug)]
pub(crate) struct Breakers {
    failures: u32,
    open: Duration,
    hosts: Mutex<HashMap<String, Host>>,
    /// The paths that their host wants left alone: until when, and in what words.
    demanded: Mutex<HashMap<String, (Duration, String)>>,
}

/// Why there is no leave to send a request, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) retry_in: Duration,
    pub(crate) cause: String,
}

#[derive(Debug, Default)]
struct Host {
    failures: u32,
    /// Set once it failed too often; after this instant one request may try.
    open_until: Option<Duration>,
    trying: bool,
    /// How it failed the last time.
    cause: String,
}

/// The leave to send one request. Dropped without a verdict (the caller gave up), it counts for nothing.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breakers: &'a Breakers,
    host: String,
    trial: bool,
    judged: bool,
}

impl Breakers {
    /// Opens after `failures` in a row (0: never) for `open`.
    pub(crate) fn new(failures: u32, open: Duration) -> Breakers {
        Breakers {
            failures,
            open,
            hosts: Mutex::default(),
            demanded: Mutex::default(),
        }
    }

    /// Leaves this path alone for as long as its host demands, within reason. Its other paths are called all the same: each
    /// has a limit of its own, or says so itself.
    pub(crate) fn leave_alone(&self, url: &Url, now: Duration, demanded: Duration, cause: String) {
        let mut paths = self.demanded.lock().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|_, (until, _)| now < *until);
        if paths.len() < MAX_ASKED {
            paths.insert(place(url), (now + demanded.min(LONGEST_DEMANDED), cause));
        }
    }

    fn demanded(&self, url: &Url, now: Duration) -> Option<Closed> {
        let paths = self.demanded.lock().unwrap_or_else(PoisonError::into_inner);
        if paths.is_empty() {
            return None;
        }
        let (until, cause) = paths.get(&place(url)).filter(|(until, _)| now < *until)?;
        Some(Closed {
            retry_in: *until - now,
            cause: cause.clone(),
        })
    }

    /// Leave to send a request to the URL's host, or how long there is none.
    pub(crate) fn acquire(&self, url: &Url, now: Duration) -> Result<Permit<'_>, Closed> {
        if let Some(closed) = self.demanded(url, now) {
            return Err(closed);
        }
        let host = url.origin().ascii_serialization();
        let mut trial = false;
        if let Some(state) = self.hosts().get_mut(&host)
            && let Some(until) = state.open_until
        {
            let closed = |retry_in| {
                let cause = state.cause.clone();
                Err(Closed { retry_in, cause })
            };
            if now < until {
                return closed(until - now);
            }
            if state.trying {
                return closed(self.open.min(WHILE_TRYING));
            }
            state.trying = true;
            trial = true;
        }
        Ok(Permit {
            breakers: self,
            host,
            trial,
            judged: false,
        })
    }

    /// Whether there would be no leave at `then`.
    pub(crate) fn is_open(&self, url: &Url, then: Duration) -> bool {
        let host = url.origin().ascii_serialization();
        self.hosts()
            .get(&host)
            .and_then(|state| state.open_until)
            .is_some_and(|until| then < until)
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        // Each change is a single step: what a panicking thread left behind is whole.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The host answered.
    pub(crate) fn success(mut self) {
        self.judged = true;
        if self
            .breakers
            .hosts()
            .remove(&self.host)
            .is_some_and(|state| state.open_until.is_some())
        {
            log::info!(host = self.host.as_str(); "{} answers again", self.host);
        }
    }

    /// The host failed at `now`, so.
    pub(crate) fn failure(mut self, now: Duration, cause: String) {
        self.judged = true;
        let Breakers {
            failures: limit,
            open,
            ..
        } = *self.breakers;
        if limit == 0 {
            return;
        }
        let mut hosts = self.breakers.hosts();
        let state = hosts.entry(self.host.clone()).or_default();
        state.failures = state.failures.saturating_add(1);
        state.cause = cause;
        if self.trial {
            state.trying = false;
            state.open_until = Some(now + open);
        } else if state.open_until.is_none() && state.failures >= limit {
            state.open_until = Some(now + open);
            let (host, wait) = (self.host.as_str(), humantime::format_duration(open));
            log::warn!(host; "{host} failed {} in a row and is left alone for {wait}", counted(limit, "time"));
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.trial
            && !self.judged
            && let Some(state) = self.breakers.hosts().get_mut(&self.host)
        {
            state.trying = false;
        }
    }
}

/// A path of a host, without its query, which may hold a time or a key.
fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn url() -> Url {
        Url::parse("https://a.example/some/path").unwrap()
    }

    fn closed(seconds: u32) -> Closed {
        Closed {
            retry_in: seconds * SECOND,
            cause: "broken".to_owned(),
        }
    }

    fn fail(breakers: &Breakers, times: u32, now: Duration) {
        for _ in 0..times {
            breakers
                .acquire(&url(), now)
                .unwrap()
                .failure(now, "broken".to_owned());
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_only_for_that_host() {
        let breakers = Breakers::new(3, 10 * SECOND);
        fail(&breakers, 2, SECOND);
        breakers.acquire(&url(), SECOND).unwrap().success();
        fail(&breakers, 2, SECOND);
        assert!(breakers.acquire(&url(), SECOND).is_ok());
        fail(&breakers, 1, SECOND);
        assert_eq!(breakers.acquire(&url(), 4 * SECOND).unwrap_err(), closed(7));
        for other in [
            "http://a.example/",
            "https://a.example:444/",
            "https://b.example/",
        ] {
            assert!(
                breakers.acquire(&Url::parse(other).unwrap(), 4 * SECOND).is_ok(),
                "{other}"
            );
        }
    }

    #[test]
    fn half_open_lets_one_through_and_its_verdict_counts() {
        let breakers = Breakers::new(1, 10 * SECOND);
        fail(&breakers, 1, Duration::ZERO);
        let trial = breakers.acquire(&url(), 10 * SECOND).unwrap();
        assert_eq!(breakers.acquire(&url(), 10 * SECOND).unwrap_err(), closed(1));
        trial.failure(11 * SECOND, "broken".to_owned());
        assert_eq!(breakers.acquire(&url(), 12 * SECOND).unwrap_err(), closed(9));
        breakers.acquire(&url(), 21 * SECOND).unwrap().success();
        assert!(breakers.acquire(&url(), 21 * SECOND).is_ok());
        assert!(breakers.hosts().is_empty(), "a host that works takes no room");
    }

    #[test]
    fn a_trial_that_was_given_up_lets_the_next_one_try() {
        let breakers = Breakers::new(1, 10 * SECOND);
        fail(&breakers, 1, Duration::ZERO);
        drop(breakers.acquire(&url(), 10 * SECOND).unwrap());
        assert!(breakers.acquire(&url(), 10 * SECOND).is_ok());
    }

    #[test]
    fn late_failures_of_requests_that_were_on_their_way_do_not_prolong_it() {
        let breakers = Breakers::new(1, 10 * SECOND);
        let late = breakers.acquire(&url(), Duration::ZERO).unwrap();
        fail(&breakers, 1, Duration::ZERO);
        late.failure(5 * SECOND, "broken".to_owned());
        assert!(breakers.acquire(&url(), 10 * SECOND).is_ok());
    }

    #[test]
    fn zero_turns_it_off() {
        let breakers = Breakers::new(0, 10 * SECOND);
        fail(&breakers, 100, Duration::ZERO);
        assert!(breakers.acquire(&url(), Duration::ZERO).is_ok());
    }

    #[test]
    fn a_path_that_demanded_for_it_is_left_alone_within_reason_and_no_other() {
        let breakers = Breakers::new(3, 10 * SECOND);
        breakers.leave_alone(&url(), SECOND, 30 * SECOND, "broken".to_owned());
        let with_query = Url::parse("https://a.example/some/path?at=9").unwrap();
        assert_eq!(breakers.acquire(&with_query, 2 * SECOND).unwrap_err(), closed(29));
        let other = Url::parse("https://a.example/other").unwrap();
        assert!(breakers.acquire(&other, 2 * SECOND).is_ok());
        assert!(breakers.acquire(&url(), 31 * SECOND).is_ok());
        breakers.leave_alone(&url(), SECOND, Duration::MAX, "broken".to_owned());
        assert_eq!(breakers.acquire(&url(), SECOND).unwrap_err(), closed(600));
    }
}
