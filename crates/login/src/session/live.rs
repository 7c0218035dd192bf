//! A credential in use: how long it is good, and when it is time for the next one.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Credential;
use crate::cookies::Life;

/// The window for early renewal is a fifth of the life, at least this, and never more than half the life.
const LEAST_WINDOW: Duration = Duration::from_secs(5);

/// A credential in use.
pub(super) struct Live {
    /// Which sign-in it is from; counts up.
    pub(super) generation: u64,
    pub(super) credential: Credential,
    /// Whether anything was answered with it as it should be.
    pub(super) good: AtomicBool,
    /// When its sign-in began (monotonic).
    since: Duration,
    /// The cookies that carry the session: it lasts as long as all of them do.
    carriers: Vec<String>,
}

/// How old a credential is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Age {
    Good,
    /// Still good, and time to get the next one.
    Aging,
    Over,
}

impl Live {
    pub(super) fn new(generation: u64, credential: Credential, since: Duration) -> Live {
        let carriers = credential
            .cookies
            .as_ref()
            .map(|jar| jar.carriers())
            .unwrap_or_default();
        Live {
            generation,
            credential,
            good: AtomicBool::new(false),
            since,
            carriers,
        }
    }

    /// How long it is good, as far as that is known: by its cookies, which answers may have renewed since, or else
    /// by what the system said.
    pub(super) fn life(&self) -> Option<Life> {
        match &self.credential.cookies {
            Some(jar) => jar.life(&self.carriers),
            None => {
                let life = self.credential.expires_in?;
                Some(Life {
                    since: self.since,
                    ends: self.since.saturating_add(life),
                })
            }
        }
    }

    pub(super) fn age(&self, now: Duration) -> Age {
        let Some(Life { since, ends }) = self.life() else {
            return Age::Good;
        };
        if now >= ends {
            Age::Over
        } else if now >= ends.saturating_sub(window(ends.saturating_sub(since))) {
            Age::Aging
        } else {
            Age::Good
        }
    }
}

/// How long before its end a credential of this life is renewed.
fn window(life: Duration) -> Duration {
    (life / 5).max(LEAST_WINDOW).min(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_a_fifth_at_least_five_seconds_and_at_most_half() {
        for (life, expected) in [(3_600, 720), (100, 20), (25, 5), (20, 5), (10, 5), (4, 2)] {
            assert_eq!(
                window(Duration::from_secs(life)),
                Duration::from_secs(expected),
                "{life}"
            );
        }
    }
}
