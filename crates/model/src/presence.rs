//! A process reports that it is alive, and clears up after processes of its machine that died.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use monitor_domain::Clock;
use tokio::sync::Mutex;

use crate::backend::Conn;
use crate::db::Db;
use crate::error::DbError;
use crate::running_time::{self, ClockHistory, Tick};
use crate::tables::workers::WorkerRow;
use crate::tables::{ProcessRole, deliveries, stops, workers};
use crate::time::stored;

/// A machine that cannot be identified.
const UNKNOWN: &str = "0";

/// This process, as the table `worker` lists it.
#[derive(Clone, Debug)]
pub struct Presence {
    id: String,
    role: ProcessRole,
    version: String,
    started_at: DateTime<Utc>,
    /// The last sign of life; a clone has the same.
    tick: Arc<Mutex<Option<Tick>>>,
}

impl Presence {
    /// A process that starts now. Its id contains the machine and the process number, and is unique among all that ever
    /// ran.
    pub fn new(role: ProcessRole, version: &str, started_at: DateTime<Utc>) -> Presence {
        let process = std::process::id();
        Presence {
            id: format!("{}-{process}-{}", machine(), uuid::Uuid::now_v7().simple()),
            role,
            version: version.to_owned(),
            started_at,
            tick: Arc::default(),
        }
    }

    /// Its id in the table.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reports that it is alive, and what its clocks read.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn beat(&self, db: &Db, clock: &dyn Clock) -> Result<(), DbError> {
        let row = WorkerRow {
            id: self.id.clone(),
            host: host(),
            pid: i32::try_from(std::process::id()).unwrap_or(-1),
            version: self.version.clone(),
            started_at: stored(self.started_at),
            heartbeat_at: stored(clock.wall()),
            role: self.role,
        };
        self.tick(db, clock, move |c| workers::heartbeat(c, &row)).await
    }

    /// What the age of stored things follows from, whatever happened to the wall clock.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn clock_history(&self, db: &Db, clock: &dyn Clock) -> Result<ClockHistory, DbError> {
        self.tick(db, clock, ClockHistory::load).await
    }

    /// Writes down what the clocks read, and does `more` in the same transaction.
    async fn tick<T: Send + 'static>(
        &self,
        db: &Db,
        clock: &dyn Clock,
        more: impl Fn(&mut Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        // One after the other: a step is found once.
        let mut last = self.tick.lock().await;
        let before = *last;
        let (wall, monotonic) = (stored(clock.wall()), clock.monotonic());
        let write = move |c: &mut Conn| Ok((running_time::tick(c, before, wall, monotonic)?, more(c)?));
        let (tick, done) = db.write(write).await?;
        if let Some(step) = before.and_then(|before| before.step(&tick)) {
            log::warn!(
                "the clock was stepped by {} s: what is stored ages by the time that passes, not by that",
                step.num_seconds()
            );
        }
        *last = Some(tick);
        Ok(done)
    }

    /// Takes it off the list. `stopped_at` is when it stopped cleanly, where it was to run until then: of a worker that is
    /// recorded, since nobody reads anything until another one starts.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn leave(&self, db: &Db, stopped_at: Option<DateTime<Utc>>) -> Result<(), DbError> {
        let (id, role) = (self.id.clone(), self.role);
        let leave = move |c: &mut Conn| {
            workers::remove(c, &id)?;
            match stopped_at {
                Some(at) if role == ProcessRole::Worker => stops::record(c, role, stored(at)),
                _ => Ok(()),
            }
        };
        db.write(leave).await
    }

    /// Removes the processes of the same role that died on this machine, so that their claims are free at once. Returns each
    /// with the number of its claims.
    ///
    /// # Errors
    /// Where the database cannot be used.
    pub async fn reap_dead_workers(&self, db: &Db) -> Result<Vec<(String, usize)>, DbError> {
        let role = self.role;
        let listed = move |c: &mut Conn| {
            let same_role = workers::all(c)?.into_iter().filter(|row| row.role == role);
            let mut ids: BTreeSet<String> = same_role.map(|row| row.id).collect();
            // Those that were taken off the list and had claims left; only workers have any.
            if role == ProcessRole::Worker {
                ids.extend(deliveries::holders(c)?);
            }
            Ok(ids)
        };
        let mut removed = Vec::new();
        for id in db.read(listed).await?.into_iter().filter(|id| is_dead(id)) {
            let freed = remove(db, &id).await?;
            removed.push((id, freed));
        }
        Ok(removed)
    }
}

async fn remove(db: &Db, id: &str) -> Result<usize, DbError> {
    let id = id.to_owned();
    db.write(move |c| {
        workers::remove(c, &id)?;
        deliveries::reclaim(c, &id)
    })
    .await
}

/// Whether a process certainly runs no more: it ran on this machine, in this process namespace, as a process that is
/// gone. If its number was given to another process since, its claims only wait for their leases.
fn is_dead(id: &str) -> bool {
    let mut parts = id.splitn(3, '-');
    let (Some(place), Some(process)) = (parts.next(), parts.next()) else {
        return false;
    };
    if place != machine() || place == UNKNOWN {
        return false;
    }
    // Where other users' processes are hidden, a process that is not listed may run all the same.
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

/// The name of this machine.
pub fn host() -> String {
    std::env::var("HOSTNAME")
        .ok()
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
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
        let own = Presence::new(ProcessRole::Worker, "1", Utc::now());
        assert!(!is_dead(own.id()), "so does this one");
        assert!(!is_dead(&format!("ffff-{gone}-x")), "another machine");
        assert!(!is_dead(&format!("{UNKNOWN}-{gone}-x")));
        assert!(!is_dead("w1"));
    }
}
