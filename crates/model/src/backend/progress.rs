//! Deadlines of work that blocks a thread: which statement is under way since when, and who is called when it takes too
//! long. A thread that waits in the client library for a peer that acknowledges and never answers cannot be woken, so
//! the work is given up together with its thread and its connection: others answer for it and go on without it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent};

use crate::error::DbError;

/// How many threads may hang at once. Each holds a connection that never answered; where there are more, there are no
/// new connections until some of them end.
pub(crate) const MAX_HUNG: usize = 64;

thread_local! {
    /// The work that this thread does, and how long a statement of it may take.
    static CURRENT: RefCell<Option<(Progress, Duration)>> = const { RefCell::new(None) };
}

/// The statement that some work waits for; a clone is of the same work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// When the statement began, and how long it may take.
    under_way: Option<(Instant, Duration)>,
    is_committing: bool,
    is_given_up: bool,
}

/// The work was given up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GivenUp {
    /// How long it had waited for an answer.
    pub(crate) after: Duration,
    /// In the middle of a COMMIT, which may have taken place.
    pub(crate) in_commit: bool,
}

impl GivenUp {
    /// What is answered to those who waited for a write; a read commits nothing.
    pub(crate) fn error(self) -> DbError {
        let error = DbError::NoAnswer { after: self.after };
        match self.in_commit {
            true => DbError::CommitUnknown {
                cause: error.to_string(),
            },
            false => error,
        }
    }
}

impl Progress {
    /// Runs `f` on this thread as the work of this progress, each statement of it at most for `limit`.
    pub(crate) fn during<T>(&self, limit: Duration, f: impl FnOnce() -> T) -> T {
        /// Also where `f` panics.
        struct Reset(Option<(Progress, Duration)>);
        impl Drop for Reset {
            fn drop(&mut self) {
                let ended = CURRENT.replace(self.0.take());
                if let Some((progress, _)) = ended {
                    progress.lock().under_way = None;
                }
            }
        }
        let _reset = Reset(CURRENT.replace(Some((self.clone(), limit))));
        f()
    }

