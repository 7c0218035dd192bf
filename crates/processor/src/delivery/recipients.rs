//! The recipients of one lane: who has what under way, and who is left alone for a while.
//!
//! The places of a lane are shared so that one recipient whose attempts hang, or any number of them, slows only itself: no recipient takes
//! more than half of them, and what hangs gives its place back to the others and goes on beside it.

use std::collections::HashMap;
use std::time::Duration;

use super::breaker::Breaker;
use super::settle::AttemptOutcome;

/// An attempt that has taken so long holds no place that others could have.
const SLOW: Duration = Duration::from_secs(1);
/// So many such attempts may go on beside the places; each holds a connection.
const MOST_BESIDE: usize = 64;

/// The recipients of a lane that have something under way, or failed lately.
#[derive(Debug)]
pub(super) struct Recipients {
    /// Whether there is more than one: alone, one may have all places.
    several: bool,
    /// Whether one that fails several times is left alone for a while.
    backs_off: bool,
    by_name: HashMap<String, Recipient>,
}

#[derive(Debug, Default)]
struct Recipient {
    /// When each of its attempts under way began.
    begun: Vec<Duration>,
    breaker: Breaker,
}

impl Recipients {
    pub(super) fn new(several: bool, backs_off: bool) -> Recipients {
        Recipients {
            several,
            backs_off,
            by_name: HashMap::new(),
        }
    }

    /// The lane is another one, which may have others: what is under way stays counted. Where it `is_new`, how it failed before
    /// says nothing.
    pub(super) fn changed(&mut self, several: bool, backs_off: bool, is_new: bool) {
        (self.several, self.backs_off) = (several, backs_off);
        if is_new {
            self.by_name.retain(|_, one| !one.begun.is_empty());
            self.by_name
                .values_mut()
                .for_each(|one| one.breaker = Breaker::default());
        }
    }

    /// Attempts under way.
    pub(super) fn in_flight(&self) -> usize {
        self.by_name.values().map(|one| one.begun.len()).sum()
    }

    /// How many of `places` are free at `now`.
    pub(super) fn free(&self, places: usize, now: Duration) -> usize {
        let slow = self.begun().filter(|begun| is_slow(*begun, now)).count();
        let quick = self.in_flight() - slow;
        // Those beyond that are not beside but in the way.
        places.saturating_sub(quick + slow.saturating_sub(MOST_BESIDE))
    }

    /// How many of `places` one recipient may have.
    pub(super) fn share(&self, places: usize) -> usize {
        if self.several { (places / 2).max(1) } else { places }
    }

    /// How many more each of these recipients may have at `now`, where that is not a whole share.
    pub(super) fn left(&self, places: usize, now: Duration) -> HashMap<String, usize> {
        let share = self.share(places);
        let left = |one: &Recipient| {
            let most = if self.backs_off {
                one.breaker.places(share, now)
            } else {
                share
            };
            most.saturating_sub(one.begun.len())
        };
        let left = self.by_name.iter().map(|(name, one)| (name.clone(), left(one)));
        left.filter(|(_, left)| *left < share).collect()
    }

    /// How long until one of them may have something again only because time has passed.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        let ends_pause = self.by_name.values().map(|one| one.breaker.wait(now));
        let turns_slow = self.begun().map(|begun| (begun + SLOW).saturating_sub(now));
        ends_pause.chain(turns_slow).filter(|wait| !wait.is_zero()).min()
    }

    /// An attempt to this recipient begins at `now`.
    pub(super) fn begin(&mut self, recipient: &str, now: Duration) {
        self.by_name
            .entry(recipient.to_owned())
            .or_default()
            .begun
            .push(now);
    }

    /// An attempt that began at `begun` has ended at `now`.
    pub(super) fn end(&mut self, recipient: &str, begun: Duration, outcome: AttemptOutcome, now: Duration) {
        let Some(one) = self.by_name.get_mut(recipient) else {
            return;
        };
        if let Some(index) = one.begun.iter().position(|at| *at == begun) {
            one.begun.swap_remove(index);
        }
        match outcome {
            AttemptOutcome::Through => one.breaker.success(),
            // A pause that the other side requests is in the time of the delivery itself.
            AttemptOutcome::Later(_) => one.breaker.failure(recipient, now, None),
            AttemptOutcome::GivenUp => one.breaker.gave_up(now),
            AttemptOutcome::Orphaned => {}
        }
        if one.begun.is_empty() && one.breaker.is_closed() {
            self.by_name.remove(recipient);
        }
    }

    fn begun(&self) -> impl Iterator<Item = Duration> {
        self.by_name.values().flat_map(|one| one.begun.iter().copied())
    }
}

fn is_slow(begun: Duration, now: Duration) -> bool {
    begun + SLOW <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn left(recipients: &Recipients, name: &str, now: u64) -> usize {
        recipients
            .left(4, s(now))
            .get(name)
            .copied()
            .unwrap_or(recipients.share(4))
    }

    #[test]
    fn one_that_hangs_takes_half_at_most_and_gives_it_back() {
        let mut recipients = Recipients::new(true, true);
        recipients.begin("slow", s(10));
        recipients.begin("slow", s(10));
        assert_eq!(
            (left(&recipients, "slow", 10), left(&recipients, "ops", 10)),
            (0, 2)
        );
        assert_eq!(
            (recipients.free(4, s(10)), recipients.wait(s(10))),
            (2, Some(s(1)))
        );
        assert_eq!((recipients.free(4, s(11)), recipients.wait(s(11))), (4, None));
        for n in 0..10 {
            recipients.begin(&format!("slow{n}"), s(11));
        }
        assert_eq!(
            (recipients.free(4, s(11)), recipients.free(4, s(12))),
            (0, 4),
            "however many they are"
        );
        recipients.end("slow", s(10), AttemptOutcome::Later(None), s(40));
        assert_eq!((recipients.in_flight(), left(&recipients, "slow", 40)), (11, 1));
    }

    #[test]
    fn what_hangs_beside_the_places_is_bounded() {
        let mut recipients = Recipients::new(true, true);
        for n in 0..MOST_BESIDE + 3 {
            recipients.begin(&n.to_string(), s(1));
        }
        assert_eq!(recipients.free(4, s(9)), 1);
    }

    #[test]
    fn one_that_fails_is_left_alone_and_nobody_else() {
        let mut recipients = Recipients::new(true, true);
        for n in 0..3 {
            recipients.begin("full", s(n));
            recipients.end("full", s(n), AttemptOutcome::Later(Some(s(900))), s(n));
        }
        assert_eq!(
            (left(&recipients, "full", 2), left(&recipients, "ops", 2)),
            (0, 2)
        );
        assert_eq!(recipients.wait(s(2)), Some(s(5)));
        assert_eq!(left(&recipients, "full", 7), 1, "one tries it out");
        recipients.begin("full", s(7));
        recipients.end("full", s(7), AttemptOutcome::Through, s(8));
        assert!(
            recipients.left(4, s(8)).is_empty() && recipients.by_name.is_empty(),
            "and is forgotten"
        );
    }

    #[test]
    fn one_alone_has_all_places() {
        let mut recipients = Recipients::new(false, false);
        for n in 1..=4 {
            assert_eq!(left(&recipients, "b", 0), 5 - n);
            recipients.begin("b", s(0));
        }
        assert_eq!((left(&recipients, "b", 0), recipients.free(4, s(0))), (0, 0));
    }
}
