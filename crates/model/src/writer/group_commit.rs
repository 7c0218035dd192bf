//! Group commit: one thread that runs the closures waiting for it in one transaction, and answers after its COMMIT.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use monitor_domain::counted;
use tokio::sync::{mpsc, watch};

use super::queued::{QueuedWrite, Refuser, RunResult, guarded};
use super::stats::Counters;
use super::transaction::{self, CommitResult};
use crate::backend::{Begun, Conn, GivenUp, Progress, Role, Source, connect};
use crate::error::DbError;

/// How many closures may wait in the queue; later ones wait in `Db::write` until there is room.
pub(crate) const QUEUE: usize = 1_024;
/// How many closures share a transaction at most.
const BATCH: usize = 256;
/// No further closure joins a transaction that has been open for so long: others wait for its locks.
const OPEN_FOR: Duration = Duration::from_millis(100);
/// How often a closure that is disturbed by others is run alone.
const RUNS_ALONE: u32 = 5;

/// The writer; lives on its own thread.
pub(crate) struct Writer {
    pub(crate) source: Arc<Source>,
    /// `None` after a connection was lost or not to be trusted any more.
    pub(crate) conn: Option<Conn>,
    /// This handle's id, which distinguishes its notifications from others'.
    pub(crate) id: String,
    pub(crate) counters: Arc<Counters>,
    pub(crate) changes: Arc<watch::Sender<u64>>,
    /// Held while it waits for work, never while it works.
    pub(crate) queue: Arc<Mutex<Queue>>,
    /// What it waits for.
    pub(crate) progress: Progress,
    /// Starts the thread of its successor.
    pub(crate) start: Arc<dyn Fn(Writer) + Send + Sync>,
}

type Queue = mpsc::Receiver<Box<dyn QueuedWrite>>;

/// How a transaction ended.
enum TransactionResult {
    /// It is over: each of the first `ran` closures is committed, or undone with an error of its own, or to be run again.
    Over { ran: Vec<RunResult> },
    /// It did not begin.
    NotBegun(DbError),
    /// It was lost as a whole, and nothing of it is stored.
    Lost { ran: Vec<RunResult>, error: DbError },
    /// The connection was lost during COMMIT.
    Unknown { ran: Vec<RunResult>, cause: String },
}

impl Writer {
    /// Works until all senders are gone and the queue is empty. Where the database does not answer, those who wait are
    /// answered without it, and a successor goes on with the queue.
    pub(crate) fn run(mut self) {
        let (progress, patience) = (self.progress.clone(), self.source.patience(Role::Writer));
        let mut waiting: Vec<Box<dyn QueuedWrite>> = Vec::new();
        while !progress.is_given_up() && self.receive(&mut waiting) {
            // A caller that stopped waiting before its turn wants nothing written.
            waiting.retain(|write| !write.abandoned());
            let batch = std::mem::take(&mut waiting);
            if batch.is_empty() {
                continue;
            }
            let refusers: Vec<_> = batch.iter().map(|write| write.refuser()).collect();
            let successor = self.successor();
            let watch = self
                .source
                .deadlines
                .watch(progress.clone(), move |how| successor.take_over(how, refusers));
            // Closures' panics are caught one by one; this is for one in the database library itself. The batch's callers
            // get `CommitUnknown` then, and the others go on.
            match progress.during(patience, || guarded(|| self.process(batch))) {
                Ok(left) => waiting = left,
                Err(panic) => {
                    log::error!("the database writer {panic}; it goes on with a new connection");
                    self.conn = None;
                }
            }
            drop(watch);
        }
    }

