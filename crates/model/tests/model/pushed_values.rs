//! Values that are sent: each once, in their order, and not too many.

use monitor_domain::MetricKey;
use monitor_model::{Conn, Db, DbError, NewPushedValue, PushedValue, Received, metric_keys, pushed_values};

use crate::support::{Write, at, both, soon, together};

fn push(key: &str, id: &str, value: f64, second: i64) -> NewPushedValue {
    NewPushedValue {
        key: MetricKey::stored(key),
        push_id: id.to_owned(),
        value,
        messages: r#"[{"text":"a\u0000b"}]"#.to_owned(),
        received_at: at(second),
    }
}

async fn receive(db: &Db, new: NewPushedValue, most: i64) -> Received {
    db.write(move |c| pushed_values::receive(c, &new, most))
        .await
        .unwrap()
}

async fn write<T: Send + 'static>(
    db: &Db,
    f: impl FnMut(&mut Conn) -> Result<T, DbError> + Send + 'static,
) -> T {
    db.write(f).await.unwrap()
}

async fn next(db: &Db, key: &'static str) -> Option<PushedValue> {
    db.read(move |c| pushed_values::next(c, key)).await.unwrap()
}

async fn waiting(db: &Db) -> Vec<String> {
    let mut keys = db.read(pushed_values::waiting).await.unwrap();
    keys.sort();
    keys
}

both! {
    async fn each_is_taken_once_and_judged_once_in_its_order(db) {
        let db = db.open().await;
        assert_eq!(next(&db, "w").await, None);
        for (id, value, becomes) in [
            ("a", 3.0, Received::Stored),
            ("b", 1.0, Received::Stored),
            ("a", 3.0, Received::Repeated),
            ("a", 3.5, Received::Differs(3.0)),
            ("A", 3.0, Received::Stored),
        ] {
            assert_eq!(receive(&db, push("w", id, value, 1), 100).await, becomes, "{id} {value}");
        }
        assert_eq!(receive(&db, push("v", "a", 9.0, 1), 100).await, Received::Stored, "ids are a metric's own");
        assert_eq!(waiting(&db).await, ["v", "w"]);
        let mut judged = Vec::new();
        while let Some(row) = next(&db, "w").await {
            assert!(row.messages.contains("a\\u0000b"));
            assert!(write(&db, move |c| pushed_values::mark_judged(c, row.id, at(2))).await);
            assert!(!write(&db, move |c| pushed_values::mark_judged(c, row.id, at(3))).await, "by one worker");
            judged.push((row.push_id, row.value));
        }
        assert_eq!(judged, [("a".to_owned(), 3.0), ("b".to_owned(), 1.0), ("A".to_owned(), 3.0)]);
        assert_eq!(waiting(&db).await, ["v"]);
        assert_eq!(receive(&db, push("w", "a", 3.0, 9), 100).await, Received::Repeated, "judged ones are known");
        let newest = db.read(|c| pushed_values::newest(c, "w")).await.unwrap().unwrap();
        assert_eq!((newest.push_id.as_str(), newest.messages.as_str(), newest.judged_at), ("A", "", Some(at(2))));
    }
}

both! {
    async fn what_waits_is_bounded_for_each_metric_by_itself(db) {
        let db = db.open().await;
        for id in ["a", "b"] {
            assert_eq!(receive(&db, push("w", id, 1.0, 1), 2).await, Received::Stored);
        }
        assert_eq!(receive(&db, push("w", "c", 1.0, 1), 2).await, Received::Full);
        assert_eq!(receive(&db, push("w", "a", 1.0, 1), 2).await, Received::Repeated, "a repeat takes no room");
        assert_eq!(receive(&db, push("v", "c", 1.0, 1), 2).await, Received::Stored);
        let first = next(&db, "w").await.unwrap().id;
        write(&db, move |c| pushed_values::mark_judged(c, first, at(2))).await;
        assert_eq!(receive(&db, push("w", "c", 1.0, 1), 2).await, Received::Stored);
    }
}

both! {
    /// Two webs, and what one web commits as a group.
    async fn one_id_that_comes_twice_at_once_is_stored_once(db) {
        let (one, other) = (db.open().await, db.handle().await);
        for round in 0..20 {
            let id = format!("r{round}");
            let (a, b) = tokio::join!(
                receive(&one, push("w", &id, 1.0, 1), 1_000),
                receive(&other, push("w", &id, 1.0, 1), 1_000)
            );
            let mut both = [a, b].map(|received| received == Received::Stored);
            both.sort_unstable();
            assert_eq!(both, [false, true], "{a:?} {b:?}");
        }
        let same = || -> Write {
            Box::new(|c| pushed_values::receive(c, &push("w", "group", 1.0, 1), 1_000).map(|_| ()))
        };
        soon("the group", together(&one, vec![same(), same(), same()])).await;
        let count = one.read(|c| pushed_values::waiting_of(c, "w")).await.unwrap();
        assert_eq!(count, 21);
    }
}

both! {
    async fn judged_ones_go_by_age_and_number_and_those_that_wait_stay(db) {
        let db = db.open().await;
        for n in 1..=6 {
            receive(&db, push("w", &format!("w{n}"), 1.0, n), 100).await;
            receive(&db, push("v", &format!("v{n}"), 1.0, n), 100).await;
        }
        for key in ["w", "v"] {
            for _ in 0..5 {
                let id = next(&db, key).await.unwrap().id;
                write(&db, move |c| pushed_values::mark_judged(c, id, at(9))).await;
            }
        }
        assert_eq!(write(&db, |c| pushed_values::prune(c, &(at(0)..at(3)), 3)).await, 3, "a step");
        assert_eq!(write(&db, |c| pushed_values::prune(c, &(at(0)..at(3)), 3)).await, 1);
        assert_eq!(write(&db, |c| pushed_values::prune(c, &(at(6)..at(99)), 3)).await, 0, "it waits");
        assert_eq!(write(&db, |c| pushed_values::prune_beyond(c, "w", 4, 100)).await, 0, "there are four");
        assert_eq!(write(&db, |c| pushed_values::prune_beyond(c, "w", 2, 1)).await, 1);
        assert_eq!(write(&db, |c| pushed_values::prune_beyond(c, "w", 2, 9)).await, 1);
        assert_eq!(write(&db, |c| pushed_values::prune_beyond(c, "w", 0, 9)).await, 1, "the one that waits stays");
        assert_eq!(receive(&db, push("w", "w5", 1.0, 20), 100).await, Received::Stored, "it is forgotten");
        assert_eq!(write(&db, |c| pushed_values::prune_waiting(c, &(at(0)..at(7)), 100)).await, 2);
        assert_eq!(waiting(&db).await, ["w"]);
        assert_eq!(receive(&db, push("v", "v5", 1.0, 20), 100).await, Received::Repeated, "of another metric");
    }
}

both! {
    async fn what_was_sent_under_both_keys_of_a_metric_was_sent_once(db) {
        let db = db.open().await;
        for (key, id, value) in [("old", "a", 1.0), ("new", "a", 1.0), ("new", "b", 2.0), ("old", "c", 3.0)] {
            receive(&db, push(key, id, value, 1), 100).await;
        }
        let renamed = write(&db, |c| metric_keys::rename(c, "old", "new")).await;
        assert_eq!(renamed, metric_keys::Renamed::All);
        let mut ids = Vec::new();
        while let Some(row) = next(&db, "new").await {
            write(&db, move |c| pushed_values::mark_judged(c, row.id, at(2))).await;
            ids.push(row.push_id);
        }
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(waiting(&db).await, [""; 0]);
    }
}
