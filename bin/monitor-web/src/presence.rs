//! This web in the list of processes, so that somebody notices when it is gone.

use std::time::Duration;

use monitor_domain::SharedClock;
use monitor_model::{Db, Presence};
use tokio::select;
use tokio_util::sync::CancellationToken;

/// How often it reports; it counts as silent after six times as long.
const BEAT: Duration = Duration::from_secs(5);
/// How long it may take to leave the list. Real time: a database that does not answer must not keep the process.
const LEAVE: Duration = Duration::from_secs(1);

/// Reports this process as alive until `stop`, then takes it off the list. Failures are logged and harm nothing else.
pub(crate) async fn keep(presence: Presence, db: Db, clock: SharedClock, stop: CancellationToken) {
    select! {
        () = stop.cancelled() => return,
        reaped = presence.reap_dead_workers(&db) => match reaped {
            Ok(dead) => dead
                .iter()
                .for_each(|(id, _)| log::info!("web {id} died without signing off; it is off the list")),
            Err(error) => log::warn!("cannot check for webs that died: {error}"),
        },
    }
    let mut failing = false;
    loop {
        // Writes are done in their order: one that is not waited for comes before the leaving all the same.
        let beat = select! {
            () = stop.cancelled() => break,
            beat = presence.beat(&db, &*clock) => beat,
        };
        match &beat {
            Ok(()) if failing => log::info!("the list of processes has this web again"),
            Err(error) if !failing => log::warn!("cannot report that this web is alive: {error}"),
            Ok(()) | Err(_) => {}
        }
        failing = beat.is_err();
        select! {
            () = stop.cancelled() => break,
            () = clock.sleep(BEAT) => {}
        }
    }
    match tokio::time::timeout(LEAVE, presence.leave(&db, Some(clock.wall()))).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::warn!("this web stays on the list of processes: {error}"),
        Err(_) => log::warn!("this web stays on the list of processes: no answer within {LEAVE:?}"),
    }
}
