//! Giving up what waits for a channel that the config does not have any more: as long as any other delivery it may wait for the
//! channel to come back, and then it is shown, counted and passed on through another channel like any other.

use std::sync::Arc;

use monitor_domain::counted;
use monitor_model::{Conn, DbError, deliveries};

use super::fallback::Fallback;
use super::send::undelivered;
use crate::context::Context;
use crate::outbox::Batch;

/// Says of what waits in lanes other than `lanes` why nothing is tried.
pub(super) async fn mark(context: &Context, lanes: Vec<String>) -> Result<(), DbError> {
    let waiting = "no channel of this name is in the config: it waits for one, and is given up after max_age";
    let mark = move |conn: &mut Conn| deliveries::mark_orphaned(conn, &lanes, waiting);
    let count = context.db.write(mark).await?;
    if count > 0 {
        log::warn!(
            "waiting for channels that the config does not have: {}",
            counted(count, "delivery")
        );
    }
    Ok(())
}

/// Gives up what is older than `max_age` in lanes other than `lanes`.
pub(super) async fn give_up(context: &Arc<Context>, lanes: Vec<String>) -> Result<(), DbError> {
    let now = context.clock.wall().naive_utc();
    let history = context.clock_history().await?;
    let old = history.older_than(context.options.max_age);
    let notifying = Arc::clone(context);
    let give_up = move |conn: &mut Conn| {
        let error = "no channel of this name is in the config any more";
        let mut orphaned = Vec::new();
        for stamped in &old {
            orphaned.extend(deliveries::give_up_orphaned(conn, &lanes, stamped, now, error)?);
        }
        let count = orphaned.len();
        for batch in orphaned.into_iter().filter_map(|one| Batch::of(vec![one])) {
            let given_up = undelivered(&notifying, &batch, error);
            if let Some(fallback) = given_up.and_then(|given_up| Fallback::of(&notifying, &batch, given_up)) {
                fallback.enqueue(conn, now)?;
            }
        }
        Ok(count)
    };
    let count = context.db.write(give_up).await?;
    if count > 0 {
        log::error!(
            "given up: {} for channels that the config does not have",
            counted(count, "delivery")
        );
    }
    Ok(())
}
