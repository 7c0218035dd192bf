//! What is queried often must not cost more the more there is: open events, alerts that are over, deliveries that were sent. Checked
//! by what each database says of it, not by time.

use std::sync::{Arc, Mutex};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use monitor_model::alerts::Filter;
use monitor_model::deliveries::Filter as Which;
use monitor_model::{
    AlertKind, Conn, Db, DbError, DeliveryStatus, alerts, audit, deliveries, incidents, records, samples,
    silences,
};

use crate::support::{TestDb, at};

/// Open events; of as many metrics as there are in [`METRICS`].
const OPEN: i64 = 20_000;
const METRICS: i64 = 20;
/// Rows that an answer may read: of each metric as many as a page lists, at most.
const FEW: i64 = METRICS * 60 + 300;

type Question = (&'static str, fn(&mut Conn) -> Result<usize, DbError>);

fn open_only() -> Filter {
    Filter {
        open: true,
        ..Filter::default()
    }
}

fn unacknowledged() -> Filter {
    Filter {
        unacknowledged: true,
        ..Filter::default()
    }
}

fn of_one(open: bool, unacknowledged: bool) -> Filter {
    Filter {
        key: Some("m7".to_owned()),
        open,
        unacknowledged,
        before: None,
    }
}

fn which(statuses: &[DeliveryStatus]) -> Which {
    Which {
        statuses: statuses.to_vec(),
        ..Which::default()
    }
}

/// What the pages, the series and the rooms of the worker want to know again and again.
const QUESTIONS: [Question; 37] = [
    ("counts", |c| Ok(alerts::open_counts(c)?.len())),
    ("what lasts", |c| Ok(alerts::lasting(c, 10_000)?.len())),
    ("open alerts", |c| Ok(alerts::page(c, &open_only(), 51)?.len())),
    ("unacknowledged alerts", |c| {
        Ok(alerts::page(c, &unacknowledged(), 51)?.len())
    }),
    ("open alerts of a metric", |c| {
        Ok(alerts::page(c, &of_one(true, false), 51)?.len())
    }),
    ("unacknowledged ones of a metric", |c| {
        Ok(alerts::page(c, &of_one(false, true), 51)?.len())
    }),
    ("alerts of a metric", |c| {
        Ok(alerts::page(c, &of_one(false, false), 51)?.len())
    }),
    ("all alerts", |c| Ok(alerts::recent(c, 51)?.len())),
    ("the last page", |c| {
        Ok(alerts::page(
            c,
            &Filter {
                before: Some(30),
                ..open_only()
            },
            51,
        )?
        .len())
    }),
    ("what to escalate", |c| {
        Ok(alerts::to_escalate(c, &["m1".into(), "m2".into()], 0, at(99_999), 500)?.len())
    }),
    ("whether it is escalated", |c| {
        Ok(usize::from(alerts::is_escalated(c, "m1", AlertKind::Event, 1)?))
    }),
    ("what a channel is sent again", |c| {
        let which = alerts::Restated {
            lane: "mail",
            events: &["alert"],
            ended_since: at(99_999),
            after: 0,
        };
        Ok(alerts::restated(c, &which, 100)?.len())
    }),
    ("what an incident covers", |c| {
        Ok(alerts::muted_by(c, "incident:7")?.len())
    }),
    ("what a reading ends", |c| {
        Ok(alerts::unresolved_for(c, "m3", AlertKind::Level)?.len())
    }),
    ("muted ends", |c| Ok(alerts::with_muted_end(c, 10_000)?.len())),
    ("incidents", |c| Ok(incidents::all_open(c)?.len())),
    ("records", |c| Ok(records::alerts(c, 51)?.len())),
    ("records of an alert", |c| Ok(records::of_alert(c, 9_000)?.len())),
    ("deliveries of records", |c| {
        let records = records::alerts(c, 3)?;
        Ok(deliveries::for_records(c, &records)?.len())
    }),
    ("deliveries of an alert", |c| {
        let filter = Which {
            alert_id: Some(9_000),
            ..Which::default()
        };
        Ok(deliveries::page(c, &filter, 500)?.len())
    }),
    ("what ended unsent, counted", |c| {
        Ok(deliveries::undelivered_by_lane(c)?.len())
    }),
    ("what ended unsent", |c| {
        let ended = which(&[DeliveryStatus::GivenUp, DeliveryStatus::Failed]);
        Ok(deliveries::page(c, &ended, 51)?.len())
    }),
    ("what was given up", |c| {
        Ok(deliveries::page(c, &which(&[DeliveryStatus::GivenUp]), 51)?.len())
    }),
    ("what waits", |c| {
        Ok(deliveries::page(c, &which(&[DeliveryStatus::Pending]), 500)?.len())
    }),
    ("what waits, counted", |c| {
        Ok(deliveries::unfinished_by_lane(c)?.len())
    }),
    ("when something is due", |c| {
        Ok(deliveries::next_due_by_lane(c)?.len())
    }),
    ("alerts to remove", |c| alerts::prune(c, &(at(-9)..at(-1)), 100)),
    ("records to remove", |c| records::prune(c, &(at(-9)..at(-1)), 100)),
    ("incidents to remove", |c| {
        incidents::prune(c, &(at(-9)..at(-1)), 100)
    }),
    ("deliveries to remove", |c| {
        deliveries::prune(c, &(at(-9)..at(-1)), 100)
    }),
    ("entries to remove", |c| audit::prune(c, &(at(-9)..at(-1)), 100)),
    ("samples to remove", |c| samples::prune(c, &(at(-9)..at(-1)), 100)),
    ("a window", |c| {
        Ok(samples::values(c, "m1", at(0), at(60), 129)?.len())
    }),
    ("a part of a window", |c| {
        Ok(usize::from(samples::summary(c, "m1", at(0), at(60))?.is_some()))
    }),
    ("the value some time ago", |c| {
        Ok(usize::from(
            samples::latest_value(c, "m1", at(0), at(60))?.is_some(),
        ))
    }),
    ("the first reading", |c| {
        Ok(usize::from(samples::oldest(c, "m1")?.is_some()))
    }),
    ("silences", |c| Ok(silences::active(c, at(9))?.len())),
];

/// Many open events, each with a record and a delivery that was sent; one level that lasts, one delivery that was given up and one
/// that waits.
async fn seeded(test: &TestDb) -> Db {
    let db = test.open().await;
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {OPEN})"
    );
    let now = "'2026-11-01 00:00:00'";
    let time = format!("CAST({now} AS TIMESTAMP)");
    // SQLite would make a number of it.
    let now = if test.database().is_some() { &time } else { now };
    let sql = format!(
        "INSERT INTO alert (key, kind, severity, reason, value, opened_at, further_messages)
             VALUES ('old', 'level', 'warning', 'it is high', 1, {now}, 0);
         {numbers} INSERT INTO alert (key, kind, severity, reason, value, opened_at, further_messages)
             SELECT 'm' || (n % {METRICS}), 'event', 'warning', 'it rose', n, {now}, 0 FROM numbers;
         {numbers} INSERT INTO monitor_record (key, value, alert, alert_message, \"timestamp\", alert_id)
             SELECT 'm' || (n % {METRICS}), n, TRUE, 'it rose', {now}, n + 1 FROM numbers;
         {numbers} INSERT INTO delivery (alert_id, record_id, lane, event, recipient, dedupe_key, message_id, payload, status,
                 next_at, created_at, finished_at)
             SELECT n + 1, n, 'mail', 'alert', 'ann', 'alert/' || n, n || '@monitor', '{{}}', 'sent', {now}, {now}, {now}
             FROM numbers;
         {numbers} INSERT INTO sample (key, at, value, took_ms) SELECT 'm' || (n % {METRICS}), {now}, n, 1 FROM numbers;
         UPDATE delivery SET status = 'given_up' WHERE id = 3;
         UPDATE delivery SET status = 'pending', finished_at = NULL WHERE id = 5;"
    );
    db.write(move |c| Ok(c.batch_execute(&sql)?)).await.unwrap();
    while db.write(|c| alerts::group_events(c, 5_000)).await.unwrap() > 0 {}
    db
}

