//! Group commit: one thread that runs the closures waiting for it in one transaction, and answers after its COMMIT.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::conn::Conn;
use crate::connect::{Role, connect};
use crate::error::DbError;
use crate::job::{Job, Ran, guarded};
use crate::stats::Counters;
use crate::transaction::{self, Begun, Ended};
use crate::url::Target;

/// How many closures may wait; whoever comes later waits in `Db::write` until there is room.
pub(crate) const QUEUE: usize = 1_024;
/// How many closures share a transaction at most.
const BATCH: usize = 256;
/// No further closure joins a transaction that has been open for so long: others wait for its locks.
const OPEN_FOR: Duration = Duration::from_millis(100);
/// How often a closure that is disturbed by others is run alone.
const RUNS_ALONE: u32 = 5;

/// The writer; lives on its own thread.
pub(crate) struct Writer {
    pub(crate) target: Arc<Target>,
    /// `None` after a connection was lost or not to be trusted any more.
    pub(crate) conn: Option<Conn>,
    /// Tells this handle's notifications from others'.
    pub(crate) id: String,
    pub(crate) counters: Arc<Counters>,
    pub(crate) changes: Arc<watch::Sender<u64>>,
}

/// How an attempt at a transaction ended.
enum Attempt {
    /// It is over: each of the first `ran` closures is committed, or undone with an error of its own, or to be run again.
    Over { ran: Vec<Ran> },
    /// It did not begin.
    NotBegun(DbError),
    /// It was lost as a whole, and nothing of it is stored.
    Lost { ran: Vec<Ran>, error: DbError },
    /// The connection was lost during COMMIT.
    Unknown { ran: Vec<Ran>, cause: String },
}

