//! Threads for work that async code waits for: kept for the next work, given up where the database does not answer.
//! They are not the runtime's, which waits for its threads when it ends, however long they hang.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::backend::{GivenUp, Progress, Role, Source};
use crate::error::DbError;
use crate::writer::guarded;

/// A thread that had nothing to do for longer ends.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Work, and the way back to the thread that does it.
type Work = (Box<dyn FnOnce() + Send>, SyncSender<Task>);

/// Boxed so that the type may contain itself.
struct Task(Work);

/// The threads. A clone is the same threads; they end when the last one is gone.
#[derive(Clone, Default)]
pub(super) struct Jobs(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    next: u64,
    /// Those that wait for work, by number.
    threads: Vec<(u64, SyncSender<Task>)>,
}

impl Jobs {
    /// Runs `f` on a thread, each statement of it at most as long as `source` and `role` say. `held` is kept until it is
    /// over or given up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        source: &Source,
        role: Role,
        held: impl Send + 'static,
        f: impl FnOnce(&Progress) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (answer, result) = oneshot::channel();
        // Whoever takes it answers: the work, or who gives it up.
        let reply = Arc::new(Mutex::new(Some((answer, held))));
        let take = |reply: &Mutex<Option<_>>| reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (progress, patience) = (Progress::default(), source.patience(role));
        let late = Arc::clone(&reply);
        let (deadlines, shown) = (source.deadlines.clone(), source.shown());
        let work = move || {
            let on_giving_up = move |how: GivenUp| {
                let error = how.error();
                log::error!("{error}; its connection and thread are given up: {shown}");
                if let Some((answer, _held)) = take(&late) {
                    let _: Result<(), _> = answer.send(Err(error));
                }
            };
            let watch = deadlines.watch(progress.clone(), on_giving_up);
            let result = guarded(|| progress.during(patience, || f(&progress))).and_then(|result| result);
            drop(watch);
            if let Some((answer, _held)) = take(&reply) {
                // An error here means that the caller stopped waiting meanwhile, which is its right.
                let _: Result<(), _> = answer.send(result);
            }
        };
        self.start(Box::new(work))
            .map_err(|e| source.connect_error(&format!("cannot start a thread: {e}")))?;
        result.await.unwrap_or(Err(DbError::Closed))
    }

    fn start(&self, mut work: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
        loop {
            let idle = self.lock().threads.pop();
            let Some((_, thread)) = idle else { break };
            match thread.send(Task((work, thread.clone()))) {
                Ok(()) => return Ok(()),
                Err(returned) => work = returned.0.0.0,
            }
        }
        let number = {
            let mut idle = self.lock();
            idle.next += 1;
            idle.next
        };
        let (sender, tasks) = sync_channel(1);
        let jobs = Arc::downgrade(&self.0);
        let thread = std::thread::Builder::new().name("monitor-db-job".to_owned());
        let first = sender.clone();
        thread.spawn(move || {
            work();
            let _ended: Option<()> = work_on(number, first, &tasks, &jobs);
        })?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for work and does it, until there was none for a while or the threads are wanted no more.
fn work_on(
    number: u64,
    mut own: SyncSender<Task>,
    tasks: &Receiver<Task>,
    jobs: &std::sync::Weak<Mutex<Idle>>,
) -> Option<()> {
    loop {
        // Held by the list alone from here on: it goes with the list.
        let listed = jobs.upgrade()?;
        listed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .threads
            .push((number, own));
        drop(listed);
        let Task((work, back)) = loop {
            match tasks.recv_timeout(KEPT_FOR) {
                Ok(task) => break task,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    let listed = jobs.upgrade()?;
                    let mut idle = listed.lock().unwrap_or_else(PoisonError::into_inner);
                    let before = idle.threads.len();
                    idle.threads.retain(|(other, _)| *other != number);
                    if idle.threads.len() < before {
                        return None;
                    }
                    // Somebody took it off the list: work is on its way.
                }
            }
        };
        work();
        own = back;
    }
}
