//! Runs what blocks off the async threads, and gives up what the database does not answer.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::crew::Crew;
use super::jobs::Jobs;
use super::options::DbOptions;
use crate::backend::{Deadlines, OpenedFile, Progress, Role, Source};
use crate::error::DbError;

/// How often deadlines are checked.
const EVERY: Duration = Duration::from_millis(100);
/// The thread that does.
const DEADLINES: &str = "monitor-db-deadlines";

/// A database that may be worked on, and the threads for that. The threads end as it goes.
pub(super) struct Runner {
    pub(super) source: Arc<Source>,
    pub(super) crew: Crew,
    jobs: Jobs,
    /// Its end stops the checking of deadlines.
    _stop: SyncSender<()>,
}

impl Runner {
    /// Reads the options and begins to check deadlines. Nothing is connected yet.
    pub(super) fn start(options: &DbOptions) -> Result<Runner, DbError> {
        let deadlines = Deadlines::default();
        let source = Arc::new(Source {
            target: options.target()?,
            statement_timeout: options.statement_timeout,
            deadlines: deadlines.clone(),
            file: OpenedFile::default(),
        });
        let (stop, stopped) = sync_channel::<()>(1);
        let crew = Crew::default();
        crew.start(&source, DEADLINES, move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                deadlines.check();
            }
        })?;
        Ok(Runner {
            source,
            crew,
            jobs: Jobs::default(),
            _stop: stop,
        })
    }

    /// Runs `f` on a thread. `held` is kept until it is over or given up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        role: Role,
        held: impl Send + 'static,
        f: impl FnOnce(&Progress) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        self.jobs.run(&self.source, role, held, f).await
    }
}
