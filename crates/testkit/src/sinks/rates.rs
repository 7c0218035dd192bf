//! How providers count.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// At most so many in any time of this length.
#[derive(Clone, Debug)]
pub struct Rates {
    windows: Vec<(usize, TimeDelta)>,
    taken: VecDeque<DateTime<Utc>>,
}

impl Rates {
    /// Each pair is a number and how long it is for.
    pub fn new(windows: &[(usize, TimeDelta)]) -> Rates {
        Rates {
            windows: windows.to_vec(),
            taken: VecDeque::new(),
        }
    }

    /// How many were counted within this time before `now`.
    pub fn within(&self, now: DateTime<Utc>, span: TimeDelta) -> usize {
        self.taken.iter().rev().take_while(|at| now - **at < span).count()
    }

    /// Counts one at `now`, if it may be.
    pub fn count(&mut self, now: DateTime<Utc>) -> bool {
        let fits = |(most, span): &(usize, TimeDelta)| self.within(now, *span) < *most;
        let may = self.windows.iter().all(fits);
        if may {
            self.taken.push_back(now);
            let most = self
                .windows
                .iter()
                .map(|(most, _)| *most)
                .max()
                .unwrap_or_default();
            while self.taken.len() > most {
                self.taken.pop_front();
            }
        }
        may
    }
}
