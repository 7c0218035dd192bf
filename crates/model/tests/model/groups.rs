//! Events are acknowledged together: their groups, which count them, and what a count, a page and a reset cost.

use std::collections::HashMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use monitor_domain::{MetricKey, Severity};
use monitor_model::alerts::{Aged, Filter, OpenAlerts};
use monitor_model::{Alert, AlertKind, Conn, Db, DbError, Mute, NewAlert, alerts};

use crate::support::{at, both};

fn event(key: &str, muted: Option<Mute>, seconds: i64) -> NewAlert {
    NewAlert {
        key: MetricKey::stored(key),
        kind: AlertKind::Event,
        severity: Severity::Warning,
        reason: "it rose".to_owned(),
        value: Some(8.0),
        previous: Some(7.0),
        opened_at: at(seconds),
        muted: muted.map(|mute| mute.to_string()),
    }
}

async fn open(db: &Db, new: NewAlert) -> i64 {
    db.write(move |c| alerts::open(c, &new)).await.unwrap().id
}

/// Opens one event for each key, a second apart, and gives their ids.
async fn rise(db: &Db, keys: &[&str]) -> Vec<i64> {
    let mut ids = Vec::new();
    for (second, key) in (0..).zip(keys) {
        ids.push(open(db, event(key, None, second)).await);
    }
    ids
}

async fn get(db: &Db, id: i64) -> Alert {
    db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap()
}

async fn counts(db: &Db, key: &str) -> OpenAlerts {
    let all: HashMap<String, OpenAlerts> = db.read(alerts::open_counts).await.unwrap();
    all.get(key).copied().unwrap_or_default()
}

async fn ids(db: &Db, filter: Filter, limit: i64) -> Vec<i64> {
    let found = db.read(move |c| alerts::page(c, &filter, limit)).await.unwrap();
    found.into_iter().map(|alert| alert.id).collect()
}

fn open_only() -> Filter {
    Filter {
        open: true,
        ..Filter::default()
    }
}

/// What the groups count, and what there is to be counted.
async fn kept_and_counted(db: &Db) -> (i64, i64) {
    #[derive(QueryableByName)]
    struct Both {
        #[diesel(sql_type = BigInt)]
        kept: i64,
        #[diesel(sql_type = BigInt)]
        counted: i64,
    }
    let query = "SELECT CAST(coalesce(sum(alerts), 0) AS BIGINT) AS kept,
                 (SELECT count(*) FROM alert WHERE group_id IS NOT NULL) AS counted FROM alert_group";
    let both = db.read(move |c| Ok(diesel::sql_query(query).get_result::<Both>(c)?));
    let Both { kept, counted } = both.await.unwrap();
    (kept, counted)
}

/// As a program of before wrote them.
fn without_a_group(c: &mut Conn, key: &str, seconds: i64) -> Result<(), DbError> {
    Ok(c.batch_execute(&format!(
        "INSERT INTO alert (key, kind, severity, reason, value, opened_at, further_messages)
         VALUES ('{key}', 'event', 'warning', 'it rose', 8, '{}', 0)",
        at(seconds)
    ))?)
}

fn aged(before: i64) -> Aged {
    Aged {
        before: at(before),
        by: "monitor".to_owned(),
        note: "nobody did for 7days".to_owned(),
        at: at(900),
    }
}

/// Acknowledges all that is aged, and gives how many in each step.
async fn acknowledge_aged(db: &Db, before: i64, limit: i64) -> Vec<(String, i64)> {
    let mut steps = Vec::new();
    loop {
        let aged = aged(before);
        let step = db.write(move |c| alerts::acknowledge_aged(c, &aged, limit)).await;
        match step.unwrap() {
            Some((key, count)) => steps.push((key.to_string(), count)),
            None => return steps,
        }
    }
}

