//! The items of lists: each comes, is missing, goes, and may come again.

use monitor_domain::{MetricKey, Severity};
use monitor_model::{
    Db, IncidentKind, ItemChange, MetricState, NewIncident, incidents, metric_items, states,
};

use crate::support::{at, both};

fn listed(item: &str, label: &str) -> ItemChange {
    ItemChange::Listed {
        item: item.to_owned(),
        label: label.to_owned(),
    }
}

fn list() -> MetricKey {
    MetricKey::stored("shops")
}

async fn apply(db: &Db, changes: Vec<ItemChange>, seconds: i64) {
    db.write(move |c| metric_items::apply(c, &list(), &changes, at(seconds)))
        .await
        .unwrap();
}

/// Each item that is a metric: its label, when it was first listed, and since when it is missing.
async fn watched(db: &Db) -> Vec<(String, String, i64, Option<i64>)> {
    let watched = db.read(metric_items::watched).await.unwrap();
    let seconds = |time: chrono::NaiveDateTime| (time - at(0)).num_seconds();
    let one = watched.into_iter().map(|one| {
        (
            one.key.to_string(),
            one.label,
            seconds(one.first_seen),
            one.missing_since.map(seconds),
        )
    });
    one.collect()
}

fn line(key: &str, label: &str, first: i64, missing: Option<i64>) -> (String, String, i64, Option<i64>) {
    (key.to_owned(), label.to_owned(), first, missing)
}

async fn version(db: &Db) -> i64 {
    let versions = db.read(metric_items::versions).await.unwrap();
    versions.get("shops").copied().unwrap_or_default()
}

async fn save_state(db: &Db, key: &MetricKey) {
    let state = MetricState {
        key: key.clone(),
        version: 0,
        phase: "normal".to_owned(),
        since: at(1),
        reason: "as it is".to_owned(),
        state: "{}".to_owned(),
        updated_at: at(1),
    };
    db.write(move |c| states::save(c, &state, 0)).await.unwrap();
}

both! {
    async fn an_incident_may_be_of_a_list(db) {
        let db = db.open().await;
        let new = |kind: IncidentKind| NewIncident {
            kind,
            subject: "shops".to_owned(),
            severity: Severity::Warning,
            reason: "has 137 items".to_owned(),
            since: at(1),
            opened_at: at(1),
        };
        for kind in [IncidentKind::List, IncidentKind::Gap, IncidentKind::System] {
            let new = new(kind);
            assert!(db.write(move |c| incidents::open(c, &new)).await.unwrap().is_some());
        }
        let other = db.write(|c| {
            let text = "INSERT INTO incident (kind, subject, severity, reason, since, opened_at) \
                        VALUES ('other', '', 'info', '', '2026-11-01 00:00:01', '2026-11-01 00:00:01')";
            Ok(diesel::RunQueryDsl::execute(diesel::sql_query(text), c)?)
        });
        assert!(other.await.is_err(), "and of no kind that nobody knows");
    }

    async fn items_come_are_missing_go_and_come_again(db) {
        let db = db.open().await;
        assert_eq!((watched(&db).await, version(&db).await), (vec![], 0));
        apply(&db, vec![listed("17", "North"), listed("9", "South")], 1).await;
        apply(&db, vec![listed("5", "East")], 2).await;
        let all = [line("shops.17", "North", 1, None), line("shops.9", "South", 1, None), line("shops.5", "East", 2, None)];
        assert_eq!(watched(&db).await, all, "as they came");
        assert_eq!(version(&db).await, 2);

        let (north, south) = (list().of_item("17"), list().of_item("9"));
        apply(&db, vec![ItemChange::Missing(north.clone()), listed("9", "South \0 2")], 3).await;
        // Another worker that finds the same changes nothing.
        apply(&db, vec![ItemChange::Missing(north.clone())], 4).await;
        // One that is there is not gone, whoever found it missing before.
        apply(&db, vec![ItemChange::Gone(south.clone())], 5).await;
        let all = watched(&db).await;
        assert_eq!(all[0], line("shops.17", "North", 1, Some(3)));
        assert_eq!((all.len(), all[1].1.contains('\0')), (3, false));
        assert_eq!(version(&db).await, 5);

        apply(&db, vec![ItemChange::Gone(north.clone())], 6).await;
        assert_eq!(watched(&db).await.len(), 2);
        let gone = |key: MetricKey| db_is_gone(&db, key);
        assert!(gone(north.clone()).await && !gone(south).await);
        assert!(gone(list().of_item("77")).await, "nobody knows it");
        apply(&db, vec![listed("17", "North again")], 7).await;
        assert_eq!(watched(&db).await[0], line("shops.17", "North again", 1, None), "first listed when it was");
    }

    async fn what_has_been_gone_for_long_is_forgotten_with_its_state(db) {
        let db = db.open().await;
        let items: Vec<String> = (0..5).map(|n| n.to_string()).collect();
        apply(&db, items.iter().map(|item| listed(item, item)).collect(), 1).await;
        for (n, item) in items.iter().enumerate() {
            let key = list().of_item(item);
            save_state(&db, &key).await;
            if n < 4 {
                let at = i64::try_from(n).unwrap() + 10;
                apply(&db, vec![ItemChange::Missing(key.clone()), ItemChange::Gone(key)], at).await;
            }
        }
        let pruned = db.write(|c| metric_items::prune(c, &(at(0)..at(11)), 100)).await.unwrap();
        assert_eq!(pruned, 1);
        let has_state = |n: usize| {
            let key = list().of_item(&n.to_string());
            let db = &db;
            async move { db.read(move |c| states::load(c, &key)).await.unwrap().is_some() }
        };
        assert!(!has_state(0).await && has_state(1).await);
        let pruned = db.write(|c| metric_items::forget_all_but(c, "shops", 1, 100)).await.unwrap();
        assert_eq!(pruned, 2, "the last one that went is kept");
        assert!(!has_state(1).await && !has_state(2).await && has_state(3).await && has_state(4).await);
        assert_eq!(db.write(|c| metric_items::forget_all_but(c, "other", 0, 100)).await.unwrap(), 0);
        assert_eq!(watched(&db).await.len(), 1, "what is watched is never forgotten");
    }
}

fn db_is_gone(db: &Db, key: MetricKey) -> impl Future<Output = bool> + use<> {
    let db = db.clone();
    async move { db.read(move |c| metric_items::is_gone(c, &key)).await.unwrap() }
}
