//! A metric that gets another key.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use monitor_domain::MetricKey;
use monitor_model::metric_keys::{self, Renamed};
use monitor_model::{
    AlertKind, Backend, Conn, Db, DbError, Evaluation, MetricState, NewAlert, NewPushedValue, NewRecord,
    NewSample, NewSilence, alerts, evaluations, pushed_values, realtime, records, samples, silences, states,
};

use crate::support::{alert, at, both};

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The rows of a metric in each table.
async fn counts(db: &Db, key: &str) -> Vec<(&'static str, i64)> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let key = key.to_owned();
    let count = move |c: &mut Conn| -> Result<Vec<(&'static str, i64)>, DbError> {
        let mut counts = Vec::new();
        for table in metric_keys::tables() {
            let rows: Count = diesel::sql_query(format!("SELECT count(*) AS n FROM {table} WHERE key = $1"))
                .bind::<Text, _>(&key)
                .get_result(c)?;
            counts.push((table, rows.n));
        }
        Ok(counts)
    };
    db.read(count).await.unwrap()
}

/// Everything that a metric can have, `readings` of them.
async fn fill(db: &Db, key: &'static str, readings: i32) {
    db.write(move |c| {
        let key = MetricKey::stored(key);
        realtime::record_value(c, &key, 7.0, at(1))?;
        let state = MetricState {
            key: key.clone(),
            version: 0,
            phase: "firing".to_owned(),
            since: at(1),
            reason: "7 is above 5".to_owned(),
            state: "{}".to_owned(),
            updated_at: at(1),
        };
        states::save(c, &state, 0)?;
        for took_ms in 0..readings {
            let (value, error) = (Some(7.0), None);
            samples::insert(
                c,
                &NewSample {
                    key: key.clone(),
                    at: at(1),
                    value,
                    error,
                    took_ms,
                },
            )?;
        }
        for kind in [AlertKind::Level, AlertKind::Event] {
            let opened = alerts::open(
                c,
                &NewAlert {
                    kind,
                    ..alert(&key, None)
                },
            )?;
            let record = NewRecord {
                key: key.clone(),
                value: None,
                alert: true,
                alert_message: "a message".to_owned(),
                timestamp: at(1),
                alert_id: Some(opened.id),
                source_id: Some(format!("m-{kind:?}")),
            };
            records::insert(c, &record)?;
        }
        let silence = NewSilence {
            key: Some(key.to_string()),
            severity: None,
            reason: String::new(),
            created_by: "ann".to_owned(),
            created_at: at(1),
            starts_at: at(1),
            ends_at: at(99),
        };
        silences::create(c, &silence)?;
        let push = NewPushedValue {
            key: key.clone(),
            push_id: "p1".to_owned(),
            value: 7.0,
            messages: String::new(),
            received_at: at(1),
        };
        pushed_values::receive(c, &push, 1_000)?;
        let evaluation = Evaluation {
            key,
            slot: 0,
            version: 1,
            at: at(1),
            value: None,
            phase: "firing".to_owned(),
            reason: String::new(),
            effects: String::new(),
        };
        evaluations::record(c, &evaluation)
    })
    .await
    .unwrap();
}

async fn rename(db: &Db, from: &'static str, to: &'static str) -> Renamed {
    db.write(move |c| metric_keys::rename(c, from, to)).await.unwrap()
}

both! {
    async fn every_table_with_a_key_is_listed(db) {
        let db = db.open().await;
        let query = match db.backend() {
            Backend::Sqlite => "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) p \
                                WHERE m.type = 'table' AND p.name = 'key'",
            Backend::Postgres => "SELECT table_name::text AS name FROM information_schema.columns \
                                  WHERE table_schema = 'public' AND column_name = 'key'",
        };
        let found = db.read(move |c| Ok(diesel::sql_query(query).load::<Name>(c)?)).await.unwrap();
        let found: BTreeSet<String> = found.into_iter().map(|table| table.name).collect();
        let listed: BTreeSet<String> = metric_keys::tables().map(str::to_owned).collect();
        assert_eq!(found, listed, "a table that has a key has it renamed");
    }

    async fn everything_moves_to_the_new_key_once(db) {
        let db = db.open().await;
        fill(&db, "old", 10_001).await;
        fill(&db, "other", 2).await;
        let (before, other) = (counts(&db, "old").await, counts(&db, "other").await);
        assert!(before.iter().all(|(_, rows)| *rows > 0), "the test has forgotten a table: {before:?}");
        assert_eq!(rename(&db, "old", "new").await, Renamed::All);
        assert_eq!(counts(&db, "new").await, before);
        assert!(counts(&db, "old").await.iter().all(|(_, rows)| *rows == 0));
        assert_eq!(counts(&db, "other").await, other, "no other metric is touched");
        assert_eq!(rename(&db, "old", "new").await, Renamed::Nothing, "the next start");
        assert_eq!(rename(&db, "unheard_of", "new").await, Renamed::Nothing);
        let open = db.read(alerts::open_counts).await.unwrap();
        assert_eq!((open["new"].all, open.get("old")), (2, None));
        let state = db.read(|c| states::load(c, "new")).await.unwrap().unwrap();
        assert_eq!((state.version, state.phase.as_str()), (1, "firing"));
    }

    async fn two_histories_are_not_made_one(db) {
        let db = db.open().await;
        fill(&db, "old", 3).await;
        fill(&db, "new", 2).await;
        let both = (counts(&db, "old").await, counts(&db, "new").await);
        assert_eq!(rename(&db, "old", "new").await, Renamed::Taken);
        assert_eq!((counts(&db, "old").await, counts(&db, "new").await), both);
    }

    async fn a_silence_made_beforehand_is_no_state(db) {
        let db = db.open().await;
        fill(&db, "old", 1).await;
        db.write(|c| {
            let record = NewRecord {
                key: MetricKey::stored("new"),
                value: None,
                alert: true,
                alert_message: "known".to_owned(),
                timestamp: at(1),
                alert_id: None,
                source_id: Some("m-Event".to_owned()),
            };
            records::insert(c, &record)?;
            let silence = silences::active(c, at(2))?.remove(0);
            let new = NewSilence {
                key: Some("new".to_owned()),
                severity: None,
                reason: silence.reason,
                created_by: silence.created_by,
                created_at: at(1),
                starts_at: at(1),
                ends_at: at(9),
            };
            silences::create(c, &new).map(drop)
        }).await.unwrap();
        assert_eq!(rename(&db, "old", "new").await, Renamed::All);
        let new = counts(&db, "new").await;
        for (table, rows) in [("silence", 2), ("monitor_record", 3), ("alert", 2), ("sample", 1)] {
            assert!(new.contains(&(table, rows)), "{table}: {new:?}");
        }
    }
}
