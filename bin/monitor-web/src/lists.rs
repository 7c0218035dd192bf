//! The items of lists, which the worker finds and stores: shows those that there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use monitor_model::{Conn, Db, DbError, MetricItem, metric_items};
use tokio_util::sync::CancellationToken;

use crate::context::WebContext;

/// How soon other items are shown.
const TICK: Duration = Duration::from_secs(1);

/// Shows the items that are stored.
pub(crate) async fn begin(ctx: &WebContext) -> BTreeMap<String, i64> {
    match load(&ctx.db).await {
        Ok((versions, items)) => {
            ctx.reloader.show_items(Arc::new(items));
            versions
        }
        Err(error) => {
            log::warn!("the items of lists cannot be read, so none is shown yet: {error}");
            BTreeMap::new()
        }
    }
}

/// Shows others as they come and go, until `stop`.
pub(crate) async fn follow(ctx: WebContext, mut known: BTreeMap<String, i64>, stop: CancellationToken) {
    let mut configs = ctx.reloader.changes();
    loop {
        let has_lists = ctx.reloader.now().has_lists();
        tokio::select! {
            () = stop.cancelled() => return,
            () = configs.next() => if !has_lists { continue },
            () = ctx.clock.sleep(TICK), if has_lists => {}
        }
        let changed = async {
            let versions = ctx.db.read(metric_items::versions).await?;
            match versions == known {
                true => Ok(None),
                false => load(&ctx.db).await.map(Some),
            }
        };
        let changed: Result<_, DbError> = tokio::select! {
            () = stop.cancelled() => return,
            changed = changed => changed,
        };
        match changed {
            Ok(Some((versions, items))) => {
                known = versions;
                ctx.reloader.show_items(Arc::new(items));
            }
            Ok(None) => {}
            // The page says that the database cannot be read.
            Err(error) => log::debug!("the items of lists cannot be read: {error}"),
        }
    }
}

async fn load(db: &Db) -> Result<(BTreeMap<String, i64>, Vec<MetricItem>), DbError> {
    // The versions first: of what is stored between the two it is heard once more.
    let load = |c: &mut Conn| {
        let versions = metric_items::versions(c)?;
        Ok((versions, metric_items::watched(c)?))
    };
    db.read(load).await
}
