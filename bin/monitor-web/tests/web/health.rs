//! `/healthz` and `/readyz`.

use crate::support::{Database, Web};

#[tokio::test]
async fn up_and_ready() {
    for database in Database::each() {
        let backend = if matches!(database, Database::Sqlite(_)) {
            "sqlite"
        } else {
            "postgres"
        };
        let web = Web::on(database).await;
        assert_eq!(web.get("/healthz").await.json()["status"], "up");
        let ready = web.get("/readyz").await;
        assert_eq!(ready.status, 200);
        let expected = serde_json::json!({
            "status": "ready",
            "database": {"backend": backend, "migrated": true},
            "worker": {"state": "never", "heartbeat_at": null, "age_seconds": null},
        });
        assert_eq!(ready.json(), expected);
        web.heartbeat().await;
        assert_eq!(web.get("/readyz").await.json()["worker"]["state"], "alive");
        assert_eq!(web.send("HEAD", "/readyz", &[]).await.status, 200);
        web.stop().await;
    }
}

#[tokio::test]
async fn a_database_without_tables_is_not_ready() {
    let database = Database::sqlite();
    let web = Web::on_db(database.open().await, |_| {}, |_| {}).await;
    let answer = web.get("/readyz").await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "not-migrated"));
    assert!(answer.body.contains("monitor migrate"));
    assert_eq!(web.get("/healthz").await.status, 200);
    let values = web.get("/get_current_values").await;
    assert_eq!(
        (values.status, values.problem().as_str()),
        (503, "database-unavailable"),
        "never 0 without data"
    );
    assert!(
        web.get("/monitor")
            .await
            .body
            .contains("id=\"database-banner\" role=\"status\">")
    );
    web.db.migrate().await.unwrap();
    for _ in 0..100 {
        if web.get("/get_current_values").await.status == 200 {
            return web.stop().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it did not notice that the database is good again");
}

#[tokio::test]
async fn a_closed_database_is_not_ready() {
    let web = Web::start().await;
    web.get("/healthz").await;
    web.db.close().await;
    let answer = web.get("/readyz").await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "database-unavailable")
    );
    web.stop().await;
}

#[tokio::test]
async fn a_database_that_a_newer_program_migrated_is_not_ready() {
    for database in Database::each() {
        let web = Web::on(database).await;
        web.write(|c| {
            let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
            Ok(diesel::RunQueryDsl::execute(diesel::sql_query(newer), c).map(drop)?)
        })
        .await;
        let answer = web.get("/readyz").await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "database-unavailable")
        );
        web.stop().await;
    }
}
