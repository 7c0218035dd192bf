//! Who is signed in to a simulated system.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Sessions kept at once; the one that ends first goes when there are more.
const MAX_SESSIONS: usize = 10_000;

/// Tokens or session cookies, each until its time. Real time: a system does not know the clock of who monitors it.
#[derive(Debug)]
pub(super) struct Sessions {
    life: Duration,
    valid: HashMap<String, Instant>,
}

impl Sessions {
    pub(super) fn new(life: Duration) -> Sessions {
        Sessions {
            life,
            valid: HashMap::new(),
        }
    }

    pub(super) fn set_life(&mut self, life: Duration) {
        self.life = life;
    }

    /// The life of new sessions in whole seconds, rounded up.
    pub(super) fn life_seconds(&self) -> u64 {
        self.life.as_secs() + u64::from(self.life.subsec_nanos() > 0)
    }

    /// Begins one; its token cannot be guessed from others.
    pub(super) fn begin(&mut self) -> String {
        let now = Instant::now();
        self.valid.retain(|_, end| *end > now);
        if self.valid.len() >= MAX_SESSIONS {
            let first = self
                .valid
                .iter()
                .min_by_key(|(_, end)| **end)
                .map(|(token, _)| token.clone());
            first.and_then(|token| self.valid.remove(&token));
        }
        let token: String = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        // A life beyond what the machine can count is as good as a century.
        let end = now
            .checked_add(self.life)
            .unwrap_or(now + Duration::from_secs(3_000_000_000));
        self.valid.insert(token.clone(), end);
        token
    }

    pub(super) fn is_valid(&self, token: &str) -> bool {
        self.valid.get(token).is_some_and(|end| *end > Instant::now())
    }

    pub(super) fn end_all(&mut self) {
        self.valid.clear();
    }
}
