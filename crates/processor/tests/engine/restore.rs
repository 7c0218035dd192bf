//! A database that is restored from a backup: what `docs/operations.md` says of it. On SQLite, whose backup is a file; what
//! follows from it is the same on PostgreSQL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use monitor_harness::{Backend, Config, Home, TestApp};
use monitor_model::{Db, DbOptions};

const CONFIG: &str = "[metrics.x]\n";

fn file(app: &TestApp) -> PathBuf {
    app.home.url().trim_start_matches("sqlite:").into()
}

/// Puts a database in the place of another, with the log that is part of it: one is left where two connections close at once.
fn copy(from: &Path, to: &Path) {
    for part in ["", "-wal", "-shm"] {
        let [from, to] = [from, to].map(|path| PathBuf::from(format!("{}{part}", path.display())));
        // There may be none; then the other must not have one either.
        let _ = std::fs::remove_file(&to);
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// Stops everything, does this with the file of the database, and starts again.
async fn while_stopped(app: &mut TestApp, act: impl FnOnce(PathBuf)) {
    app.db.close().await;
    act(file(app));
    app.db = Db::open(&DbOptions::new(app.home.url())).await.unwrap();
    app.restart(Config::metrics(CONFIG));
}

#[tokio::test]
async fn a_restored_backup_repeats_what_waited_and_alerts_anew_on_what_it_does_not_know() {
    let home = Home::migrated(Backend::Sqlite).unwrap();
    let mut app = TestApp::start_in(home, Config::metrics(CONFIG)).await;
    app.poll().await;
    app.mail().stop().await;
    app.read("x", 1.0).await;
    let backup = file(&app).with_extension("copy");
    while_stopped(&mut app, |file| copy(&file, &backup)).await;
    app.mail().start_again().await;
    app.after(Duration::from_secs(600)).await;
    app.read("x", 5.0).await;
    while_stopped(&mut app, |file| {
        copy(&backup, &file);
    })
    .await;
    app.after(Duration::from_secs(600)).await;
    let mails = app.mail().mails();
    let ids: Vec<_> = mails.iter().map(|mail| mail.message_id.clone()).collect();
    let [waited, known, repeated, anew] = ids.as_slice() else {
        panic!("{:?}", app.subjects());
    };
    let both_orders = [(repeated, anew), (anew, repeated)];
    let found = both_orders.iter().find(|(repeated, _)| *repeated == waited);
    let (_, anew) = found.expect("what waited in the backup comes again as the same message");
    assert!(
        *anew != known && *anew != waited,
        "what it does not know is another message: {ids:?}"
    );
    let alerts = app.alerts().await;
    let rises: Vec<_> = alerts.iter().map(|alert| (alert.previous, alert.value)).collect();
    assert_eq!(
        rises,
        [(Some(0.0), Some(1.0)), (Some(1.0), Some(5.0))],
        "from the last value in the backup"
    );
    app.finish().await;
}
