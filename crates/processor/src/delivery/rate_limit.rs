//! A rate limit over sliding windows, counted the way the providers count: at most N in any minute, and M in any second.
//!
//! A provider counts a message when it arrives, which is some time between the beginning of the attempt and its end. So one counts
//! for as long as it is under way, and for a window from its end on: otherwise a message that was long on its way and a quick one
//! a window later would arrive closer together than they were sent.

use std::collections::VecDeque;
use std::time::Duration;

use crate::outbox::Rate;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Remembers the last sends of one lane.
#[derive(Debug)]
pub(super) struct RateLimit {
    rate: Rate,
    /// Sends that began and have not ended.
    under_way: usize,
    /// When those that ended did, for as long as they count.
    ended: VecDeque<Duration>,
}

impl RateLimit {
    /// At most as many as `rate` says.
    pub(super) fn new(rate: Rate) -> RateLimit {
        RateLimit {
            rate,
            under_way: 0,
            ended: VecDeque::new(),
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
        while self.ended.front().is_some_and(|at| *at + MINUTE <= now) {
            self.ended.pop_front();
        }
        let counted = |window| self.within(window, now).count() + self.under_way;
        let free = |(window, most): (Duration, usize)| most.saturating_sub(counted(window));
        windows(self.rate).map(free).min().unwrap_or(usize::MAX)
    }

    /// How long until at least one may be sent only because time has passed; zero if one may now, or once one has ended that is
    /// under way.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        if self.free(now) > 0 {
            return Duration::ZERO;
        }
        // In each window that is full, the oldest of the last `most` has to leave it.
        let waits = windows(self.rate).filter_map(|(window, most)| {
            let last = most.checked_sub(self.under_way + 1)?;
            let oldest = self.within(window, now).nth(last)?;
            Some((oldest + window).saturating_sub(now))
        });
        waits.max().unwrap_or_default()
    }

    /// When those ended that are in a window which ends now; the newest first.
    fn within(&self, window: Duration, now: Duration) -> impl Iterator<Item = Duration> {
        let newest = self.ended.iter().rev().copied();
        newest.take_while(move |at| *at + window > now)
    }

    /// Counts one send that begins.
    pub(super) fn begin(&mut self) {
        self.under_way += 1;
    }

    /// One send has ended at `at`, however it did: what failed may have been counted by the provider all the same. Of those under
    /// way together, one may be reported before another that ended earlier.
    pub(super) fn end(&mut self, at: Duration) {
        self.under_way = self.under_way.saturating_sub(1);
        if self.rate != Rate::default() {
            let place = self.ended.partition_point(|before| *before <= at);
            self.ended.insert(place, at);
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

    fn at_once(limit: &mut RateLimit, now: Duration) {
        limit.begin();
        limit.end(now);
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
                    at_once(&mut limit, now);
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
                at_once(&mut limit, now);
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
        at_once(&mut limit, s(5));
        assert_eq!(limit.wait(s(25)), s(40));
        assert_eq!(limit.wait(s(65)), Duration::ZERO);
    }

    #[test]
    fn what_is_under_way_counts_until_a_window_after_its_end() {
        let mut limit = RateLimit::new(a_minute(2));
        limit.begin();
        limit.begin();
        assert_eq!(
            (limit.free(s(100)), limit.wait(s(100))),
            (0, Duration::ZERO),
            "an end is awaited"
        );
        // However long it was on its way, it may have arrived just now.
        limit.end(s(100));
        assert_eq!((limit.free(s(159)), limit.wait(s(159))), (0, s(1)));
        assert_eq!(limit.free(s(160)), 1);
        limit.begin();
        assert_eq!((limit.free(s(171)), limit.wait(s(171))), (0, Duration::ZERO));
        // One may be reported before another that ended earlier.
        limit.end(s(171));
        limit.end(s(170));
        assert_eq!(
            (limit.free(s(229)), limit.free(s(230)), limit.free(s(231))),
            (0, 1, 2)
        );
    }

    #[test]
    fn what_began_before_there_was_a_limit_ends_as_the_others_do() {
        let mut limit = RateLimit::new(Rate::default());
        limit.begin();
        limit.limit(a_minute(1));
        assert_eq!(limit.free(s(1)), 0);
        limit.end(s(1));
        assert_eq!((limit.free(s(60)), limit.free(s(61))), (0, 1));
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut limit = RateLimit::new(Rate::default());
        for _ in 0..1000 {
            at_once(&mut limit, s(1));
        }
        assert_eq!(limit.free(s(1)), usize::MAX);
        assert!(limit.ended.is_empty(), "and costs no memory");
    }
}
