//! Whose the claimed deliveries are: the living renew their leases, the dead lose theirs.
//!
//! A lease is short, so that what a dead worker on another machine held is soon free. A worker that was killed and
//! started again on the same machine does not even wait for that: it can see that its predecessor is gone.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use monitor_domain::counted;
use monitor_model::{Conn, DbError, deliveries};
use tokio_util::sync::CancellationToken;

use super::send::LONGEST_REQUESTED;
use crate::context::Context;

/// How long a claim lasts that is not renewed. Much longer than the clocks of two machines may differ.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// How often claims are renewed.
const RENEWAL: Duration = Duration::from_secs(5);

/// The deliveries that this worker is sending; a clone holds the same.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<Mutex<HashSet<i64>>>);

impl Held {
    pub(crate) fn add(&self, delivery: i64) {
        self.lock().insert(delivery);
    }

    pub(crate) fn remove(&self, delivery: i64) {
        self.lock().remove(&delivery);
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

/// Renews the leases of what is held until `halt`.
pub(super) async fn keep(context: Arc<Context>, held: Held, halt: CancellationToken) {
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = context.clock.sleep(RENEWAL) => {}
        }
        let (worker, in_flight) = (context.worker(), held.ids());
        if in_flight.is_empty() {
            continue;
        }
        let until = context.clock.wall().naive_utc() + LEASE;
        let renew = move |conn: &mut Conn| deliveries::renew(conn, &worker, &in_flight, until);
        let who = "leases";
        match context.db.write(renew).await {
            Ok(_) => context.database_served(who),
            Err(error) => {
                context.database_failed(who, "the claims of this worker could not be renewed", &error);
            }
        }
    }
}

/// Makes everything that waits for a later attempt due now.
pub(crate) async fn make_due(context: &Context) -> Result<(), DbError> {
    make_due_after(context, Duration::ZERO).await
}

/// Makes due now what waits for longer than any pause: its time is of before the clock was stepped back.
pub(crate) async fn make_due_beyond_pauses(context: &Context) -> Result<(), DbError> {
    make_due_after(context, LONGEST_REQUESTED).await
}

/// Makes due now what was put off or made by the time of before the clock was stepped back, and was written only after it.
pub(super) async fn make_due_of_before(context: &Context, put_off: Vec<i64>) -> Result<(), DbError> {
    let now = context.clock.wall().naive_utc();
    let write = move |conn: &mut Conn| deliveries::make_due_of_before(conn, &put_off, now);
    say(context.db.write(write).await?);
    Ok(())
}

async fn make_due_after(context: &Context, pause: Duration) -> Result<(), DbError> {
    let now = context.clock.wall().naive_utc();
    let made_due = context
        .db
        .write(move |conn| deliveries::make_due(conn, now + pause, now, now + LEASE))
        .await?;
    say(made_due);
    Ok(())
}

fn say(made_due: usize) {
    if made_due > 0 {
        log::info!("tried now: {}", counted(made_due, "waiting delivery"));
    }
}

/// Frees the claims of workers that died on this machine at once.
pub(crate) async fn reap_dead_workers(context: &Context) -> Result<(), DbError> {
    for (dead, freed) in context.presence.reap_dead_workers(&context.db).await? {
        match freed {
            // As in a copy of the database that was made while a worker ran.
            0 => log::info!(
                "worker {dead} runs no more and was still listed: taken off the list; it left nothing undone"
            ),
            freed => log::info!(
                "worker {dead} runs no more and left {} under way: made again now",
                counted(freed, "delivery")
            ),
        }
    }
    Ok(())
}
