//! Making the tables: once, by whoever comes first.

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;
use monitor_model::{Backend, Conn, Db, DbOptions, Inspected, inspect, realtime};

use crate::support::{at, both};

const NAMES: [&str; 3] = [
    "2026-11-01-000000_initial",
    "2026-11-25-000000_lifecycle",
    "2026-11-26-000000_standard_words",
];

both! {
    async fn pending_ones_are_named_run_and_then_no_more(db) {
        let db = db.handle().await;
        assert_eq!(db.pending_migrations().await.unwrap(), NAMES);
        assert_eq!(db.pending_migrations().await.unwrap(), NAMES, "asking changes nothing");
        assert!(db.read(realtime::all).await.is_err());
        assert_eq!(db.migrate().await.unwrap(), NAMES);
        assert!(db.pending_migrations().await.unwrap().is_empty());
        assert!(db.migrate().await.unwrap().is_empty());
        assert!(db.read(realtime::all).await.unwrap().is_empty());
    }

    async fn a_look_leaves_everything_as_it_is(db) {
        let options = DbOptions::new(&db.url);
        let file = db.url.strip_prefix("sqlite:").map(std::path::PathBuf::from);
        if let Some(file) = &file {
            assert_eq!(inspect(&options, realtime::all).await.unwrap(), Inspected::Nowhere);
            let folder = file.parent().unwrap();
            assert!(!folder.exists(), "not even the folder");
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let missing = Inspected::Behind(NAMES.map(str::to_owned).to_vec());
        assert_eq!(inspect(&options, realtime::all).await.unwrap(), missing);
        assert_eq!(inspect(&options, realtime::all).await.unwrap(), missing, "looking changes nothing");
        if let Some(file) = &file {
            assert_eq!(std::fs::metadata(file).unwrap().len(), 0, "nor does it turn anything on");
        }
        let handle = db.open().await;
        assert_eq!(inspect(&options, realtime::all).await.unwrap(), Inspected::Found(Vec::new()));
        let write = |c: &mut Conn| realtime::record_value(c, "x", 1.0, at(0));
        inspect(&options, write).await.unwrap_err();
        assert!(handle.read(realtime::all).await.unwrap().is_empty());
    }

    async fn several_processes_at_once_run_them_once(db) {
        let handles = join_all((0..6).map(|_| db.handle())).await;
        let applied = join_all(handles.iter().map(Db::migrate)).await;
        let applied: Vec<String> = applied.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(applied, NAMES);
    }

    async fn a_newer_database_is_left_as_it_is(db) {
        let db = db.open().await;
        db.write(|c| Ok(c.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')")?))
            .await
            .unwrap();
        assert!(db.pending_migrations().await.unwrap().is_empty());
        assert!(db.migrate().await.unwrap().is_empty());
    }

    async fn the_way_down_takes_all_away(db) {
        let db = db.open().await;
        // The last first.
        let down = match db.backend() {
            Backend::Sqlite => [
                include_str!("../../../../migrations/sqlite/2026-11-25-000000_lifecycle/down.sql"),
                include_str!("../../../../migrations/sqlite/2026-11-01-000000_initial/down.sql"),
            ],
            Backend::Postgres => [
                include_str!("../../../../migrations/postgres/2026-11-25-000000_lifecycle/down.sql"),
                include_str!("../../../../migrations/postgres/2026-11-01-000000_initial/down.sql"),
            ],
        };
        db.write(move |c| {
            for one in down {
                c.batch_execute(one)?;
            }
            Ok(c.batch_execute("DELETE FROM __diesel_schema_migrations")?)
        }).await.unwrap();
        assert_eq!(db.migrate().await.unwrap(), NAMES);
    }
}
