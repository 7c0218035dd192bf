//! Each query of every table but the outbox.

use diesel::connection::SimpleConnection;
use monitor_domain::{MetricKey, Severity};
use monitor_model::{
    AlertKind, Conn, DbError, MetricState, NewAlert, NewAudit, NewRecord, NewSample, ProcessRole, Summary,
    WorkerRow, alerts, audit, realtime, records, samples, states, workers,
};

use crate::support::{at, both};

fn state(key: &str, phase: &str) -> MetricState {
    MetricState {
        key: MetricKey::stored(key),
        version: 0,
        phase: phase.to_owned(),
        since: at(1),
        reason: "a reason".to_owned(),
        state: r#"{"a":1}"#.to_owned(),
        updated_at: at(2),
    }
}

fn new_alert(key: &str, kind: AlertKind) -> NewAlert {
    NewAlert {
        key: MetricKey::stored(key),
        kind,
        severity: Severity::Warning,
        reason: "131 is above 100".to_owned(),
        value: Some(131.0),
        previous: Some(99.5),
        opened_at: at(0),
        muted: None,
    }
}

fn record(key: &str, alert: bool, source_id: Option<&str>) -> NewRecord {
    NewRecord {
        key: MetricKey::stored(key),
        value: Some(3.0),
        alert,
        alert_message: "订单 17 failed".to_owned(),
        timestamp: at(5),
        alert_id: None,
        source_id: source_id.map(str::to_owned),
    }
}