    /// Whether others went on without this work: nothing of it may be committed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.lock().is_given_up
    }

    /// Runs a COMMIT; `None` where the work was given up before. From here on nobody says that nothing was stored.
    pub(crate) fn commit<T>(&self, commit: impl FnOnce() -> T) -> Option<T> {
        {
            let mut state = self.lock();
            if state.is_given_up {
                return None;
            }
            state.is_committing = true;
        }
        let committed = commit();
        self.lock().is_committing = false;
        Some(committed)
    }

    fn begin(&self, limit: Duration) {
        self.lock().under_way = Some((Instant::now(), limit));
    }

    fn end(&self) {
        self.lock().under_way = None;
    }

    /// Gives up where the statement takes too long; once.
    fn give_up(&self) -> Option<GivenUp> {
        let mut state = self.lock();
        let (began, limit) = state.under_way?;
        let after = began.elapsed();
        if state.is_given_up || after < limit {
            return None;
        }
        state.is_given_up = true;
        Some(GivenUp {
            after,
            in_commit: state.is_committing,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in it is ever half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the progress of the current thread which statement begins and ends. Every connection has one.
pub(super) struct Beat;

impl Instrumentation for Beat {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        CURRENT.with_borrow(|current| {
            let Some((progress, limit)) = current else { return };
            match event {
                InstrumentationEvent::StartQuery { .. } => progress.begin(*limit),
                InstrumentationEvent::FinishQuery { .. } => progress.end(),
                _ => {}
            }
        });
    }
}

/// Connects, which may take `limit` and is no statement yet.
pub(super) fn connecting<T>(limit: Duration, connect: impl FnOnce() -> T) -> T {
    let progress = CURRENT.with_borrow(|current| current.as_ref().map(|(progress, _)| progress.clone()));
    if let Some(progress) = &progress {
        progress.begin(limit);
    }
    let connected = connect();
    if let Some(progress) = &progress {
        progress.end();
    }
    connected
}

type OnGivingUp = Box<dyn FnOnce(GivenUp) + Send>;

/// The work under way of one handle, and what is to be done where it is given up. A clone is the same list.
#[derive(Clone, Default)]
pub(crate) struct Deadlines(Arc<Works>);

#[derive(Default)]
struct Works {
    list: Mutex<List>,
    hung: AtomicUsize,
}

#[derive(Default)]
struct List {
    next: u64,
    works: BTreeMap<u64, (Progress, OnGivingUp)>,
}

/// Work that is deadlines until this is dropped, on the thread that does it.
pub(crate) struct Watch {
    works: Arc<Works>,
    number: u64,
    progress: Progress,
}

impl Deadlines {
    /// Watches some work; `on_giving_up` is called by another thread, once, if it is given up.
    pub(crate) fn watch(
        &self,
        progress: Progress,
        on_giving_up: impl FnOnce(GivenUp) + Send + 'static,
    ) -> Watch {
        let mut list = self.0.list();
        let number = list.next;
        list.next += 1;
        list.works
            .insert(number, (progress.clone(), Box::new(on_giving_up)));
        Watch {
            works: Arc::clone(&self.0),
            number,
            progress,
        }
    }

    /// Gives up what takes too long; to be called again and again.
    pub(crate) fn check(&self) {
        let mut given_up = Vec::new();
        {
            let mut list = self.0.list();
            let late = |(number, (progress, _)): (&u64, &(Progress, OnGivingUp))| {
                Some((*number, progress.give_up()?))
            };
            let late: Vec<_> = list.works.iter().filter_map(late).collect();
            // Before anybody can end: a thread that wakes up now takes itself off the count.
            self.0.hung.fetch_add(late.len(), Ordering::SeqCst);
            for (number, how) in late {
                if let Some((_, on_giving_up)) = list.works.remove(&number) {
                    given_up.push((how, on_giving_up));
                }
            }
        }
        for (how, on_giving_up) in given_up {
            on_giving_up(how);
        }
    }

    /// Whether there may be new connections.
    pub(crate) fn has_room(&self) -> Result<(), String> {
        match self.0.hung.load(Ordering::SeqCst) {
            hung if hung >= MAX_HUNG => Err(format!(
                "it answered nothing on {hung} connections; there are no more until some of them end"
            )),
            _ => Ok(()),
        }
    }

    /// How many threads wait for an answer that nobody expects any more.
    pub(crate) fn hung(&self) -> usize {
        self.0.hung.load(Ordering::SeqCst)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.works.list().works.remove(&self.number);
        if self.progress.is_given_up() {
            self.works.hung.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Works {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_given_up_once_and_may_not_commit() {
        let (deadlines, progress) = (Deadlines::default(), Progress::default());
        let given = Arc::new(Mutex::new(Vec::new()));
        let giving = Arc::clone(&given);
        let watch = deadlines.watch(progress.clone(), move |how| {
            giving.lock().unwrap().push(how.in_commit);
        });
        deadlines.check();
        assert!(!progress.is_given_up(), "nothing is under way");
        progress.begin(Duration::from_secs(3600));
        deadlines.check();
        assert!(!progress.is_given_up(), "it has time");
        progress.begin(Duration::ZERO);
        deadlines.check();
        deadlines.check();
        assert_eq!(*given.lock().unwrap(), [false]);
        assert_eq!(
            progress.commit(|| ()),
            None,
            "somebody was answered that nothing is stored"
        );
        assert_eq!(deadlines.hung(), 1);
        drop(watch);
        assert_eq!(deadlines.hung(), 0);
    }

    #[test]
    fn given_up_in_a_commit_is_said_so() {
        let (deadlines, progress) = (Deadlines::default(), Progress::default());
        let given = Arc::new(Mutex::new(None));
        let giving = Arc::clone(&given);
        let _watch = deadlines.watch(progress.clone(), move |how| {
            *giving.lock().unwrap() = Some(how.error());
        });
        let committed = progress.commit(|| {
            progress.begin(Duration::ZERO);
            deadlines.check();
        });
        assert!(committed.is_some());
        assert!(matches!(
            *given.lock().unwrap(),
            Some(DbError::CommitUnknown { .. })
        ));
    }

    #[test]
    fn work_that_is_over_is_not_late() {
        let (deadlines, progress) = (Deadlines::default(), Progress::default());
        let _watch = deadlines.watch(progress.clone(), |_| panic!("it was over"));
        progress.during(Duration::ZERO, || {
            connecting(Duration::ZERO, || ());
            deadlines.check();
            progress.begin(Duration::ZERO);
        });
        deadlines.check();
        assert!(!progress.is_given_up());
    }

    #[test]
    fn too_many_that_hang_are_the_last() {
        let deadlines = Deadlines::default();
        let mut watches = Vec::new();
        for _ in 0..MAX_HUNG {
            deadlines.has_room().unwrap();
            let progress = Progress::default();
            progress.begin(Duration::ZERO);
            watches.push(deadlines.watch(progress, |_| ()));
            deadlines.check();
        }
        assert!(deadlines.has_room().unwrap_err().contains("64 connections"));
        watches.pop();
        deadlines.has_room().unwrap();
    }
}