    /// Adds what is in the queue, and waits for that where there is nothing yet; `false` where there is no more.
    fn receive(&self, waiting: &mut Vec<Box<dyn QueuedWrite>>) -> bool {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            match queue.blocking_recv() {
                Some(write) => waiting.push(write),
                None => return false,
            }
        }
        while waiting.len() < BATCH
            && let Ok(write) = queue.try_recv()
        {
            waiting.push(write);
        }
        true
    }

    /// The same with a connection of its own, still to be made.
    fn successor(&self) -> Writer {
        Writer {
            source: Arc::clone(&self.source),
            conn: None,
            id: self.id.clone(),
            counters: Arc::clone(&self.counters),
            changes: Arc::clone(&self.changes),
            queue: Arc::clone(&self.queue),
            progress: Progress::default(),
            start: Arc::clone(&self.start),
        }
    }

    /// Answers for the writer before, which hangs, and goes on in its place.
    fn take_over(self, how: GivenUp, refusers: Vec<Refuser>) {
        let error = how.error();
        self.counters.ended(Some(error.to_string()));
        log::error!(
            "{} failed, a new connection is made: {error}",
            counted(refusers.len(), "write")
        );
        Counters::add(&self.counters.failures, refusers.len());
        Counters::add(&self.counters.lost, 1);
        for refuse in refusers {
            refuse(error.again());
        }
        let start = Arc::clone(&self.start);
        start(self);
    }

    /// Runs a batch and answers it; gives back what it did not get to.
    fn process(&mut self, mut batch: Vec<Box<dyn QueuedWrite>>) -> Vec<Box<dyn QueuedWrite>> {
        let result = self.attempt(&mut batch);
        if self.progress.is_given_up() {
            // All of it was answered.
            return Vec::new();
        }
        match result {
            TransactionResult::Over { ran } => {
                let left = batch.split_off(ran.len());
                let mut disturbed = Vec::new();
                for (write, ran) in batch.into_iter().zip(ran) {
                    if ran == RunResult::Disturbed {
                        disturbed.push(write);
                    } else {
                        self.answer(write, ran);
                    }
                }
                self.run_alone(disturbed);
                left
            }
            TransactionResult::NotBegun(error) => {
                // Each caller gets the error, and knows how often it has had it.
                log::debug!("{} failed: {error}", counted(batch.len(), "write"));
                self.refuse(batch, &error);
                Vec::new()
            }
            TransactionResult::Lost { ran, error } => {
                log::warn!(
                    "a transaction of {} was lost; what is in it runs again one by one: {error}",
                    counted(batch.len(), "write")
                );
                let left = batch.split_off(ran.len());
                let mut again = Vec::new();
                for (write, ran) in batch.into_iter().zip(ran) {
                    // Also those that failed: it may have been for what another wrote that is not there now.
                    if ran == RunResult::Panicked {
                        self.answer(write, ran);
                    } else {
                        again.push(write);
                    }
                }
                self.run_alone(again);
                left
            }
            TransactionResult::Unknown { ran, cause } => {
                let left = batch.split_off(ran.len());
                self.answer_unknown(batch, &ran, &cause);
                left
            }
        }
    }

    /// Runs closures in transactions of their own, each until it is not disturbed any more.
    fn run_alone(&mut self, writes: Vec<Box<dyn QueuedWrite>>) {
        let mut writes = writes.into_iter();
        while let Some(write) = writes.next() {
            let mut one = vec![write];
            for run in 1.. {
                Counters::add(&self.counters.reruns, 1);
                match self.attempt(&mut one) {
                    TransactionResult::Over { ran }
                        if ran.contains(&RunResult::Disturbed) && run < RUNS_ALONE => {}
                    TransactionResult::Lost { error, .. }
                        if error.is_worth_another_run() && run < RUNS_ALONE => {}
                    TransactionResult::Over { ran } => {
                        one.into_iter()
                            .zip(ran)
                            .for_each(|(write, ran)| self.answer(write, ran));
                        break;
                    }
                    TransactionResult::Lost { error, .. } => {
                        self.refuse(one, &error);
                        break;
                    }
                    TransactionResult::Unknown { ran, cause } => {
                        self.answer_unknown(one, &ran, &cause);
                        break;
                    }
                    TransactionResult::NotBegun(error) => {
                        // The others would wait for the same in vain, each for as long as this one.
                        one.extend(writes);
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

    /// One transaction, from BEGIN to COMMIT, and how it ended.
    fn attempt(&mut self, writes: &mut [Box<dyn QueuedWrite>]) -> TransactionResult {
        let result = self.transact(writes);
        // The successor of one that was given up knows better.
        if !self.progress.is_given_up() {
            self.counters.ended(match &result {
                TransactionResult::Over { .. } => None,
                TransactionResult::NotBegun(error) | TransactionResult::Lost { error, .. } => {
                    Some(error.to_string())
                }
                TransactionResult::Unknown { cause, .. } => Some(cause.clone()),
            });
        }
        result
    }

    fn transact(&mut self, writes: &mut [Box<dyn QueuedWrite>]) -> TransactionResult {
        let (mut conn, begun) = match self.begin() {
            Ok(both) => both,
            Err(error) => return TransactionResult::NotBegun(error),
        };
        let began = Instant::now();
        let alone = writes.len() == 1;
        let mut ran = Vec::with_capacity(writes.len());
        for write in writes.iter_mut() {
            if self.progress.is_given_up() {
                return self.lost(ran, DbError::Closed);
            }
            if !ran.is_empty() && began.elapsed() > OPEN_FOR {
                break;
            }
            // Alone, the transaction itself is what is undone.
            let result = if alone {
                Ok(write.run(&mut conn))
            } else {
                transaction::in_savepoint(&mut conn, write.as_mut())
            };
            match result {
                Ok(RunResult::Panicked) => {
                    ran.push(RunResult::Panicked);
                    // Its connection goes, and with it what the others wrote.
                    let cause = "one of them panicked".to_owned();
                    return if alone {
                        TransactionResult::Over { ran }
                    } else {
                        self.lost(ran, DbError::Aborted { cause })
                    };
                }
                Ok(how) => ran.push(how),
                Err(error) => {
                    ran.push(RunResult::Disturbed);
                    return self.lost(ran, error);
                }
            }
        }
        if !ran.contains(&RunResult::Succeeded) {
            if transaction::roll_back(&mut conn) {
                self.conn = Some(conn);
            }
            return TransactionResult::Over { ran };
        }
        match transaction::commit(&mut conn, &begun, &self.id, &self.progress) {
            CommitResult::Committed { changed } => {
                self.conn = Some(conn);
                Counters::add(&self.counters.commits, 1);
                self.counters
                    .largest_batch
                    .fetch_max(ran.len() as u64, Ordering::Relaxed);
                if changed {
                    // Before the answers: after its own write a caller finds that something has changed.
                    self.changes.send_modify(|count| *count += 1);
                }
                TransactionResult::Over { ran }
            }
            CommitResult::Undone { error, reusable } => {
                if reusable {
                    self.conn = Some(conn);
                }
                self.lost(ran, error)
            }
            CommitResult::Unknown { cause } => TransactionResult::Unknown { ran, cause },
        }
    }

    fn lost(&self, ran: Vec<RunResult>, error: DbError) -> TransactionResult {
        // What was given up is counted already.
        Counters::add(&self.counters.lost, usize::from(!self.progress.is_given_up()));
        TransactionResult::Lost { ran, error }
    }

    /// A connection with a transaction begun. One that was lost while nothing was under way is replaced, once.
    fn begin(&mut self) -> Result<(Conn, Begun), DbError> {
        if self.progress.is_given_up() {
            return Err(DbError::Closed);
        }
        self.source.check_file()?;
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
        let mut conn = connect(&self.source, Role::Writer)?;
        Counters::add(&self.counters.connections, 1);
        let begun = transaction::begin(&mut conn)?;
        Ok((conn, begun))
    }

    fn answer(&self, write: Box<dyn QueuedWrite>, ran: RunResult) {
        if self.progress.is_given_up() {
            // Its successor answered.
            return;
        }
        let counter = if ran == RunResult::Succeeded {
            &self.counters.writes
        } else {
            &self.counters.failures
        };
        Counters::add(counter, 1);
        write.answer();
    }

    /// Answers with one error for all.
    fn refuse(&self, writes: Vec<Box<dyn QueuedWrite>>, error: &DbError) {
        for mut write in writes {
            write.undone(error.again());
            self.answer(write, RunResult::Failed);
        }
    }

    /// Answers that it is not known whether they are stored. They are not run again: that could do it twice.
    fn answer_unknown(&self, writes: Vec<Box<dyn QueuedWrite>>, ran: &[RunResult], cause: &str) {
        log::error!(
            "lost the connection during commit, {} may be stored or not: {cause}",
            counted(writes.len(), "write")
        );
        for (mut write, ran) in writes.into_iter().zip(ran) {
            if *ran == RunResult::Succeeded {
                write.undone(DbError::CommitUnknown {
                    cause: cause.to_owned(),
                });
            }
            self.answer(write, RunResult::Failed);
        }
    }
}
