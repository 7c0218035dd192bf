//! The items of lists: what the database says of them is what the engine goes on by, as by a changed config.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use monitor_model::{Db, DbError, MetricItem, metric_items};
use tokio_util::sync::CancellationToken;

use super::Reloader;
use crate::context::Generations;

/// How soon this worker hears of items that another one has stored.
const TICK: Duration = Duration::from_secs(1);

/// The items that are metrics, and how often those of each list changed.
pub(super) struct StoredItems {
    pub(super) items: Vec<MetricItem>,
    versions: BTreeMap<String, i64>,
}

impl StoredItems {
    pub(super) async fn load(db: &Db) -> Result<StoredItems, DbError> {
        // The versions first: of what is stored between the two it is heard once more.
        let load = |conn: &mut monitor_model::Conn| {
            let versions = metric_items::versions(conn)?;
            Ok((versions, metric_items::watched(conn)?))
        };
        let (versions, items) = db.read(load).await?;
        Ok(StoredItems { items, versions })
    }

    /// Others, if there are.
    async fn changed(&self, db: &Db) -> Result<Option<StoredItems>, DbError> {
        let versions = db.read(metric_items::versions).await?;
        match versions == self.versions {
            true => Ok(None),
            false => StoredItems::load(db).await.map(Some),
        }
    }
}

/// Hears of items that came and went until `halt`, while the config has lists.
pub(super) async fn follow(
    reloader: Reloader,
    mut known: StoredItems,
    mut generations: Generations,
    halt: CancellationToken,
) {
    loop {
        let context = generations.borrow_and_update().clone();
        let is_needed = !context.lists.is_empty();
        tokio::select! {
            () = halt.cancelled() => return,
            Ok(()) = generations.changed() => if !is_needed { continue },
            () = context.items_changed.notified(), if is_needed => {}
            () = context.clock.sleep(TICK), if is_needed => {}
        }
        let changed = tokio::select! {
            () = halt.cancelled() => return,
            changed = known.changed(&context.db) => changed,
        };
        match changed {
            Ok(Some(changed)) => {
                known = changed;
                reloader.items_changed(Arc::new(known.items.clone()));
            }
            Ok(None) => {}
            // The database is an incident of its own.
            Err(error) => log::debug!("the items of lists cannot be read: {error}"),
        }
    }
}
