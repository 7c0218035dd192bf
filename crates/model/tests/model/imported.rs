//! Records of another program: where they go, and that each comes once.

use monitor_domain::MetricKey;
use monitor_model::{Db, ImportedRecord, NewRecord, imported, records};

use crate::support::{at, both};

fn one(id: Option<i64>, origin: &str) -> ImportedRecord {
    ImportedRecord {
        id,
        record: NewRecord {
            key: MetricKey::stored("x"),
            value: Some(1.0),
            alert: true,
            alert_message: origin.to_owned(),
            timestamp: at(1),
            alert_id: None,
            source_id: Some(origin.to_owned()),
        },
    }
}

async fn insert(db: &Db, new: Vec<ImportedRecord>) -> usize {
    db.write(move |c| imported::insert(c, &new)).await.unwrap()
}

async fn shown(db: &Db) -> Vec<(i64, String)> {
    let all = db.read(|c| records::recent(c, 10_000)).await.unwrap();
    all.into_iter()
        .map(|record| (record.id, record.alert_message))
        .collect()
}

/// One of the monitor's own.
async fn own(db: &Db, message: &'static str) -> i64 {
    let new = NewRecord {
        source_id: None,
        alert_message: message.to_owned(),
        ..one(None, "").record
    };
    let record = db.write(move |c| records::insert(c, &new)).await.unwrap();
    record.unwrap().id
}

both! {
    async fn records_keep_the_ids_that_are_free_and_the_next_ones_come_after(db) {
        let db = db.open().await;
        db.write(|c| imported::reserve(c, 9)).await.unwrap();
        assert_eq!(own(&db, "own").await, 10, "while the others are on their way");
        assert_eq!(insert(&db, vec![one(Some(1), "a"), one(Some(9), "b"), one(Some(-4), "c")]).await, 3);
        assert_eq!(own(&db, "later").await, 11);
        let expected = [(11, "later"), (10, "own"), (9, "b"), (1, "a"), (-4, "c")];
        assert_eq!(shown(&db).await, expected.map(|(id, text)| (id, text.to_owned())));
        for less in [0, -3, 5] {
            db.write(move |c| imported::reserve(c, less)).await.unwrap();
        }
        assert_eq!(own(&db, "last").await, 12, "ids are never given again");
    }

    async fn each_comes_once_and_one_whose_id_is_taken_gets_another(db) {
        let db = db.open().await;
        assert_eq!(own(&db, "own").await, 1);
        db.write(|c| imported::reserve(c, 2)).await.unwrap();
        assert_eq!(insert(&db, vec![one(Some(1), "a"), one(Some(2), "b"), one(None, "c")]).await, 3);
        let first = shown(&db).await;
        let texts: Vec<&str> = first.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["c", "a", "b", "own"]);
        assert_eq!((first[2].0, first[3].0), (2, 1));
        assert_eq!(insert(&db, vec![one(Some(50), "a"), one(Some(2), "b"), one(None, "c")]).await, 0);
        assert_eq!(shown(&db).await, first);
        let known = db.read(|c| imported::origins(c, "a")).await.unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["a"]);
        db.write(|c| records::delete(c, 2, at(2))).await.unwrap();
        assert_eq!(insert(&db, vec![one(None, "b")]).await, 0, "deleted is not forgotten");
        let ids = db.read(imported::ids).await.unwrap();
        assert_eq!(ids.into_iter().rev().collect::<Vec<_>>(), first.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    }

    async fn many_are_stored_in_one_go(db) {
        let db = db.open().await;
        let many = (1..=2_500).map(|id| one(Some(id), &format!("o{id}"))).collect();
        db.write(|c| imported::reserve(c, 2_500)).await.unwrap();
        assert_eq!(insert(&db, many).await, 2_500);
        assert_eq!(own(&db, "own").await, 2_501);
    }
}
