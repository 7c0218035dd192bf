//! Whose the claimed deliveries are: the living renew their leases, the dead lose theirs.
//!
//! A lease is short, so that what a dead worker on another machine held is soon free. A worker that was killed and
//! started again on the same machine does not even wait for that: it can see that its predecessor is gone.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use monitor_model::{Conn, DbError, deliveries, workers};
use tokio_util::sync::CancellationToken;

use super::Shared;

/// How long a claim lasts that is not renewed. Much longer than the clocks of two machines may differ.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// How often claims are renewed.
const RENEWAL: Duration = Duration::from_secs(5);
/// A machine that does not say which it is.
const UNKNOWN: &str = "0";

/// A worker's id: where it runs, as which process, and which of all those that ever ran so.
pub(crate) fn worker_id() -> String {
    format!(
        "{}-{}-{}",
        machine(),
        std::process::id(),
        uuid::Uuid::now_v7().simple()
    )
}

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
        let (worker, in_flight) = (shared.worker.clone(), held.ids());
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
pub(crate) async fn hasten(shared: &Shared) -> Result<(), DbError> {
    let now = shared.clock.wall().naive_utc();
    let hastened = shared
        .db
        .write(move |conn| deliveries::hasten(conn, now, now + LEASE))
        .await?;
    if hastened > 0 {
        log::info!("{hastened} waiting deliveries are tried now");
    }
    Ok(())
}

/// Buries the workers that died on this machine: their claims are free at once, and nobody waits to hear from them.
pub(crate) async fn bury_the_dead(shared: &Shared) -> Result<(), DbError> {
    let known = |conn: &mut Conn| {
        let listed = workers::all(conn)?.into_iter().map(|row| row.id);
        Ok(listed
            .chain(deliveries::holders(conn)?)
            .collect::<BTreeSet<String>>())
    };
    for dead in shared
        .db
        .read(known)
        .await?
        .into_iter()
        .filter(|worker| is_dead(worker))
    {
        let worker = dead.clone();
        let bury = move |conn: &mut Conn| {
            workers::remove(conn, &worker)?;
            deliveries::reclaim(conn, &worker)
        };
        let freed = shared.db.write(bury).await?;
        log::info!("worker {dead} died with {freed} deliveries under way; they are made again");
    }
    Ok(())
}

/// Whether a worker certainly runs no more: it ran on this machine, in this process namespace, as a process that is
/// gone. A number that was given to another process since only means to wait for the lease.
fn is_dead(worker: &str) -> bool {
    let mut parts = worker.splitn(3, '-');
    let (Some(place), Some(process)) = (parts.next(), parts.next()) else {
        return false;
    };
    if place != machine() || place == UNKNOWN {
        return false;
    }
    // Where other users' processes are hidden, not seeing one means nothing.
    if !std::path::Path::new("/proc/1").exists() {
        return false;
    }
    let Ok(process) = process.parse::<u32>() else {
        return false;
    };
    !std::path::Path::new(&format!("/proc/{process}")).exists()
}

/// This start of this machine, and this process namespace in it: where they are the same, process numbers mean the same.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let namespace = std::fs::read_link("/proc/self/ns/pid");
    let (Ok(boot), Ok(namespace)) = (boot, namespace) else {
        return UNKNOWN.to_owned();
    };
    let mut hasher = DefaultHasher::new();
    (boot, namespace).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_that_is_gone_is_dead() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = child.id();
        child.wait().unwrap();
        let here = machine();
        assert_ne!(here, UNKNOWN);
        assert!(is_dead(&format!("{here}-{gone}-x")));
        assert!(!is_dead(&format!("{here}-1-x")), "process 1 lives");
        assert!(!is_dead(&worker_id()), "so does this one");
        assert!(!is_dead(&format!("ffff-{gone}-x")), "another machine");
        assert!(!is_dead(&format!("{UNKNOWN}-{gone}-x")));
        assert!(!is_dead("w1"));
    }
}
