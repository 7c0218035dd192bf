//! Times in the past.

use std::time::Duration;

use chrono::NaiveDateTime;

/// The time `span` before `now`; one that the calendar does not reach is the earliest there is.
pub(crate) fn ago(now: NaiveDateTime, span: Duration) -> NaiveDateTime {
    chrono::Duration::from_std(span)
        .ok()
        .and_then(|span| now.checked_sub_signed(span))
        .unwrap_or(NaiveDateTime::MIN)
}
