//! The handle's own threads, by name: one that hangs is replaced by its successor and forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::backend::Target;
use crate::error::DbError;

/// The threads that run, or that have run and are over.
#[derive(Clone, Default)]
pub(super) struct Crew(Arc<Mutex<BTreeMap<&'static str, JoinHandle<()>>>>);

impl Crew {
    /// Starts a thread, in the place of the one of the same name.
    pub(super) fn start(
        &self,
        target: &Target,
        name: &'static str,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), DbError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread =
            thread.map_err(|e| target.connect_error(&format!("cannot start the thread {name}: {e}")))?;
        self.lock().insert(name, thread);
        Ok(())
    }

    /// Whether this one is over.
    pub(super) fn is_over(&self, name: &str) -> bool {
        self.lock().get(name).is_none_or(JoinHandle::is_finished)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
