//! A rate limit over a sliding window, counted the way the providers count: at most N in any minute.

use std::collections::VecDeque;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Remembers the last sends of one lane.
#[derive(Debug)]
pub(super) struct RateLimit {
    per_minute: Option<usize>,
    sent: VecDeque<Duration>,
}

impl RateLimit {
    /// At most `per_minute` in any 60 s; no limit for none.
    pub(super) fn new(per_minute: Option<u32>) -> RateLimit {
        RateLimit {
            per_minute: per_minute.map(|n| n.max(1) as usize),
            sent: VecDeque::new(),
        }
    }

    /// Another limit from now on. What was sent while there was none is not known.
    pub(super) fn limit(&mut self, per_minute: Option<u32>) {
        self.per_minute = per_minute.map(|n| n.max(1) as usize);
    }

    /// How many may be sent at `now`.
    pub(super) fn free(&mut self, now: Duration) -> usize {
        while self.sent.front().is_some_and(|at| *at + MINUTE <= now) {
            self.sent.pop_front();
        }
        self.per_minute
            .map_or(usize::MAX, |most| most.saturating_sub(self.sent.len()))
    }

    /// How long until at least one may be sent; zero if one may now.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        match (self.free(now), self.sent.front()) {
            (0, Some(oldest)) => (*oldest + MINUTE).saturating_sub(now),
            _ => Duration::ZERO,
        }
    }

    /// Counts one send that starts at `now`.
    pub(super) fn take(&mut self, now: Duration) {
        if self.per_minute.is_some() {
            self.sent.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn never_more_than_the_limit_in_any_minute() {
        let mut limit = RateLimit::new(Some(3));
        let mut sends = Vec::new();
        for now in (0..300).map(s) {
            while limit.free(now) > 0 {
                limit.take(now);
                sends.push(now);
            }
        }
        for start in 0..240 {
            let within = sends
                .iter()
                .filter(|at| (s(start)..s(start + 60)).contains(*at))
                .count();
            assert!(within <= 3, "{within} sends in the minute from {start}");
        }
        assert_eq!(sends.len(), 15, "and no less than it allows");
    }

    #[test]
    fn says_how_long_to_wait() {
        let mut limit = RateLimit::new(Some(1));
        assert_eq!(limit.wait(s(5)), Duration::ZERO);
        limit.take(s(5));
        assert_eq!(limit.wait(s(25)), s(40));
        assert_eq!(limit.wait(s(65)), Duration::ZERO);
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut limit = RateLimit::new(None);
        for _ in 0..1000 {
            limit.take(s(1));
        }
        assert_eq!(limit.free(s(1)), usize::MAX);
        assert!(limit.sent.is_empty(), "and costs no memory");
    }
}
