//! Notices values as they come, whichever process stored them.

use std::sync::Arc;
use std::time::Duration;

use monitor_model::pushed_values;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::context::Generations;

/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);

/// The metrics of which values wait, as often as the database changes or somebody says so. It is over when this is dropped.
pub(in crate::polling) struct Arrivals {
    keys: mpsc::Receiver<Vec<String>>,
    again: Arc<Notify>,
    _watching: JoinSet<()>,
}

impl Arrivals {
    pub(in crate::polling) fn watch(generations: Generations) -> Arrivals {
        let (sender, keys) = mpsc::channel(1);
        let again = Arc::<Notify>::default();
        let mut watching = JoinSet::new();
        watching.spawn(watch(generations, sender, Arc::clone(&again)));
        Arrivals {
            keys,
            again,
            _watching: watching,
        }
    }

    /// Has it search for what waits though nothing has come.
    pub(in crate::polling) fn again(&self) -> Arc<Notify> {
        Arc::clone(&self.again)
    }

    /// Waits until values are found to wait; gives the keys of their metrics.
    pub(in crate::polling) async fn next(&mut self) -> Vec<String> {
        match self.keys.recv().await {
            Some(keys) => keys,
            // Each is found at its interval still.
            None => std::future::pending().await,
        }
    }
}

async fn watch(generations: Generations, arrivals: mpsc::Sender<Vec<String>>, again: Arc<Notify>) {
    let mut changes = generations.borrow().db.changes();
    loop {
        changes.borrow_and_update();
        let context = generations.borrow().clone();
        let has_any = context.metrics.iter().any(|metric| metric.is_pushed());
        if has_any {
            match context.db.read(pushed_values::waiting).await {
                Ok(keys) if keys.is_empty() => {}
                Ok(keys) => {
                    if arrivals.send(keys).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    log::debug!("whether values were sent cannot be read: {error}");
                    context.clock.sleep(DB_PAUSE).await;
                    continue;
                }
            }
        }
        tokio::select! {
            () = again.notified() => {}
            changed = changes.changed() => if changed.is_err() {
                return;
            },
        }
    }
}