async fn reset(db: &Db) -> usize {
    db.write(|c| alerts::acknowledge_all(c, "ann", at(9)))
        .await
        .unwrap()
}

/// PostgreSQL counts the rows that a transaction reads.
fn rows_read(c: &mut Conn) -> i64 {
    #[derive(QueryableByName)]
    struct Read {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let query = "SELECT CAST(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS BIGINT) AS n
                 FROM pg_stat_xact_user_tables";
    diesel::sql_query(query).get_result::<Read>(c).unwrap().n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_reads_few_rows_however_many_there_are() {
    let Some(test) = TestDb::postgres() else { return };
    let db = seeded(&test).await;
    for is_reset in [false, true] {
        db.write(|c| Ok(c.batch_execute("ANALYZE")?)).await.unwrap();
        for (what, question) in QUESTIONS {
            let queried = db.write(move |c| {
                let before = rows_read(c);
                let found = question(c)?;
                Ok((found, rows_read(c) - before))
            });
            let (found, read) = queried.await.unwrap();
            println!("{what} (reset {is_reset}): {read} rows read for {found}");
            assert!(
                read < FEW,
                "{what} (reset {is_reset}): {read} rows read for {found}"
            );
        }
        let resetting = db.write(|c| {
            let before = rows_read(c);
            let acknowledged = alerts::acknowledge_all(c, "ann", at(9))?;
            Ok((i64::try_from(acknowledged).unwrap(), rows_read(c) - before))
        });
        let (acknowledged, read) = resetting.await.unwrap();
        assert_eq!(acknowledged, if is_reset { 0 } else { OPEN + 1 });
        assert!(read < FEW, "a reset reads {read} rows");
    }
}

/// The queries that `question` makes, without what is bound.
fn queries(c: &mut Conn, question: impl Fn(&mut Conn) -> Result<usize, DbError>) -> Vec<String> {
    let observed = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&observed);
    c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            noting.lock().unwrap().push(query.to_string());
        }
    });
    question(c).unwrap();
    c.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let observed = observed.lock().unwrap();
    observed
        .iter()
        .filter_map(|query| query.split(" -- binds").next().map(str::to_owned))
        .collect()
}