both! {
    async fn realtime_keeps_the_last_value_through_errors(db) {
        let db = db.open().await;
        db.write(|c| {
            realtime::record_error(c, "y", "System A answers 503", at(1))?;
            realtime::record_value(c, "x", 1.5, at(1))?;
            realtime::record_value(c, "x", 131.0, at(2))?;
            realtime::record_error(c, "x", "timed\0 out", at(3))
        }).await.unwrap();
        let all = db.read(realtime::all).await.unwrap();
        let [x, y] = &all[..] else { panic!("{all:?}") };
        assert_eq!((x.key.as_str(), x.value, x.value_at, x.checked_at), ("x", Some(131.0), Some(at(2)), at(3)));
        assert_eq!(x.error.as_deref(), Some("timed\u{FFFD} out"));
        assert_eq!((y.value, y.value_at, y.checked_at), (None, None, at(1)));
        db.write(|c| realtime::record_value(c, "x", 0.0, at(4))).await.unwrap();
        let x = db.read(realtime::all).await.unwrap().remove(0);
        assert_eq!((x.value, x.value_at, x.checked_at, x.error), (Some(0.0), Some(at(4)), at(4), None));
    }

    async fn times_keep_their_microseconds(db) {
        let db = db.open().await;
        let fine = at(1) + chrono::Duration::microseconds(123_456);
        db.write(move |c| realtime::record_value(c, "x", 1.0, fine)).await.unwrap();
        assert_eq!(db.read(realtime::all).await.unwrap()[0].checked_at, fine);
    }

    async fn a_state_is_saved_only_over_the_version_that_was_loaded(db) {
        let db = db.open().await;
        assert_eq!(db.read(|c| states::load(c, "x")).await.unwrap(), None);
        let wrong = db.write(|c| states::save(c, &state("x", "normal"), 3)).await.unwrap_err();
        assert!(matches!(wrong, DbError::Conflict { ref key } if key == "x"), "{wrong}");
        db.write(|c| states::save(c, &state("x", "normal"), 0)).await.unwrap();
        assert!(db.write(|c| states::save(c, &state("x", "firing"), 0)).await.is_err());
        db.write(|c| states::save(c, &state("x", "firing"), 1)).await.unwrap();
        assert!(db.write(|c| states::save(c, &state("x", "normal"), 1)).await.is_err());
        let x = db.read(|c| states::load(c, "x")).await.unwrap().unwrap();
        assert_eq!(x, MetricState { version: 2, ..state("x", "firing") });
        db.write(|c| states::save(c, &state("a", "no_data"), 0)).await.unwrap();
        let keys: Vec<_> = db.read(states::all).await.unwrap().into_iter().map(|s| s.key).collect();
        assert_eq!(keys, ["a", "x"]);
    }

    async fn samples_newest_first_and_pruned_oldest_first(db) {
        let db = db.open().await;
        db.write(|c| {
            for second in 0..10 {
                let key = if second % 2 == 0 { "x" } else { "y" };
                let value = (second != 4).then_some(f64::from(second));
                let error = (second == 4).then(|| "no answer".to_owned());
                let at = at(second.into());
                samples::insert(c, &NewSample { key: MetricKey::stored(key), at, value, error, took_ms: second })?;
            }
            Ok(())
        }).await.unwrap();
        let latest = db.read(|c| samples::recent(c, "x", 3)).await.unwrap();
        assert_eq!(latest.iter().map(|s| s.took_ms).collect::<Vec<_>>(), [8, 6, 4]);
        assert_eq!((latest[2].value, latest[2].error.as_deref()), (None, Some("no answer")));
        let some = db.read(|c| samples::between(c, "x", at(2), at(6), 10)).await.unwrap();
        assert_eq!(some.iter().map(|s| s.took_ms).collect::<Vec<_>>(), [2, 4]);
        let newest = db.read(|c| samples::history(c, "x", at(1), at(6), 2)).await.unwrap();
        assert_eq!(newest, [(at(4), None), (at(6), Some(6.0))], "oldest first, the end included");
        assert_eq!(db.write(|c| samples::prune(c, &(at(-999)..at(7)), 4)).await.unwrap(), 4);
        assert_eq!(db.write(|c| samples::prune(c, &(at(-999)..at(7)), 4)).await.unwrap(), 3);
        assert_eq!(db.write(|c| samples::prune(c, &(at(-999)..at(7)), 4)).await.unwrap(), 0);
        assert_eq!(db.write(|c| samples::prune(c, &(at(99)..at(999)), 4)).await.unwrap(), 0, "nothing is stamped so");
        let left = db.read(|c| Ok(samples::recent(c, "x", 9)?.len() + samples::recent(c, "y", 9)?.len())).await;
        assert_eq!(left.unwrap(), 3);
    }

    async fn how_the_metrics_stand_that_others_depend_on(db) {
        let db = db.open().await;
        db.write(|c| {
            states::save(c, &state("x", "firing"), 0)?;
            states::save(c, &state("y", "normal"), 0)?;
            realtime::record_value(c, "x", 5.0, at(1))?;
            realtime::record_error(c, "y", "no answer", at(1))
        }).await.unwrap();
        let keys: Vec<String> = ["x", "y", "never"].map(str::to_owned).to_vec();
        let standings = db.read(move |c| states::phases(c, &keys)).await.unwrap();
        let short: Vec<_> = standings.iter().map(|s| (s.key.as_str(), s.phase.as_str(), s.is_unreadable)).collect();
        assert_eq!(short, [("x", "firing", false), ("y", "normal", true)]);
        let of = state("x", "firing");
        assert_eq!((standings[0].since, standings[0].updated_at), (of.since, of.updated_at));
        assert_eq!(db.read(|c| states::phases(c, &[])).await.unwrap(), []);
    }

    async fn what_a_rule_asks_of_the_readings(db) {
        let db = db.open().await;
        db.write(|c| {
            for second in 0..10 {
                let value = (second != 4).then_some(f64::from(second));
                let error = (second == 4).then(|| "no answer".to_owned());
                let at = at(second.into());
                samples::insert(c, &NewSample { key: MetricKey::stored("x"), at, value, error, took_ms: 1 })?;
            }
            samples::insert(c, &NewSample { key: MetricKey::stored("y"), at: at(3), value: Some(99.0), error: None, took_ms: 1 })
        }).await.unwrap();
        let values = |from, to, limit| db.read(move |c| samples::values(c, "x", at(from), at(to), limit));
        assert_eq!(values(3, 6, 10).await.unwrap(), [(at(3), 3.0), (at(5), 5.0)]);
        assert_eq!(values(0, 99, 2).await.unwrap(), [(at(0), 0.0), (at(1), 1.0)]);
        let summary = |from, to| db.read(move |c| samples::summary(c, "x", at(from), at(to)));
        let some = Summary { count: 4, mean: 4.0, low: 2.0, high: 6.0, newest: at(6) };
        assert_eq!(summary(2, 7).await.unwrap(), Some(some));
        assert_eq!(summary(4, 5).await.unwrap(), None, "what failed is no reading");
        assert_eq!(summary(50, 99).await.unwrap(), None);
        let latest = |from, to| db.read(move |c| samples::latest_value(c, "x", at(from), at(to)));
        assert_eq!(latest(0, 4).await.unwrap(), Some(3.0));
        assert_eq!(latest(4, 4).await.unwrap(), None);
        assert_eq!(latest(7, 7).await.unwrap(), Some(7.0), "both ends count");
        let oldest = |key: &'static str| db.read(move |c| samples::oldest(c, key));
        assert_eq!(oldest("x").await.unwrap(), Some(at(0)));
        assert_eq!((oldest("y").await.unwrap(), oldest("z").await.unwrap()), (Some(at(3)), None));
    }

    async fn an_alert_from_its_opening_to_its_end(db) {
        let db = db.open().await;
        let z = db.write(|c| alerts::open(c, &new_alert("z", AlertKind::Level))).await.unwrap();
        assert_eq!((z.value, z.previous, z.further_messages, z.resolved_at), (Some(131.0), Some(99.5), 0, None));
        let no_data = db.write(|c| alerts::open(c, &new_alert("z", AlertKind::NoData))).await.unwrap();
        db.write(|c| alerts::open(c, &new_alert("x", AlertKind::Level))).await.unwrap();
        let found = db.read(|c| alerts::unresolved_for(c, "z", AlertKind::Level)).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&z));
        let event = db.write(|c| alerts::open(c, &new_alert("y", AlertKind::Event))).await.unwrap().id;
        let counts = db.read(alerts::open_counts).await.unwrap();
        let of = |key: &str| (counts[key].all, counts[key].unacknowledged);
        assert_eq!((of("x"), of("y"), of("z")), ((1, 1), (1, 1), (2, 2)));
        assert!(db.write(move |c| alerts::acknowledge(c, event, "ann", None, at(8))).await.unwrap());
        let event = db.read(move |c| alerts::get(c, event)).await.unwrap().unwrap();
        assert_eq!(event.resolved_at, Some(at(8)), "an event is over once it is acknowledged");

        let id = z.id;
        let over = db.write(move |c| alerts::resolve(c, id, at(9), Some(80.0))).await.unwrap();
        assert_eq!(over.unwrap().resolved_value, Some(80.0));
        assert_eq!(db.write(move |c| alerts::resolve(c, id, at(10), Some(70.0))).await.unwrap(), None);
        assert!(db.write(move |c| alerts::add_further_messages(c, id, 7)).await.unwrap());
        assert!(!db.write(move |c| alerts::add_further_messages(c, id + 100, 7)).await.unwrap());
        let z = db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap();
        assert_eq!((z.resolved_at, z.resolved_value, z.further_messages), (Some(at(9)), Some(80.0), 7));

        let id = no_data.id;
        assert!(db.write(move |c| alerts::acknowledge(c, id, "ann", Some("on it"), at(11))).await.unwrap());
        assert!(!db.write(move |c| alerts::acknowledge(c, id, "bob", None, at(12))).await.unwrap());
        assert_eq!(db.write(|c| alerts::acknowledge_all(c, "reset", at(13))).await.unwrap(), 1);
        assert_eq!(db.write(|c| alerts::acknowledge_all(c, "reset", at(14))).await.unwrap(), 0);
        let mut latest = db.read(|c| alerts::recent(c, 3)).await.unwrap();
        latest.retain(|a| a.key != "y");
        let by: Vec<_> = latest.iter().map(|a| (a.key.as_str(), a.acknowledged_by.as_deref(), a.note.as_deref())).collect();
        assert_eq!(by, [("x", Some("reset"), None), ("z", Some("ann"), Some("on it"))]);
        assert_eq!(db.read(|c| alerts::get(c, 999)).await.unwrap(), None);
    }

    async fn a_message_is_recorded_once_even_after_it_was_deleted(db) {
        let db = db.open().await;
        let first = db.write(|c| records::insert(c, &record("x", true, Some("m1")))).await.unwrap().unwrap();
        assert_eq!((first.alert, first.alert_message.as_str()), (true, "订单 17 failed"));
        assert_eq!(db.write(|c| records::insert(c, &record("x", true, Some("m1")))).await.unwrap(), None);
        assert!(db.write(|c| records::insert(c, &record("y", true, Some("m1")))).await.unwrap().is_some());
        for _ in 0..2 {
            assert!(db.write(|c| records::insert(c, &record("x", false, None))).await.unwrap().is_some());
        }
        let id = first.id;
        assert_eq!(db.read(move |c| records::get(c, id)).await.unwrap().unwrap(), first);
        assert!(db.write(move |c| records::delete(c, id, at(9))).await.unwrap());
        assert!(!db.write(move |c| records::delete(c, id, at(9))).await.unwrap());
        assert_eq!(db.read(move |c| records::get(c, id)).await.unwrap(), None);
        assert_eq!(db.write(|c| records::insert(c, &record("x", true, Some("m1")))).await.unwrap(), None);

        let alerts: Vec<_> = db.read(|c| records::alerts(c, 9)).await.unwrap().into_iter().map(|r| r.key).collect();
        assert_eq!(alerts, ["y"]);
        let recent = db.read(|c| records::recent(c, 2)).await.unwrap();
        assert_eq!(recent.iter().map(|r| r.alert).collect::<Vec<_>>(), [false, false]);
        assert!(recent[0].id > recent[1].id);
        let ids: Vec<String> = (0..1500).map(|n| format!("m{n}")).collect();
        let known = db.read(move |c| records::known_source_ids(c, "x", &ids)).await.unwrap();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), ["m1"]);
    }

    async fn a_message_of_a_muted_alert_can_be_recorded_again(db) {
        let db = db.open().await;
        let released = db.write(|c| {
            let mut of = Vec::new();
            for muted in [Some("silence:3"), None] {
                let new = NewAlert { muted: muted.map(str::to_owned), ..new_alert("x", AlertKind::Event) };
                of.push(alerts::open(c, &new)?.id);
            }
            for (id, key, alert) in [
                ("muted", "x", Some(of[0])), ("deleted", "x", Some(of[0])), ("other", "y", Some(of[0])),
                ("notified", "x", Some(of[1])), ("alone", "x", None),
            ] {
                let stored = records::insert(c, &NewRecord { alert_id: alert, ..record(key, true, Some(id)) })?.unwrap();
                if id == "deleted" {
                    assert!(records::delete(c, stored.id, at(9))?);
                }
            }
            let ids = ["muted", "deleted", "other", "notified", "alone", "unknown"].map(str::to_owned);
            let released = (records::release_muted(c, "x", &ids)?, records::release_muted(c, "x", &ids)?);
            assert_eq!(records::release_muted(c, "x", &[])?, 0);
            let mut known: Vec<_> = records::known_source_ids(c, "x", &ids)?.into_iter().collect();
            known.sort();
            assert_eq!(known, ["alone", "deleted", "notified"]);
            assert_eq!(records::of_alert(c, of[0])?.len(), 3, "what was recorded stays");
            assert!(records::insert(c, &record("x", true, Some("muted")))?.is_some());
            Ok(released)
        }).await.unwrap();
        assert_eq!(released, (1, 0));
    }

    async fn nul_characters_do_not_make_a_message_impossible_to_store(db) {
        let db = db.open().await;
        let mut new = record("x", true, Some("m\u{0}1"));
        new.alert_message = "a\0b".to_owned();
        let again = new.clone();
        let stored = db.write(move |c| records::insert(c, &new)).await.unwrap().unwrap();
        assert_eq!(stored.alert_message, "a\u{FFFD}b");
        assert_eq!(db.write(move |c| records::insert(c, &again)).await.unwrap(), None);
        let ids = ["m\u{0}1".to_owned(), "m1".to_owned()];
        let known = db.read(move |c| records::known_source_ids(c, "x", &ids)).await.unwrap();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), ["m\u{0}1"]);
    }

    async fn workers_come_beat_and_go(db) {
        let db = db.open().await;
        let row = WorkerRow {
            id: "w1".to_owned(),
            host: "one".to_owned(),
            pid: 7,
            version: "0.1.0".to_owned(),
            started_at: at(0),
            heartbeat_at: at(0),
            role: ProcessRole::Worker,
        };
        let later = WorkerRow { heartbeat_at: at(5), ..row.clone() };
        let (first, second) = (row, later.clone());
        db.write(move |c| workers::heartbeat(c, &first)).await.unwrap();
        db.write(move |c| workers::heartbeat(c, &second)).await.unwrap();
        assert_eq!(db.read(workers::all).await.unwrap(), std::slice::from_ref(&later));
        for stamped in [at(0)..at(5), at(6)..at(9)] {
            assert_eq!(db.write(move |c| workers::forget(c, &stamped)).await.unwrap(), 0);
        }
        assert_eq!(db.write(|c| workers::forget(c, &(at(5)..at(6)))).await.unwrap(), 1);
        db.write(move |c| workers::heartbeat(c, &later)).await.unwrap();
        assert!(db.write(|c| workers::remove(c, "w1")).await.unwrap());
        assert!(!db.write(|c| workers::remove(c, "w1")).await.unwrap());
    }

    async fn the_audit_log_keeps_who_did_what(db) {
        let db = db.open().await;
        for target in ["record 1", "record 2"] {
            let entry = NewAudit {
                at: at(1),
                actor: "ann".to_owned(),
                action: "record.delete".to_owned(),
                target: target.to_owned(),
                detail: String::new(),
            };
            db.write(move |c| audit::append(c, &entry)).await.unwrap();
        }
        let targets: Vec<_> = db.read(|c| audit::recent(c, 5)).await.unwrap().into_iter().map(|a| a.target).collect();
        assert_eq!(targets, ["record 2", "record 1"]);
    }

    async fn unknown_words_and_missing_rows_are_refused(db) {
        let db = db.open().await;
        let severe = |c: &mut Conn| {
            alerts::open(c, &new_alert("x", AlertKind::Level))?;
            Ok(c.batch_execute("UPDATE alert SET severity = 'awful'")?)
        };
        let error = db.write(severe).await.unwrap_err();
        assert!(matches!(error, DbError::Query(_)) && !error.is_transient(), "{error}");
        assert!(db.write(|c| states::save(c, &state("x", "odd"), 0)).await.is_err());
        let mut orphan = record("x", true, None);
        orphan.alert_id = Some(77);
        assert!(db.write(move |c| records::insert(c, &orphan)).await.is_err());
    }
}
