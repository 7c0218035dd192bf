//! A closure given to `Db::write`, on its way through the writer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::backend::Conn;
use crate::error::DbError;

/// How a run of a closure ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RunResult {
    /// It returned `Ok`: what it wrote is to be committed.
    Succeeded,
    /// It returned an error: what it wrote is to be undone.
    Failed,
    /// The database undid it in favour of another transaction, or the connection was lost: worth another run, alone.
    Disturbed,
    /// It panicked: undone, and the connection is not to be trusted any more.
    Panicked,
}

/// Answers with an error.
pub(crate) type Refuser = Box<dyn FnOnce(DbError) + Send>;

/// Where the answer goes, until there is one.
type Reply<T> = Arc<Mutex<Option<oneshot::Sender<Result<T, DbError>>>>>;

/// A closure whose type is forgotten, with the place where its answer goes.
pub(crate) trait QueuedWrite: Send {
    /// Whether nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
    /// Runs the closure. It may be run again; the last run counts.
    fn run(&mut self, c: &mut Conn) -> RunResult;
    /// The run succeeded, but what it wrote could not be kept.
    fn undone(&mut self, error: DbError);
    /// Sends the answer.
    fn answer(self: Box<Self>);
    /// A way to answer with an error without it, where it hangs on a thread of its own. The first answer counts.
    fn refuser(&self) -> Refuser;
}

/// The only implementation: a closure and its result so far.
pub(crate) struct PendingWrite<T, F> {
    f: F,
    result: Option<Result<T, DbError>>,
    reply: Reply<T>,
}

impl<T, F> PendingWrite<T, F> {
    pub(crate) fn new(f: F) -> (PendingWrite<T, F>, oneshot::Receiver<Result<T, DbError>>) {
        let (reply, answer) = oneshot::channel();
        (
            PendingWrite {
                f,
                result: None,
                reply: Arc::new(Mutex::new(Some(reply))),
            },
            answer,
        )
    }
}

impl<T, F> QueuedWrite for PendingWrite<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Conn) -> Result<T, DbError> + Send,
{
    fn abandoned(&self) -> bool {
        lock(&self.reply).as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn run(&mut self, c: &mut Conn) -> RunResult {
        let (result, ran) = match guarded(|| (self.f)(c)) {
            Err(panicked) => (Err(panicked), RunResult::Panicked),
            Ok(Ok(value)) => (Ok(value), RunResult::Succeeded),
            Ok(Err(error)) => {
                let ran = if error.is_worth_another_run() {
                    RunResult::Disturbed
                } else {
                    RunResult::Failed
                };
                (Err(error), ran)
            }
        };
        self.result = Some(result);
        ran
    }

    fn undone(&mut self, error: DbError) {
        // An error of its own says more.
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(error));
        }
    }

    fn answer(self: Box<Self>) {
        send(&self.reply, self.result.unwrap_or(Err(DbError::Closed)));
    }

    fn refuser(&self) -> Refuser {
        let reply = Arc::clone(&self.reply);
        Box::new(move |error| send(&reply, Err(error)))
    }
}

fn send<T>(reply: &Reply<T>, result: Result<T, DbError>) {
    let reply = lock(reply).take();
    if let Some(reply) = reply {
        // An error here means that the caller stopped waiting meanwhile, which is its right.
        drop(reply.send(result));
    }
}

fn lock<T>(reply: &Reply<T>) -> MutexGuard<'_, Option<oneshot::Sender<Result<T, DbError>>>> {
    reply.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls a closure; a panic in it becomes an error. What it borrowed is not to be trusted after that.
pub(crate) fn guarded<T>(f: impl FnOnce() -> T) -> Result<T, DbError> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| DbError::Panicked {
        message: panic_message(panic.as_ref()),
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}
