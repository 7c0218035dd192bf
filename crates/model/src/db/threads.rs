//! Threads: the handle's own, and those that async code waits for.

use std::thread::JoinHandle;

use crate::backend::Target;
use crate::error::DbError;

/// Starts a named thread.
pub(super) fn spawn(
    target: &Target,
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, DbError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|e| target.connect_error(&format!("cannot start thread {name}: {e}")))
}

/// Runs `f` off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(f)
        .await
        .map_err(|error| match error.is_panic() {
            true => DbError::Panicked {
                message: "in the database library".to_owned(),
            },
            // The runtime is shutting down.
            false => DbError::Closed,
        })
}
