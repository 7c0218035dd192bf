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
pub(crate) struct Breaker {
    failures: u32,
    open_until: Duration,
}

impl Breaker {
    /// How many attempts may be under way at `now`, of `places` that there are.
    pub(crate) fn places(&self, places: usize, now: Duration) -> usize {
        if now < self.open_until {
            0
        } else if self.failures >= LIMIT {
            1
        } else {
            places
        }
    }

    /// How long until there is a place again.
    pub(crate) fn wait(&self, now: Duration) -> Duration {
        self.open_until.saturating_sub(now)
    }

    /// The channel took something, or refused it for a reason that is not the channel's.
    pub(crate) fn success(&mut self) {
        *self = Breaker::default();
    }

    /// An attempt failed at `now`; the other side may have `asked` to be left alone.
    pub(crate) fn failure(&mut self, now: Duration, asked: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let mut pause = asked.unwrap_or_default();
        if self.failures >= LIMIT {
            let doublings = (self.failures - LIMIT).min(8);
            pause = pause.max(FIRST.saturating_mul(1 << doublings).min(LONGEST));
        }
        self.open_until = self.open_until.max(now.saturating_add(pause));
    }

    /// What was tried is given up: the next may be tried at once, or a long queue would be given up over hours.
    pub(crate) fn gave_up(&mut self, now: Duration) {
        self.open_until = now;
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
            breaker.failure(s(1), None);
            assert_eq!(breaker.places(4, s(1)), 4);
        }
        for (at, pause) in [(1, 5), (6, 10), (16, 20), (36, 40), (76, 60), (136, 60)] {
            breaker.failure(s(at), None);
            assert_eq!((breaker.places(4, s(at)), breaker.wait(s(at))), (0, s(pause)));
            assert_eq!(breaker.places(4, s(at + pause)), 1);
        }
        breaker.success();
        assert_eq!((breaker.places(4, s(136)), breaker.wait(s(136))), (4, s(0)));
    }

    #[test]
    fn what_the_other_side_asks_for_holds_for_the_whole_channel() {
        let mut breaker = Breaker::default();
        breaker.failure(s(1), Some(s(600)));
        breaker.failure(s(2), None);
        assert_eq!((breaker.places(4, s(600)), breaker.wait(s(600))), (0, s(1)));
        assert_eq!(breaker.places(4, s(601)), 4);
        breaker.failure(s(601), None);
        breaker.gave_up(s(602));
        assert_eq!(breaker.places(4, s(602)), 1);
    }
}