both! {
    async fn all_events_of_a_metric_are_acknowledged_and_no_others(db) {
        let db = db.open().await;
        let [first, _, other] = rise(&db, &["x", "x", "y"]).await[..] else { panic!() };
        let muted = open(&db, event("x", Some(Mute::Flapping), 3)).await;
        let level = open(&db, NewAlert { kind: AlertKind::Level, ..event("x", None, 4) }).await;
        // As a program of before leaves one.
        let loose = open(&db, event("z", None, 5)).await;
        db.write(move |c| Ok(c.batch_execute(&format!("UPDATE alert SET group_id = NULL, key = 'x' WHERE id = {loose}"))?)).await.unwrap();
        let open_keys = async || db.read(alerts::open_keys).await.unwrap();
        assert_eq!(open_keys().await, ["x", "y", "z"]);
        let acknowledge = |key: &'static str| db.write(move |c| alerts::acknowledge_events(c, key, "monitor", "gone", at(9)));
        assert_eq!(acknowledge("x").await.unwrap(), 4);
        assert_eq!(acknowledge("x").await.unwrap(), 0, "once");
        for id in [first, muted, loose] {
            let event = get(&db, id).await;
            let by = (event.acknowledged_by.as_deref(), event.note.as_deref(), event.resolved_at);
            assert_eq!(by, (Some("monitor"), Some("gone"), Some(at(9))), "{event:?}");
        }
        assert_eq!((get(&db, other).await.resolved_at, get(&db, level).await.resolved_at), (None, None));
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 1, unacknowledged: 1 });
        db.write(move |c| {
            alerts::resolve(c, level, at(9), None)?;
            alerts::mute_end(c, level, "silence:1")
        }).await.unwrap();
        assert_eq!(open_keys().await, ["x", "y", "z"], "of the end of one nobody was notified yet");
        assert!(db.write(move |c| alerts::unmute_end(c, level)).await.unwrap());
        assert_eq!(open_keys().await, ["y", "z"]);
    }

    async fn the_events_of_one_metric_are_acknowledged_together(db) {
        let db = db.open().await;
        let all = rise(&db, &["x", "y", "x", "x"]).await;
        let muted = open(&db, event("x", Some(Mute::Silence(3)), 4)).await;
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 4, unacknowledged: 4 });
        let middle = all[2];
        assert_eq!(db.read(move |c| alerts::acknowledged_with(c, middle)).await.unwrap(), 3);
        assert!(db.write(move |c| alerts::acknowledge(c, middle, "ann", Some("on it"), at(60))).await.unwrap());
        for id in [all[0], all[2], all[3]] {
            let x = get(&db, id).await;
            assert_eq!((x.acknowledged_at, x.resolved_at), (Some(at(60)), Some(at(60))), "an event is over by that");
            assert_eq!((x.acknowledged_by.as_deref(), x.note.as_deref()), (Some("ann"), Some("on it")));
            assert_eq!(db.write(move |c| alerts::lock(c, id)).await.unwrap(), Some(x));
        }
        for id in [all[1], muted] {
            assert_eq!(get(&db, id).await.acknowledged_at, None, "another metric, or nobody was notified");
        }
        assert!(!db.write(move |c| alerts::acknowledge(c, middle, "bob", None, at(61))).await.unwrap());
        let first = all[0];
        assert!(!db.write(move |c| alerts::acknowledge(c, first, "bob", None, at(61))).await.unwrap());
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 1, unacknowledged: 1 });
        assert_eq!(ids(&db, open_only(), 9).await, [muted, all[1]]);

        let next = open(&db, event("x", None, 70)).await;
        assert_eq!(get(&db, next).await.acknowledged_at, None, "the next one is not acknowledged with those before");
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 2, unacknowledged: 2 });
        assert!(db.write(move |c| alerts::acknowledge(c, muted, "bob", None, at(80))).await.unwrap());
        assert_eq!((get(&db, muted).await.acknowledged_by.as_deref(), get(&db, next).await.acknowledged_by), (Some("bob"), None));
        assert_eq!(kept_and_counted(&db).await, (6, 6));
    }

    async fn a_reset_leaves_what_nobody_was_notified_of(db) {
        let db = db.open().await;
        let lasting = |key: &str, kind, muted: Option<Mute>| NewAlert { kind, ..event(key, muted, 0) };
        let notified = [
            open(&db, event("x", None, 0)).await,
            open(&db, lasting("z", AlertKind::Level, None)).await,
            // People were notified of the incident.
            open(&db, lasting("y", AlertKind::NoData, Some(Mute::Incident(7)))).await,
        ];
        let muted = [
            open(&db, event("x", Some(Mute::Flapping), 1)).await,
            open(&db, lasting("z", AlertKind::Level, Some(Mute::Silence(3)))).await,
            open(&db, lasting("w", AlertKind::NoData, Some(Mute::Maintenance("incident".to_owned())))).await,
        ];
        assert_eq!(db.write(|c| alerts::acknowledge_all(c, "ann", at(9))).await.unwrap(), 3);
        for id in notified {
            assert_eq!(get(&db, id).await.acknowledged_by.as_deref(), Some("ann"), "{id}");
        }
        for id in muted {
            assert_eq!(get(&db, id).await.acknowledged_by, None, "{id}");
        }
        assert_eq!(db.write(|c| alerts::acknowledge_all(c, "bob", at(10))).await.unwrap(), 0);
        let unacknowledged = Filter { unacknowledged: true, ..Filter::default() };
        assert_eq!(ids(&db, unacknowledged, 9).await, [muted[2], muted[1], muted[0]]);
    }

    async fn pages_of_what_is_open_go_through_all_groups_in_order(db) {
        let db = db.open().await;
        let keys = ["a", "b", "a", "c", "b", "a", "d", "a", "c", "b", "d", "d", "e", "a"];
        let all = rise(&db, &keys).await;
        let level = NewAlert { kind: AlertKind::Level, ..event("b", None, 0) };
        let level = open(&db, level).await;
        let (first_c, over) = (all[3], level);
        db.write(move |c| alerts::acknowledge(c, first_c, "ann", None, at(60))).await.unwrap();
        let of = |wanted: &str| -> Vec<i64> {
            let of = all.iter().zip(keys).filter(|(_, key)| *key == wanted);
            of.map(|(id, _)| *id).rev().collect()
        };
        let mut open: Vec<i64> = ["a", "b", "d", "e"].into_iter().flat_map(of).chain([level]).collect();
        open.sort_unstable_by(|a, b| b.cmp(a));
        for limit in [1, 2, 3, 5, 50] {
            let (mut walked, mut before) = (Vec::new(), None);
            loop {
                let page = ids(&db, Filter { before, ..open_only() }, limit).await;
                assert!(page.len() <= usize::try_from(limit).unwrap());
                before = page.last().copied();
                walked.extend(page);
                if before.is_none() { break; }
            }
            assert_eq!(walked, open, "pages of {limit}");
        }
        assert_eq!(ids(&db, Filter { key: Some("b".into()), ..open_only() }, 2).await, [level, of("b")[0]]);
        assert_eq!(ids(&db, Filter { key: Some("c".into()), ..open_only() }, 9).await, [0; 0]);
        assert_eq!(ids(&db, Filter { key: Some("c".into()), ..Filter::default() }, 9).await, of("c"));
        db.write(move |c| alerts::resolve(c, over, at(70), None)).await.unwrap();
        let unacknowledged = Filter { unacknowledged: true, ..Filter::default() };
        assert_eq!(ids(&db, unacknowledged, 50).await, open, "over, and nobody acknowledged it");
    }

    async fn an_event_that_something_else_ends_leaves_its_group(db) {
        let db = db.open().await;
        let [first, second] = rise(&db, &["x", "x"]).await[..] else { unreachable!() };
        let over = db.write(move |c| alerts::resolve(c, first, at(9), Some(5.0))).await.unwrap().unwrap();
        assert_eq!((over.resolved_at, over.acknowledged_at), (Some(at(9)), None));
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 1, unacknowledged: 1 });
        assert_eq!(db.write(move |c| alerts::resolve(c, first, at(10), None)).await.unwrap(), None);
        db.write(move |c| alerts::acknowledge(c, second, "ann", None, at(11))).await.unwrap();
        assert_eq!(db.write(move |c| alerts::resolve(c, second, at(12), None)).await.unwrap(), None, "it is over");
        assert_eq!(get(&db, first).await.acknowledged_by, None);
        let third = open(&db, event("x", None, 20)).await;
        db.write(move |c| alerts::resolve(c, third, at(21), None)).await.unwrap().unwrap();
        assert_eq!(counts(&db, "x").await, OpenAlerts::default());
        assert_eq!(kept_and_counted(&db).await, (1, 1));
    }

    async fn a_group_is_escalated_once_by_its_oldest_event(db) {
        let db = db.open().await;
        open(&db, event("x", Some(Mute::Silence(3)), 0)).await;
        let first = open(&db, event("x", None, 5)).await;
        open(&db, event("x", None, 6)).await;
        open(&db, event("y", None, 1)).await;
        let due = async |key: &str, before| -> Vec<i64> {
            let keys = vec![key.to_owned()];
            let due = db.read(move |c| alerts::to_escalate(c, &keys, 0, at(before), 10)).await.unwrap();
            due.into_iter().map(|alert| alert.id).collect()
        };
        assert_eq!((due("x", 4).await, due("x", 5).await), (vec![], vec![first]), "nobody knows of the muted one");
        assert!(!db.read(|c| alerts::is_escalated(c, "x", AlertKind::Event, 1)).await.unwrap());
        assert!(db.write(move |c| alerts::escalate(c, first, 0, at(7))).await.unwrap());
        assert!(!db.write(move |c| alerts::escalate(c, first, 0, at(8))).await.unwrap());
        assert!(db.read(|c| alerts::is_escalated(c, "x", AlertKind::Event, 1)).await.unwrap());
        assert!(!db.read(|c| alerts::is_escalated(c, "y", AlertKind::Event, 1)).await.unwrap());
        assert_eq!((get(&db, first).await.escalated_at, due("x", 60).await), (Some(at(7)), vec![]));
        let next = db.read(|c| alerts::to_escalate(c, &["x".to_owned()], 1, at(60), 10)).await.unwrap();
        assert_eq!(next.iter().map(|alert| alert.id).collect::<Vec<_>>(), [first]);
        assert!(db.write(move |c| alerts::escalate(c, first, 1, at(8))).await.unwrap());
        assert_eq!((get(&db, first).await.escalated_at, get(&db, first).await.escalation_step), (Some(at(7)), 2));
        db.write(move |c| alerts::acknowledge(c, first, "ann", None, at(9))).await.unwrap();
        assert!(!db.read(|c| alerts::is_escalated(c, "x", AlertKind::Event, 1)).await.unwrap());
        let next = open(&db, event("x", None, 20)).await;
        assert_eq!(due("x", 60).await, [next]);
    }

    async fn what_nobody_acknowledged_ages_out_and_no_younger_one(db) {
        let db = db.open().await;
        for second in 0..7 {
            open(&db, event("x", None, second)).await;
        }
        let muted = open(&db, event("y", Some(Mute::Flapping), 2)).await;
        let level = NewAlert { kind: AlertKind::Level, ..event("z", None, 0) };
        let level = open(&db, level).await;
        assert_eq!(acknowledge_aged(&db, 0, 2).await, []);
        let steps = acknowledge_aged(&db, 5, 2).await;
        assert_eq!(steps, [("x", 2), ("x", 2), ("y", 1), ("x", 1)].map(|(key, n)| (key.to_owned(), n)));
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 2, unacknowledged: 2 });
        for id in [1, 5, muted] {
            let old = get(&db, id).await;
            assert_eq!((old.acknowledged_at, old.resolved_at), (Some(at(900)), Some(at(900))), "{id}");
            assert_eq!((old.acknowledged_by.as_deref(), old.note.as_deref()), (Some("monitor"), Some("nobody did for 7days")));
        }
        assert_eq!(ids(&db, open_only(), 9).await, [level, 7, 6], "a level lasts until the value is back");
        assert_eq!(kept_and_counted(&db).await, (3, 3));
        assert_eq!(acknowledge_aged(&db, 7, 2).await, [("x".to_owned(), 2)], "a whole group at once");
        assert_eq!(ids(&db, open_only(), 9).await, [level]);
        assert_eq!(acknowledge_aged(&db, 99, 2).await, []);
    }

    async fn events_of_a_program_of_before_count_and_join_groups(db) {
        let db = db.open().await;
        db.write(|c| {
            for (second, key) in (0..).zip(["x", "x", "y", "x", "x"]) {
                without_a_group(c, key, second)?;
            }
            Ok(c.batch_execute("UPDATE alert SET muted = 'silence:3' WHERE id = 4; UPDATE alert SET escalated_at = opened_at WHERE id = 2")?)
        }).await.unwrap();
        let new = open(&db, event("x", None, 9)).await;
        assert_eq!(counts(&db, "x").await, OpenAlerts { all: 5, unacknowledged: 5 });
        assert_eq!(ids(&db, open_only(), 9).await, [new, 5, 4, 3, 2, 1]);
        for expected in [2, 2, 1, 0] {
            assert_eq!(db.write(|c| alerts::group_events(c, 2)).await.unwrap(), expected);
            assert_eq!(counts(&db, "x").await, OpenAlerts { all: 5, unacknowledged: 5 });
            assert_eq!(ids(&db, open_only(), 9).await, [new, 5, 4, 3, 2, 1]);
        }
        assert_eq!(kept_and_counted(&db).await, (6, 6));
        assert!(db.read(|c| alerts::is_escalated(c, "x", AlertKind::Event, 1)).await.unwrap());
        let aged = acknowledge_aged(&db, 4, 9).await;
        assert_eq!(aged.iter().map(|(_, count)| count).sum::<i64>(), 4, "the oldest of a group is known: {aged:?}");

        db.write(|c| without_a_group(c, "x", 20)).await.unwrap();
        assert_eq!(db.write(|c| alerts::acknowledge_all(c, "ann", at(30))).await.unwrap(), 3);
        assert_eq!(get(&db, new + 1).await.resolved_at, Some(at(30)));
        assert_eq!(ids(&db, open_only(), 9).await, [0; 0]);
    }

    async fn none_is_lost_between_those_that_open_and_those_that_acknowledge(db) {
        let (worker, web) = (db.open().await, db.handle().await);
        let opening = tokio::spawn({
            let worker = worker.clone();
            async move {
                for second in 0..60 {
                    let keys = ["x", "y", "x"];
                    worker.write(move |c| {
                        keys.iter().try_for_each(|key| alerts::open(c, &event(key, None, second)).map(drop))
                    }).await.unwrap();
                }
            }
        });
        let mut acknowledged = 0;
        while !opening.is_finished() {
            acknowledged += web.write(|c| alerts::acknowledge_all(c, "ann", at(100))).await.unwrap();
        }
        opening.await.unwrap();
        acknowledged += web.write(|c| alerts::acknowledge_all(c, "ann", at(100))).await.unwrap();
        assert_eq!((acknowledged, kept_and_counted(&web).await), (180, (180, 180)));
        let all = web.read(|c| alerts::recent(c, 999)).await.unwrap();
        assert_eq!((all.len(), all.iter().filter(|alert| alert.acknowledged_at.is_none()).count()), (180, 0));
    }
}
