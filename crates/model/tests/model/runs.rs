//! Runs of equal readings: stored, extended, read back reading by reading, pruned.

use monitor_domain::MetricKey;
use monitor_model::{
    Conn, DbError, Extension, MetricState, Run, RunBefore, evaluations, realtime, samples, states,
};

use crate::support::{at, both};

fn key() -> MetricKey {
    MetricKey::stored("x")
}

/// A run that begins so many seconds in.
fn run(second: i64, version: i64, read: Result<f64, &str>) -> Run {
    Run {
        phase: Some("normal".to_owned()),
        reason: Some(format!("read with {version}")),
        effects: Some(String::new()),
        ..Run::of_one(&key(), at(second), version, read.map_err(str::to_owned))
    }
}

/// Begins a run as an evaluation does: the state gets its version.
fn begin(c: &mut Conn, new: &Run, before: RunBefore) -> Result<(), DbError> {
    let state = MetricState {
        key: new.key.clone(),
        version: 0,
        phase: "normal".to_owned(),
        since: new.at,
        reason: String::new(),
        state: "{}".to_owned(),
        updated_at: new.at,
    };
    states::save(c, &state, new.version - 1)?;
    samples::begin(c, new, new.at, before)
}

fn extension(version: i64, second: i64, times: i64) -> Extension {
    Extension {
        key: key(),
        version,
        at: at(second),
        times,
    }
}

