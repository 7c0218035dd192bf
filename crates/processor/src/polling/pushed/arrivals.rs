//! Notices values as they come, whichever process stored them.

use std::time::Duration;

use monitor_model::pushed_values;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::context::Generations;

/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);

/// The metrics of which values wait, as often as the database changes. It is over when this is dropped.
pub(in crate::polling) struct Arrivals {
    keys: mpsc::Receiver<Vec<String>>,
    _watching: JoinSet<()>,
}

impl Arrivals {
    pub(in crate::polling) fn watch(generations: Generations) -> Arrivals {
        let (sender, keys) = mpsc::channel(1);
        let mut watching = JoinSet::new();
        watching.spawn(watch(generations, sender));
        Arrivals {
            keys,
            _watching: watching,
        }
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

async fn watch(generations: Generations, arrivals: mpsc::Sender<Vec<String>>) {
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
        if changes.changed().await.is_err() {
            return;
        }
    }
}
