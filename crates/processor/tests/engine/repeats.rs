//! Readings that say what the ones before said: one row, however many, and a gap stays a gap.

use std::time::Duration;

use monitor_harness::{Config, TestApp, both};
use monitor_model::{Run, evaluations, samples, states};

const TICK: Duration = Duration::from_secs(10);

fn x() -> Config {
    Config {
        interval: "10s".into(),
        ..Config::metrics("[metrics.x]\nalert = { above = 100 }\n")
    }
}

/// Polls so often, a tick apart.
async fn polls(app: &TestApp, times: usize) {
    for _ in 0..times {
        app.after(TICK).await;
    }
}

async fn runs(app: &TestApp) -> Vec<Run> {
    let mut runs = app.db.read(|c| samples::latest_runs(c, "x", 99)).await.unwrap();
    runs.reverse();
    runs
}

/// How many readings each run has, and their value.
async fn short(app: &TestApp) -> Vec<(Option<f64>, i64)> {
    runs(app).await.iter().map(|run| (run.value, run.times)).collect()
}

both! {
    async fn what_stays_the_same_is_one_row(app: TestApp, x()) {
        app.read("x", 14.0).await;
        polls(&app, 24).await;
        assert_eq!(short(&app).await, [(Some(14.0), 25)]);
        let run = runs(&app).await.remove(0);
        let readings = app.samples("x").await;
        assert_eq!((readings[0].at, readings[24].at, readings.len()), (run.at, run.until, 25), "read back one by one");
        let spaces = readings.windows(2).map(|two| two[1].at - two[0].at);
        let even = (run.until - run.at) / 24;
        assert!(even >= chrono::TimeDelta::seconds(10), "{even}");
        assert!(spaces.into_iter().all(|space| (space - even).abs() < chrono::TimeDelta::milliseconds(1)));
        let state = app.db.read(|c| states::load(c, "x")).await.unwrap().unwrap();
        assert_eq!(state.version, 1, "nothing changed");
        let now = app.db.read(|c| monitor_model::realtime::get(c, "x")).await.unwrap().unwrap();
        assert_eq!((now.value_at, now.checked_at), (Some(run.until), run.until), "it is as fresh as it was read");

        app.clock.jump(TICK);
        app.read("x", 131.0).await;
        polls(&app, 2).await;
        app.clock.jump(TICK);
        app.read("x", 14.0).await;
        assert_eq!(short(&app).await, [(Some(14.0), 25), (Some(131.0), 3), (Some(14.0), 1)]);
        let evaluations = app.db.read(|c| evaluations::of(c, "x", 99)).await.unwrap();
        let effects: Vec<_> = evaluations.iter().map(|one| (one.effects.as_str(), one.times)).collect();
        assert_eq!(effects, [("recovered", 1), ("alert", 3), ("", 25)], "newest first");
        app.finish().await;
    }
}

both! {
    async fn a_gap_is_never_filled(app: TestApp, x()) {
        app.read("x", 14.0).await;
        polls(&app, 3).await;
        // A reading is missed.
        app.after(TICK * 2).await;
        polls(&app, 2).await;
        // A worker begins anew, though no reading was missed.
        let another = app.another_engine();
        app.clock.jump(TICK);
        another.run_once(tokio_util::sync::CancellationToken::new()).await.unwrap();
        let all = runs(&app).await;
        let times: Vec<_> = all.iter().map(|run| run.times).collect();
        assert_eq!(times, [4, 3, 1]);
        assert_eq!((all[1].at - all[0].until).num_seconds(), 20);
        assert_eq!(app.samples("x").await.len(), 8);
        // The first worker has heard of that by its next reading, and goes on with what the other has stored.
        polls(&app, 2).await;
        assert_eq!(runs(&app).await.iter().map(|run| run.times).sum::<i64>(), 9, "one reading was refused");
        assert!(app.alerts().await.is_empty());
        app.finish().await;
    }
}

both! {
    async fn what_cannot_be_read_in_the_same_way_is_a_row_while_its_time_counts(app: TestApp, x()) {
        app.read("x", 14.0).await;
        app.a().set_total_json("x", serde_json::json!("nonsense"));
        polls(&app, 3).await;
        let errors: Vec<_> = runs(&app).await.into_iter().map(|run| (run.value.is_some(), run.times)).collect();
        assert_eq!(errors, [(true, 1), (false, 1), (false, 1), (false, 1)]);
        app.finish().await;
    }
}