/// What SQLite would do: "SCAN alert" is the whole table, "SCAN alert USING INDEX …" an index that has few rows here.
fn plan(c: &mut Conn, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load::<Step>(c);
    steps.unwrap().into_iter().map(|step| step.detail).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_scans_no_table_that_grows() {
    let test = TestDb::sqlite();
    let db = seeded(&test).await;
    let reset = |c: &mut Conn| alerts::acknowledge_all(c, "ann", at(9));
    let mut questions = QUESTIONS.to_vec();
    questions.push(("a reset", reset));
    let planned = db.write(move |c| {
        let mut plans = Vec::new();
        for (what, question) in &questions {
            for query in queries(c, question) {
                plans.push((*what, plan(c, &query), query));
            }
        }
        Ok(plans)
    });
    let planned = planned.await.unwrap();
    assert!(
        planned.len() > QUESTIONS.len(),
        "each makes a query: {}",
        planned.len()
    );
    for (what, plan, query) in planned {
        for step in plan {
            let is_whole =
                step.starts_with("SCAN ") && !step.contains(" USING ") && step != "SCAN CONSTANT ROW";
            // Every alert from one on, which may be the first.
            let is_whole = is_whole || step.contains("SEARCH alert USING INTEGER PRIMARY KEY (rowid>?)");
            // Every alert of a metric, over or not.
            let is_all_of_one = step.contains("INDEX alert_key ");
            let is_listed_as_they_are = ["all alerts", "alerts of a metric"].contains(&what);
            assert!(
                !(is_whole || is_all_of_one) || is_listed_as_they_are,
                "{what}: {step}\n{query}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_of_many_is_complete() {
    let test = TestDb::sqlite();
    let db = seeded(&test).await;
    assert_eq!(i64::try_from(reset(&db).await).unwrap(), OPEN + 1);
    assert_eq!(reset(&db).await, 0);
}

/// An outbox after a storm through channels that are slow: much waits, in several lanes.
async fn stormy(test: &TestDb) -> Db {
    let db = test.open().await;
    let now = match test.database() {
        Some(_) => "CAST('2026-11-01 00:00:00' AS TIMESTAMP)",
        None => "'2026-11-01 00:00:00'",
    };
    let sql = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {OPEN})
         INSERT INTO delivery (lane, event, recipient, dedupe_key, message_id, payload, status, next_at, created_at)
             SELECT 'lane' || (n % 4), 'alert', '', 'alert/' || n, n || '@monitor', '{{}}', 'pending', {now}, {now} FROM numbers;
         UPDATE delivery SET status = 'sending', worker = 'w', lease_until = {now} WHERE id < 9;"
    );
    db.write(move |c| Ok(c.batch_execute(&sql)?)).await.unwrap();
    db
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_finds_what_is_due_without_reading_all_that_waits() {
    let Some(test) = TestDb::postgres() else { return };
    let db = stormy(&test).await;
    db.write(|c| Ok(c.batch_execute("ANALYZE")?)).await.unwrap();
    let queried = db.write(|c| {
        let before = rows_read(c);
        let due = deliveries::next_due_by_lane(c)?.len();
        Ok((due, rows_read(c) - before))
    });
    let (due, read) = queried.await.unwrap();
    assert_eq!(due, 4);
    assert!(read < 100, "{read} rows read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_finds_what_is_due_without_reading_all_that_waits() {
    let test = TestDb::sqlite();
    let db = stormy(&test).await;
    let planned = db.write(|c| {
        assert_eq!(deliveries::next_due_by_lane(c)?.len(), 4);
        let queries = queries(c, |c| Ok(deliveries::next_due_by_lane(c)?.len()));
        Ok(queries.iter().map(|query| plan(c, query)).collect::<Vec<_>>())
    });
    let plans = planned.await.unwrap();
    assert_eq!(plans.len(), 2, "what waits, and what is being sent: {plans:?}");
    let waiting = plans[0].iter().filter(|step| step.starts_with("SEARCH "));
    for step in waiting {
        // The first of all, of the lanes after one, of a lane.
        let is_first = ["delivery_recipient_due", "(lane>?)", "delivery_lane_due (lane=?)"];
        assert!(is_first.iter().any(|it| step.contains(it)), "{step}");
    }
    assert!(
        plans[0]
            .iter()
            .any(|step| step.contains("delivery_lane_due (lane=?)")),
        "{plans:?}"
    );
    assert!(
        plans[1]
            .iter()
            .any(|step| step.contains("delivery_status_due (status=?)")),
        "{plans:?}"
    );
}
