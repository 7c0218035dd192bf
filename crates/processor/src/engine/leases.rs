//! Whose the claimed deliveries are: the living renew their leases, the dead lose theirs.
//!
//! A lease is short, so that what a dead worker on another machine held is soon free. A worker that was killed and
//! started again on the same machine does not even wait for that: it can see that its predecessor is gone.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use monitor_model::{Conn, DbError, deliveries};
use tokio_util::sync::CancellationToken;

use super::Shared;

/// How long a claim lasts that is not renewed. Much longer than the clocks of two machines may differ.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// How often claims are renewed.
const RENEWAL: Duration = Duration::from_secs(5);

/// The deliveries that this worker is sending; a clone holds the same.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashSet<i64>>>);

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
pub(crate) async fn keep(shared: Arc<Shared>, held: Held, halt: CancellationToken) {
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = shared.clock.sleep(RENEWAL) => {}
        }
        let (worker, in_flight) = (shared.worker(), held.ids());
        if in_flight.is_empty() {
            continue;
        }
        let until = shared.clock.wall().naive_utc() + LEASE;
        let renew = move |conn: &mut Conn| deliveries::renew(conn, &worker, &in_flight, until);
        if let Err(error) = shared.db.write(renew).await {
            log::warn!("the claims of this worker could not be renewed: {error}");
        }
    }
}

/// Makes everything that waits for a later attempt due now.
pub(crate) async fn make_due(shared: &Shared) -> Result<(), DbError> {
    let now = shared.clock.wall().naive_utc();
    let hastened = shared
        .db
        .write(move |conn| deliveries::make_due(conn, now, now + LEASE))
        .await?;
    if hastened > 0 {
        log::info!("{hastened} waiting deliveries are tried now");
    }
    Ok(())
}

/// Frees the claims of workers that died on this machine at once.
pub(crate) async fn reap_dead_workers(shared: &Shared) -> Result<(), DbError> {
    for (dead, freed) in shared.presence.reap_dead_workers(&shared.db).await? {
        log::info!("worker {dead} died with {freed} deliveries under way; they are made again");
    }
    Ok(())
}
