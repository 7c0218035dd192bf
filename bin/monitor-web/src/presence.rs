//! This web in the list of processes, so that somebody notices when it is gone.

use std::path::Path;
use std::time::Duration;

use monitor_model::{Db, DbError, Presence, ProcessRole, WorkerRow, workers};
use monitor_requests::SharedClock;
use tokio::select;
use tokio_util::sync::CancellationToken;

/// How often it says that it lives; it counts as silent after six times as long.
const BEAT: Duration = Duration::from_secs(5);
/// How long it may take to leave the list. Real time: a database that does not answer must not keep the process.
const LEAVE: Duration = Duration::from_secs(3);

/// Says that this process lives until `stop`, then takes it off the list. What fails is said and harms nothing else.
pub(crate) async fn keep(db: Db, clock: SharedClock, stop: CancellationToken) {
    let presence = Presence::new(ProcessRole::Web, env!("CARGO_PKG_VERSION"), clock.wall());
    select! {
        () = stop.cancelled() => return,
        buried = bury_dead_webs(&db, &presence) => if let Err(error) = buried {
            log::warn!("cannot look for webs that died: {error}");
        },
    }
    let mut failing = false;
    loop {
        // Writes are done in their order: one that is not waited for comes before the leaving all the same.
        let beat = select! {
            () = stop.cancelled() => break,
            beat = presence.beat(&db, clock.wall()) => beat,
        };
        match &beat {
            Ok(()) if failing => log::info!("the list of processes has this web again"),
            Err(error) if !failing => log::warn!("cannot say that this web lives: {error}"),
            Ok(()) | Err(_) => {}
        }
        failing = beat.is_err();
        select! {
            () = stop.cancelled() => break,
            () = clock.sleep(BEAT) => {}
        }
    }
    match tokio::time::timeout(LEAVE, presence.leave(&db)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::warn!("this web stays on the list of processes: {error}"),
        Err(_) => log::warn!("this web stays on the list of processes: no answer within {LEAVE:?}"),
    }
}

/// Takes the webs off the list that died on this machine. Not the workers: from what they left there the next worker
/// learns since when nobody watched, and buries them itself.
async fn bury_dead_webs(db: &Db, own: &Presence) -> Result<(), DbError> {
    let mut listed = db.read(workers::all).await?;
    listed.retain(|row| is_dead_web(row, own.id()));
    for row in listed {
        log::info!("the web {} died without saying so; it is off the list", row.id);
        db.write(move |c| workers::remove(c, &row.id)).await?;
    }
    Ok(())
}

/// Whether a web certainly runs no more: it ran on this machine, as the process `own` does, and its process is gone.
fn is_dead_web(row: &WorkerRow, own: &str) -> bool {
    let place = |id: &str| id.split('-').next().map(str::to_owned);
    // A machine that does not say which it is calls itself 0.
    let here = place(&row.id) == place(own) && !row.id.starts_with("0-");
    // Where other users' processes are hidden, not seeing one means nothing.
    let gone = Path::new("/proc/1").exists() && !Path::new(&format!("/proc/{}", row.pid)).exists();
    row.role == ProcessRole::Web && here && gone
}