impl Writer {
    /// Works until all senders are gone and the queue is empty.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut waiting: Vec<Box<dyn Job>> = Vec::new();
        loop {
            if waiting.is_empty() {
                match queue.blocking_recv() {
                    Some(job) => waiting.push(job),
                    None => return,
                }
            }
            while waiting.len() < BATCH
                && let Ok(job) = queue.try_recv()
            {
                waiting.push(job);
            }
            // Whoever stopped waiting before its turn wants nothing written.
            waiting.retain(|job| !job.abandoned());
            let batch = std::mem::take(&mut waiting);
            if batch.is_empty() {
                continue;
            }
            // Closures' panics are caught one by one; this is for one in the database library itself. The batch's callers
            // are then told that the outcome is unknown, and the others go on.
            match guarded(|| self.process(batch)) {
                Ok(left) => waiting = left,
                Err(panic) => {
                    log::error!("the database writer {panic}; it goes on with a new connection");
                    self.conn = None;
                }
            }
        }
    }

    /// Runs a batch and answers it; gives back what it did not get to.
    fn process(&mut self, mut batch: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
        match self.attempt(&mut batch) {
            Attempt::Over { ran } => {
                let left = batch.split_off(ran.len());
                let mut disturbed = Vec::new();
                for (job, ran) in batch.into_iter().zip(ran) {
                    if ran == Ran::Disturbed {
                        disturbed.push(job);
                    } else {
                        self.answer(job, ran);
                    }
                }
                self.run_alone(disturbed);
                left
            }
            Attempt::NotBegun(error) => {
                log::warn!("{} writes failed: {error}", batch.len());
                self.refuse(batch, &error);
                Vec::new()
            }
            Attempt::Lost { ran, error } => {
                log::warn!(
                    "a transaction of {} writes was lost, they run again one by one: {error}",
                    batch.len()
                );
                let left = batch.split_off(ran.len());
                let mut again = Vec::new();
                for (job, ran) in batch.into_iter().zip(ran) {
                    // Also those that failed: it may have been for what another wrote that is not there now.
                    if ran == Ran::Panicked {
                        self.answer(job, ran);
                    } else {
                        again.push(job);
                    }
                }
                self.run_alone(again);
                left
            }
            Attempt::Unknown { ran, cause } => {
                let left = batch.split_off(ran.len());
                self.answer_unknown(batch, &ran, &cause);
                left
            }
        }
    }

    /// Runs closures in transactions of their own, each until it is not disturbed any more.
    fn run_alone(&mut self, jobs: Vec<Box<dyn Job>>) {
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            let mut one = vec![job];
            for run in 1.. {
                Counters::add(&self.counters.reruns, 1);
                match self.attempt(&mut one) {
                    Attempt::Over { ran } if ran.contains(&Ran::Disturbed) && run < RUNS_ALONE => {}
                    Attempt::Lost { error, .. } if error.is_worth_another_run() && run < RUNS_ALONE => {}
                    Attempt::Over { ran } => {
                        one.into_iter()
                            .zip(ran)
                            .for_each(|(job, ran)| self.answer(job, ran));
                        break;
                    }
                    Attempt::Lost { error, .. } => {
                        self.refuse(one, &error);
                        break;
                    }
                    Attempt::Unknown { ran, cause } => {
                        self.answer_unknown(one, &ran, &cause);
                        break;
                    }
                    Attempt::NotBegun(error) => {
                        // The others would wait for the same in vain, each for as long as this one.
                        one.extend(jobs);
                        self.refuse(one, &error);
                        return;
                    }
                }
                // Who undid it needs a moment to finish. Different for each process, so that two do not meet again.
                std::thread::sleep(Duration::from_millis(u64::from(
                    run * (5 + std::process::id() % 16),
                )));
            }
        }
    }

    /// One transaction, from BEGIN to COMMIT.
    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Attempt {
        let (mut conn, begun) = match self.begin() {
            Ok(both) => both,
            Err(error) => return Attempt::NotBegun(error),
        };
        let began = Instant::now();
        let alone = jobs.len() == 1;
        let mut ran = Vec::with_capacity(jobs.len());
        for job in jobs.iter_mut() {
            if !ran.is_empty() && began.elapsed() > OPEN_FOR {
                break;
            }
            // Alone, the transaction itself is what is undone.
            let result = if alone {
                Ok(job.run(&mut conn))
            } else {
                transaction::in_savepoint(&mut conn, job.as_mut())
            };
            match result {
                Ok(Ran::Panicked) => {
                    ran.push(Ran::Panicked);
                    // Its connection goes, and with it what the others wrote.
                    let cause = "one of them panicked".to_owned();
                    return if alone {
                        Attempt::Over { ran }
                    } else {
                        self.lost(ran, DbError::Aborted { cause })
                    };
                }
                Ok(how) => ran.push(how),
                Err(error) => {
                    ran.push(Ran::Disturbed);
                    return self.lost(ran, error);
                }
            }
        }
        if !ran.contains(&Ran::Done) {
            if transaction::roll_back(&mut conn) {
                self.conn = Some(conn);
            }
            return Attempt::Over { ran };
        }
        match transaction::commit(&mut conn, &begun, &self.id) {
            Ended::Committed { changed } => {
                self.conn = Some(conn);
                Counters::add(&self.counters.commits, 1);
                self.counters
                    .largest_batch
                    .fetch_max(ran.len() as u64, Ordering::Relaxed);
                if changed {
                    // Before the answers: who wrote something finds that it has changed.
                    self.changes.send_modify(|count| *count += 1);
                }
                Attempt::Over { ran }
            }
            Ended::Undone { error, reusable } => {
                if reusable {
                    self.conn = Some(conn);
                }
                self.lost(ran, error)
            }
            Ended::Unknown { cause } => Attempt::Unknown { ran, cause },
        }
    }

    fn lost(&self, ran: Vec<Ran>, error: DbError) -> Attempt {
        Counters::add(&self.counters.lost, 1);
        Attempt::Lost { ran, error }
    }

    /// A connection with a transaction begun. One that was lost while nothing was under way is replaced, once.
    fn begin(&mut self) -> Result<(Conn, Begun), DbError> {
        if let Some(mut conn) = self.conn.take() {
            match transaction::begin(&mut conn) {
                Ok(begun) => return Ok((conn, begun)),
                Err(error @ DbError::Locked { .. }) => {
                    self.conn = Some(conn);
                    return Err(error);
                }
                Err(error) => log::warn!("the database writer connects again: {error}"),
            }
        }
        let mut conn = connect(&self.target, Role::Writer)?;
        Counters::add(&self.counters.connections, 1);
        let begun = transaction::begin(&mut conn)?;
        Ok((conn, begun))
    }

    fn answer(&self, job: Box<dyn Job>, ran: Ran) {
        let counter = if ran == Ran::Done {
            &self.counters.writes
        } else {
            &self.counters.failures
        };
        Counters::add(counter, 1);
        job.answer();
    }

    /// Answers with one error for all.
    fn refuse(&self, jobs: Vec<Box<dyn Job>>, error: &DbError) {
        for mut job in jobs {
            job.undone(error.again());
            self.answer(job, Ran::Failed);
        }
    }

    /// Those that may be stored are told so. They are not run again: that could do it twice.
    fn answer_unknown(&self, jobs: Vec<Box<dyn Job>>, ran: &[Ran], cause: &str) {
        log::error!(
            "lost the connection during commit, {} writes may be stored or not: {cause}",
            jobs.len()
        );
        for (mut job, ran) in jobs.into_iter().zip(ran) {
            if *ran == Ran::Done {
                job.undone(DbError::CommitUnknown {
                    cause: cause.to_owned(),
                });
            }
            self.answer(job, Ran::Failed);
        }
    }
}