both! {
    async fn a_run_goes_on_until_another_begins(db) {
        let db = db.open().await;
        db.write(|c| begin(c, &run(0, 1, Ok(14.0)), RunBefore::Ended)).await.unwrap();
        assert!(db.write(|c| realtime::extend(c, &[extension(1, 10, 2)])).await.unwrap().is_empty());
        assert!(db.write(|c| realtime::extend(c, &[extension(1, 30, 4)])).await.unwrap().is_empty());
        let open = db.read(|c| samples::latest_runs(c, "x", 9)).await.unwrap();
        assert_eq!((open[0].until, open[0].times), (at(30), 4), "read while it is open");
        let now = db.read(|c| realtime::get(c, "x")).await.unwrap().unwrap();
        assert_eq!((now.value, now.value_at, now.checked_at), (Some(14.0), Some(at(30)), at(30)));

        // Nobody who begins the next knows of the one before: a worker that has just started.
        db.write(|c| begin(c, &run(40, 2, Err("no answer")), RunBefore::Unknown)).await.unwrap();
        db.write(|c| realtime::extend(c, &[extension(2, 50, 2)])).await.unwrap();
        let now = db.read(|c| realtime::get(c, "x")).await.unwrap().unwrap();
        assert_eq!((now.value_at, now.checked_at), (Some(at(30)), at(50)), "the age of the value shows");
        let end = db.read(|c| realtime::run_end(c, "x")).await.unwrap().unwrap();
        // This process read once more, which is stored with what comes next.
        let end = monitor_model::RunEnd { until: at(60), times: 3, ..end };
        db.write(move |c| begin(c, &run(70, 3, Ok(15.0)), RunBefore::Ends(end))).await.unwrap();

        let runs = db.read(|c| samples::runs(c, "x", at(0), at(99))).await.unwrap();
        let short: Vec<_> = runs.iter().map(|run| (run.at, run.until, run.times, run.value)).collect();
        assert_eq!(short, [
            (at(0), at(30), 4, Some(14.0)),
            (at(40), at(60), 3, None),
            (at(70), at(70), 1, Some(15.0)),
        ]);
        let evaluations = db.read(|c| evaluations::of(c, "x", 2)).await.unwrap();
        let short: Vec<_> = evaluations.iter().map(|one| (one.version, one.times, one.reason.as_str())).collect();
        assert_eq!(short, [(3, 1, "read with 3"), (2, 3, "read with 2")]);
    }

    async fn what_another_worker_has_evaluated_since_is_not_extended(db) {
        let db = db.open().await;
        db.write(|c| begin(c, &run(0, 1, Ok(1.0)), RunBefore::Ended)).await.unwrap();
        db.write(|c| begin(c, &run(10, 2, Ok(1.0)), RunBefore::Ended)).await.unwrap();
        let other = Extension { key: MetricKey::stored("never"), ..extension(1, 20, 2) };
        let both = [extension(1, 20, 2), other];
        let refused = db.write(move |c| realtime::extend(c, &both)).await.unwrap();
        assert_eq!(refused, ["x", "never"].map(MetricKey::stored));
        // A state that was saved without a reading, as of a metric that is closed.
        let close = |c: &mut Conn| {
            let state = states::load(c, "x")?.unwrap();
            states::save(c, &state, 2)
        };
        db.write(close).await.unwrap();
        assert_eq!(db.write(|c| realtime::extend(c, &[extension(2, 30, 2)])).await.unwrap(), [key()]);
        let runs = db.read(|c| samples::latest_runs(c, "x", 9)).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.times).collect::<Vec<_>>(), [1, 1]);
    }

    async fn a_run_is_read_back_reading_by_reading(db) {
        let db = db.open().await;
        let ended = |second, version, times: i64, read| Run {
            until: at(second + 10 * (times - 1)),
            times,
            ..run(second, version, read)
        };
        db.write(move |c| {
            samples::insert(c, &ended(0, 1, 4, Ok(7.0)))?;
            samples::insert(c, &ended(40, 2, 2, Err("no answer")))?;
            samples::insert(c, &ended(60, 3, 1, Ok(8.0)))?;
            samples::insert(c, &Run { key: MetricKey::stored("y"), ..ended(30, 1, 9, Ok(99.0)) })
        }).await.unwrap();
        let latest = db.read(|c| samples::recent(c, "x", 4)).await.unwrap();
        let short: Vec<_> = latest.iter().map(|one| (one.at, one.value)).collect();
        assert_eq!(short, [(at(60), Some(8.0)), (at(50), None), (at(40), None), (at(30), Some(7.0))]);
        assert_eq!(latest[1].error.as_deref(), Some("no answer"));
        let within = db.read(|c| samples::history(c, "x", at(15), at(40), 9)).await.unwrap();
        assert_eq!(within, [(at(20), Some(7.0)), (at(30), Some(7.0)), (at(40), None)], "oldest first, both ends included");
        let newest = db.read(|c| samples::history(c, "x", at(0), at(99), 2)).await.unwrap();
        assert_eq!(newest, [(at(50), None), (at(60), Some(8.0))]);
        let none = db.read(|c| samples::history(c, "x", at(61), at(99), 9)).await.unwrap();
        assert_eq!(none, []);
        let latest = |from, to| db.read(move |c| samples::latest_value(c, "x", at(from), at(to)));
        assert_eq!(latest(0, 55).await.unwrap(), Some(7.0));
        assert_eq!(latest(25, 29).await.unwrap(), None, "it was read at 20 and at 30");
        assert_eq!(latest(20, 29).await.unwrap(), Some(7.0), "both ends count");
        assert_eq!(latest(31, 59).await.unwrap(), None, "what failed is no value");
        let oldest = |key: &'static str| db.read(move |c| samples::oldest(c, key));
        assert_eq!(oldest("x").await.unwrap(), Some(at(0)));
        assert_eq!((oldest("y").await.unwrap(), oldest("z").await.unwrap()), (Some(at(30)), None));
    }

    async fn what_is_old_is_removed_and_never_what_is_open(db) {
        let db = db.open().await;
        db.write(|c| {
            for second in 0..6 {
                let before = if second == 0 { RunBefore::Ended } else { RunBefore::Unknown };
                begin(c, &run(second, second + 1, Ok(1.0)), before)?;
                // Of a metric that is forgotten.
                samples::insert(c, &Run { key: MetricKey::stored("gone"), ..run(second, 1, Ok(1.0)) })?;
            }
            Ok(())
        }).await.unwrap();
        let prune = |from, to, limit| db.write(move |c| samples::prune(c, &(at(from)..at(to)), limit));
        assert_eq!(prune(50, 99, 9).await.unwrap(), 0, "nothing is stamped so");
        assert_eq!(prune(0, 3, 4).await.unwrap(), 4);
        assert_eq!(prune(0, 3, 4).await.unwrap(), 2);
        assert_eq!(prune(0, 3, 4).await.unwrap(), 0);
        db.write(|c| realtime::extend(c, &[extension(6, 50, 9)])).await.unwrap();
        assert_eq!(prune(0, 50, 99).await.unwrap(), 5, "all but the one that goes on");
        assert_eq!(db.read(|c| samples::recent(c, "gone", 9)).await.unwrap(), []);
        assert_eq!(db.read(|c| samples::recent(c, "x", 99)).await.unwrap().len(), 9);
        assert_eq!(prune(0, 51, 99).await.unwrap(), 1, "its last reading is as old");
    }
}
