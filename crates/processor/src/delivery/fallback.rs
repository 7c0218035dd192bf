//! Notifying people through another channel of what was given up.

use chrono::NaiveDateTime;
use monitor_model::{Conn, DbError};
use monitor_notify::Notification;

use crate::context::Context;
use crate::outbox::{Audience, Batch, GivenUp, Refers, enqueue, for_incidents};

/// What is to be enqueued where a delivery is given up.
pub(super) struct Fallback {
    audience: Vec<Audience>,
    refers: Refers,
    message: Notification,
}

impl Fallback {
    /// For what is given up; `None` where there is no other channel.
    pub(super) fn of(context: &Context, batch: &Batch, given_up: GivenUp) -> Option<Fallback> {
        let audience = for_incidents(context, &batch.first().lane);
        if audience.is_empty() {
            log::error!(
                "{}: and there is no other channel to notify anybody through",
                batch.name()
            );
            return None;
        }
        Some(Fallback {
            audience,
            refers: given_up.refers,
            message: given_up.message,
        })
    }

    /// Enqueues it, in the transaction that gives up.
    pub(super) fn enqueue(&self, conn: &mut Conn, now: NaiveDateTime) -> Result<(), DbError> {
        enqueue(conn, &self.audience, self.refers, &self.message, now).map(drop)
    }
}
