//! A rate limit over sliding windows, counted the way the providers count: at most N in any minute, and M in any second.

use std::collections::VecDeque;
use std::time::Duration;

use crate::outbox::Rate;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Remembers the last sends of one lane.
#[derive(Debug)]
pub(super) struct RateLimit {
    rate: Rate,
    sent: VecDeque<Duration>,
}

impl RateLimit {
    /// At most as many as `rate` says.
    pub(super) fn new(rate: Rate) -> RateLimit {
        RateLimit {
            rate,
            sent: VecDeque::new(),
        }
    }

    /// What it keeps to.
    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Another limit from now on. What was sent while there was none is not known.
    pub(super) fn limit(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// How many may be sent at `now`.
    pub(super) fn free(&mut self, now: Duration) -> usize {
        while self.sent.front().is_some_and(|at| *at + MINUTE <= now) {
            self.sent.pop_front();
        }
        let free = |(window, most): (Duration, usize)| most.saturating_sub(self.within(window, now).count());
        windows(self.rate).map(free).min().unwrap_or(usize::MAX)
    }

    /// How long until at least one may be sent; zero if one may now.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        if self.free(now) > 0 {
            return Duration::ZERO;
        }
        // In each window that is full, the oldest of the last `most` has to leave it.
        let waits = windows(self.rate).filter_map(|(window, most)| {
            let oldest = self.within(window, now).nth(most - 1)?;
            Some((oldest + window).saturating_sub(now))
        });
        waits.max().unwrap_or_default()
    }

    /// When those were sent that are in a window which ends now; the newest first.
    fn within(&self, window: Duration, now: Duration) -> impl Iterator<Item = Duration> {
        let newest = self.sent.iter().rev().copied();
        newest.take_while(move |at| *at + window > now)
    }

    /// Counts one send that starts at `now`.
    pub(super) fn take(&mut self, now: Duration) {
        if self.rate != Rate::default() {
            self.sent.push_back(now);
        }
    }
}

/// The windows that have a limit, with it.
fn windows(rate: Rate) -> impl Iterator<Item = (Duration, usize)> {
    let all = [(MINUTE, rate.per_minute), (SECOND, rate.per_second)];
    all.into_iter()
        .filter_map(|(window, most)| Some((window, most?.max(1) as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn a_minute(messages: u32) -> Rate {
        Rate {
            per_minute: Some(messages),
            per_second: None,
        }
    }

    #[test]
    fn each_window_is_kept_to() {
        let ms = Duration::from_millis;
        let mut limit = RateLimit::new(Rate {
            per_minute: Some(12),
            per_second: Some(5),
        });
        let mut sends = Vec::new();
        let mut now = Duration::ZERO;
        while now < s(120) {
            match limit.wait(now) {
                Duration::ZERO => {
                    limit.take(now);
                    sends.push(now);
                    now += ms(7);
                }
                pause => {
                    assert_eq!(limit.free(now), 0);
                    now += pause;
                    assert!(limit.free(now) > 0, "what it waited for has come");
                }
            }
        }
        for from in &sends {
            let within = |window| {
                sends
                    .iter()
                    .filter(|at| (*from..*from + window).contains(*at))
                    .count()
            };
            assert!(within(s(1)) <= 5 && within(s(60)) <= 12, "from {from:?}");
        }
        assert_eq!(sends.len(), 24, "and no less than it allows");
        assert_eq!(sends[4..6], [ms(28), s(1)]);
    }

    #[test]
    fn never_more_than_the_limit_in_any_minute() {
        let mut limit = RateLimit::new(a_minute(3));
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
        let mut limit = RateLimit::new(a_minute(1));
        assert_eq!(limit.wait(s(5)), Duration::ZERO);
        limit.take(s(5));
        assert_eq!(limit.wait(s(25)), s(40));
        assert_eq!(limit.wait(s(65)), Duration::ZERO);
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut limit = RateLimit::new(Rate::default());
        for _ in 0..1000 {
            limit.take(s(1));
        }
        assert_eq!(limit.free(s(1)), usize::MAX);
        assert!(limit.sent.is_empty(), "and costs no memory");
    }
}
