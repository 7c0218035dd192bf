//! The housekeeping of a worker.

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use monitor_domain::Clock;
use monitor_harness::{Backend, Config, Home, TestApp, both, eventually};
use monitor_model::{NewAudit, alerts, audit};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Metrics that are polled once a test.
fn slow(worker: &str) -> Config {
    Config {
        interval: "6d".into(),
        worker: worker.into(),
        ..Config::default()
    }
}

/// Waits for what housekeeping does. It may have been at work as the clock jumped: then it goes by the time of before, and sleeps
/// until its next sign of life.
pub(crate) async fn cleaned<T, F, Fut>(app: &TestApp, what: &str, mut check: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    eventually(what, || {
        app.clock.jump(Duration::from_secs(5));
        check()
    })
    .await
}

both! {
    async fn rises_that_nobody_acknowledged_age_out_on_record(app: TestApp, slow("")) {
        app.read("x", 1.0).await;
        app.read("z", 131.0).await;
        app.clock.jump(3 * DAY);
        app.read("x", 2.0).await;
        app.read("y", 1.0).await;
        let unacknowledged = async || {
            let all = app.alerts().await.into_iter();
            let open = all.filter(|alert| alert.acknowledged_at.is_none());
            open.map(|alert| (alert.key.to_string(), alert.value)).collect::<Vec<_>>()
        };
        let all = unacknowledged().await;
        assert_eq!(all.len(), 4);
        // A worker that has run for a while, as at that time none is old enough.
        app.while_running(async {
            app.clock.jump(3 * DAY);
            eventually("it beats", async || {
                let beaten = app.db.read(monitor_model::workers::all).await.unwrap();
                beaten.iter().any(|worker| worker.heartbeat_at > worker.started_at).then_some(())
            })
            .await;
            assert_eq!(unacknowledged().await, all);
            app.clock.jump(2 * DAY);
            cleaned(&app, "the first rise is old", async || (unacknowledged().await.len() == 3).then_some(())).await;
        })
        .await;
        let all = app.alerts().await;
        let old = &all[0];
        assert_eq!((old.key.as_str(), old.acknowledged_by.as_deref()), ("x", Some("monitor")));
        assert_eq!(old.note.as_deref(), Some("nobody acknowledged it within 7days"));
        assert_eq!(old.resolved_at, old.acknowledged_at);
        let counts = app.db.read(alerts::open_counts).await.unwrap();
        assert_eq!((counts["x"].unacknowledged, counts["y"].unacknowledged, counts["z"].all), (1, 1, 1));
        let audit = app.db.read(|c| audit::recent(c, 9)).await.unwrap();
        assert_eq!(audit.len(), 1, "{audit:?}");
        assert_eq!((audit[0].actor.as_str(), audit[0].action.as_str()), ("monitor", "alert.auto_acknowledge"));
        assert_eq!(audit[0].target, "metric/x");
        assert!(audit[0].detail.starts_with("1 events opened before "), "{audit:?}");
        app.abandon();
    }
}

both! {
    async fn how_long_that_takes_is_a_key_of_the_config(app: TestApp, slow("auto_acknowledge = \"2h\"")) {
        app.read("x", 1.0).await;
        app.while_running(async {
            app.clock.jump(DAY / 8);
            let acknowledged = async || app.alerts().await[0].acknowledged_by.clone();
            assert_eq!(cleaned(&app, "it is old", acknowledged).await, "monitor");
        })
        .await;
        let note = app.alerts().await[0].note.clone();
        assert_eq!(note.as_deref(), Some("nobody acknowledged it within 2h"));
        app.abandon();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_log_of_sqlite_is_truncated() {
    let app = TestApp::start(Backend::Sqlite, Config::default()).await.unwrap();
    assert!(matches!(app.home, Home::Sqlite(_)));
    let log = PathBuf::from(format!("{}-wal", app.home.url().strip_prefix("sqlite:").unwrap()));
    let length = || log.metadata().unwrap().len();
    let filler = "CREATE TABLE filler AS SELECT randomblob(2000000) AS bytes; DROP TABLE filler";
    app.db.write(move |c| Ok(c.batch_execute(filler)?)).await.unwrap();
    let before = length();
    assert!(before > 2_000_000, "{before}");
    app.while_running(async {
        eventually("it is short", async || (length() < before / 2).then_some(())).await;
    })
    .await;
    let known = app.db.log_file().unwrap();
    assert!(!known.is_held && !known.is_a_problem(), "{known:?}");
    app.finish().await;
}

both! {
    async fn what_is_over_and_old_is_removed_and_what_is_open_stays(app: TestApp, slow("auto_acknowledge = \"100y\"")) {
        for (key, total) in [("z", 131.0), ("z", 50.0), ("x", 1.0), ("y", 1.0), ("z", 140.0)] {
            app.read(key, total).await;
        }
        let all = app.alerts().await;
        let keys: Vec<&str> = all.iter().map(|alert| alert.key.as_str()).collect();
        assert_eq!(keys, ["z", "x", "y", "z"]);
        let (x, at) = (all[1].id, app.clock.wall().naive_utc());
        app.db.write(move |c| alerts::acknowledge(c, x, "ann", None, at)).await.unwrap();
        app.db.write(move |c| audit::append(c, &entry(at))).await.unwrap();
        let left = async || {
            let ids: Vec<i64> = app.alerts().await.iter().map(|alert| alert.id).collect();
            // Not the notice of a system whose answer was under way at a jump: that timed out.
            let mut about: Vec<i64> = app.deliveries().await.iter().filter_map(|delivery| delivery.alert_id).collect();
            about.sort_unstable();
            about.dedup();
            let of: Vec<Option<i64>> = app.records().await.iter().map(|record| record.alert_id).collect();
            (ids, about, of.len(), app.db.read(|c| audit::recent(c, 9)).await.unwrap().len())
        };
        let (y, z) = (all[2].id, all[3].id);
        app.while_running(async {
            app.clock.jump(300 * DAY);
            eventually("it beats", async || {
                let beaten = app.db.read(monitor_model::workers::all).await.unwrap();
                beaten.iter().any(|worker| worker.heartbeat_at > worker.started_at).then_some(())
            })
            .await;
            assert_eq!((left().await.0.len(), left().await.3), (4, 1));
            app.clock.jump(100 * DAY);
            cleaned(&app, "the year is over", async || {
                (left().await == (vec![y, z], vec![y, z], 2, 0)).then_some(())
            })
            .await;
        })
        .await;
        app.abandon();
    }
}

fn entry(at: chrono::NaiveDateTime) -> NewAudit {
    NewAudit {
        at,
        actor: "ann".to_owned(),
        action: "alert.acknowledge".to_owned(),
        target: "alert/2".to_owned(),
        detail: String::new(),
    }
}
