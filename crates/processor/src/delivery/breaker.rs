//! Leaving a channel alone that failed several times in a row: one delivery at a time tries it out, so that a hundred
//! that wait do not each find out for themselves.

use std::time::Duration;

/// Failures in a row that open it.
const LIMIT: u32 = 3;
/// The pause before the first trial; it doubles.
const FIRST: Duration = Duration::from_secs(5);
/// The longest pause between two trials.
const LONGEST: Duration = Duration::from_secs(60);

/// When the next attempt may be made.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// The channel has several recipients, of whom one alone is not the channel.
    has_several: bool,
    failures: u32,
    /// Whom the last failures were to: one, or more than one.
    failed: Option<Failed>,
    open_until: Duration,
}

#[derive(Debug, PartialEq, Eq)]
enum Failed {
    Only(String),
    Several,
}

impl Breaker {
    /// Of a channel with so many recipients.
    pub(super) fn new(recipients: usize) -> Breaker {
        Breaker {
            has_several: recipients > 1,
            ..Breaker::default()
        }
    }

    /// How many attempts may be under way at `now`, of `places` that there are.
    pub(super) fn places(&self, places: usize, now: Duration) -> usize {
        if now < self.open_until {
            0
        } else if self.failures >= LIMIT && self.is_the_channel() {
            1
        } else {
            places
        }
    }

    /// How long until there is a place again.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.open_until.saturating_sub(now)
    }

    /// The channel took something, or refused it for a reason that is not the channel's.
    pub(super) fn success(&mut self) {
        (self.failures, self.failed, self.open_until) = (0, None, Duration::ZERO);
    }

    /// An attempt failed at `now`; the other side may have `requested` to be left alone.
    pub(super) fn failure(&mut self, recipient: &str, now: Duration, requested: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(match self.failed.take() {
            None => Failed::Only(recipient.to_owned()),
            Some(Failed::Only(before)) if before == recipient => Failed::Only(before),
            Some(_) => Failed::Several,
        });
        // A full mailbox holds up nobody else's mail.
        if !self.is_the_channel() {
            return;
        }
        let mut pause = requested.unwrap_or_default();
        if self.failures >= LIMIT {
            let doublings = (self.failures - LIMIT).min(8);
            pause = pause.max(FIRST.saturating_mul(1 << doublings).min(LONGEST));
        }
        self.open_until = self.open_until.max(now.saturating_add(pause));
    }

    /// What was tried is given up: the next may be tried at once, or a long queue would be given up over hours.
    pub(super) fn gave_up(&mut self, now: Duration) {
        self.open_until = now;
    }

    /// Whether it knows of no failure.
    pub(super) fn is_closed(&self) -> bool {
        self.failures == 0
    }

    /// Whether it is the channel that fails, and not one recipient of several.
    pub(super) fn is_down(&self) -> bool {
        self.failures > 0 && self.is_the_channel()
    }

    fn is_the_channel(&self) -> bool {
        !self.has_several || self.failed == Some(Failed::Several)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn after_three_failures_one_at_a_time_tries() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            breaker.failure("", s(1), None);
            assert_eq!(breaker.places(4, s(1)), 4);
        }
        for (at, pause) in [(1, 5), (6, 10), (16, 20), (36, 40), (76, 60), (136, 60)] {
            breaker.failure("", s(at), None);
            assert_eq!((breaker.places(4, s(at)), breaker.wait(s(at))), (0, s(pause)));
            assert_eq!(breaker.places(4, s(at + pause)), 1);
        }
        breaker.success();
        assert_eq!((breaker.places(4, s(136)), breaker.wait(s(136))), (4, s(0)));
    }

    #[test]
    fn what_the_other_side_requests_holds_for_the_whole_channel() {
        let mut breaker = Breaker::default();
        breaker.failure("", s(1), Some(s(600)));
        breaker.failure("", s(2), None);
        assert_eq!((breaker.places(4, s(600)), breaker.wait(s(600))), (0, s(1)));
        assert_eq!(breaker.places(4, s(601)), 4);
        breaker.failure("", s(601), None);
        breaker.gave_up(s(602));
        assert_eq!(breaker.places(4, s(602)), 1);
    }

    #[test]
    fn one_recipient_of_several_is_not_the_channel() {
        let mut breaker = Breaker::new(2);
        for _ in 0..5 {
            breaker.failure("ann", s(1), Some(s(600)));
            assert_eq!(breaker.places(4, s(1)), 4);
        }
        breaker.failure("bob", s(1), None);
        assert_eq!(breaker.places(4, s(1)), 0);
        breaker.success();
        breaker.failure("bob", s(2), None);
        assert_eq!(breaker.places(4, s(2)), 4);
    }
}
