//! A wall clock that is stepped back. What waits for its time waits by that clock, and would wait for as long as the step.

use std::time::Duration;

use monitor_model::DbError;
use tokio::task::Id;

use super::leases;
use crate::context::Context;

/// The wall clock has been stepped back when it lags so much behind the monotonic one all at once.
const STEP: Duration = Duration::from_secs(2);
/// What was begun before a step is written within this time, however slow the database is.
const WRITTEN: Duration = Duration::from_secs(120);

/// Notices steps, and makes due what would wait because of them.
#[derive(Default)]
pub(super) struct WallSteps {
    /// Wall time less monotonic time; unknown at first.
    offset: Option<chrono::Duration>,
    /// The last step, until all that was begun before it is written.
    last: Option<Step>,
}

/// What is under way at a step may yet be written by the time of before.
struct Step {
    /// When it was noticed, by the monotonic clock.
    noticed: Duration,
    /// The attempts that were in flight.
    in_flight: Vec<Id>,
    /// Their deliveries, once settled.
    settled: Vec<i64>,
}

impl WallSteps {
    /// To be called before what is due is claimed, with the attempts that are in flight.
    pub(super) async fn notice(
        &mut self,
        context: &Context,
        in_flight: impl Iterator<Item = Id>,
    ) -> Result<(), DbError> {
        let (wall, now) = (context.clock.wall(), context.clock.monotonic());
        let monotonic = chrono::Duration::from_std(now).unwrap_or_default();
        let offset = wall.signed_duration_since(chrono::DateTime::UNIX_EPOCH) - monotonic;
        let slack = chrono::Duration::from_std(STEP).unwrap_or_default();
        if self.offset.is_some_and(|before| offset + slack < before) {
            log::warn!("the clock was stepped back: what waits for its time is due now");
            self.last = Some(Step {
                noticed: now,
                in_flight: in_flight.collect(),
                settled: Vec::new(),
            });
            leases::make_due(context).await?;
        }
        self.offset = Some(offset);
        if let Some(step) = &mut self.last {
            leases::make_due_of_before(context, step.settled.clone()).await?;
            step.settled.clear();
            if step.in_flight.is_empty() && now.saturating_sub(step.noticed) > WRITTEN {
                self.last = None;
            }
        }
        Ok(())
    }

    /// To be called where an attempt has ended, with its deliveries.
    pub(super) fn settled(&mut self, attempt: Id, claims: &[(i64, i32)]) {
        if let Some(step) = &mut self.last
            && let Some(place) = step.in_flight.iter().position(|before| *before == attempt)
        {
            step.in_flight.swap_remove(place);
            step.settled.extend(claims.iter().map(|(id, _)| *id));
        }
    }
}
