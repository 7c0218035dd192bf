//! What a reading amounts to under a rule, before any language has words for it.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// What came of a good reading once it has been held against `for` and `keep_for`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Situation {
    /// The condition is not met, and nothing was open.
    Quiet,
    /// It is met, but not for long enough to alert.
    Pending {
        /// When it began to be.
        since: When,
        /// How long it has been.
        progress: Progress,
    },
    /// It is met: this reading alerts, or the excursion that an earlier one alerted on goes on.
    Firing {
        /// When it began to be.
        since: When,
    },
    /// An excursion is open; the value is past the threshold again but has not reached where it clears.
    NotClear {
        /// When the excursion began.
        since: When,
    },
    /// The value is clear, but not for long enough to recover.
    Clearing {
        /// When the excursion began.
        since: When,
        /// How long the value has been clear.
        progress: Progress,
    },
    /// The excursion is over with this reading.
    Recovered {
        /// When it began.
        since: When,
    },
}

/// How long something has held, and how long it has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How long it has held.
    pub held: Duration,
    /// How long it has to.
    pub required: Duration,
}

/// A time, with the one of the reading it is shown beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The time; unknown only in states that something else has written.
    pub at: Option<DateTime<Utc>>,
    /// When the reading was taken.
    pub now: DateTime<Utc>,
}
