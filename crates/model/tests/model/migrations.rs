//! Making the tables: once, by the process that comes first; and bringing rows of before under the words of today.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use futures_util::future::join_all;
use monitor_model::deliveries::Claim;
use monitor_model::{
    Backend, Conn, Db, DbError, DbOptions, IncidentKind, Inspected, Mute, NewIncident, alerts, deliveries,
    evaluations, incidents, inspect, realtime,
};

use crate::support::{TestDb, at, both, delivery, soon};

const NAMES: [&str; 12] = [
    "2026-11-01-000000_initial",
    "2026-11-25-000000_lifecycle",
    "2026-11-26-000000_standard_words",
    "2026-11-27-000000_fair_claims",
    "2026-11-27-030000_process_stop",
    "2026-11-28-153000_alert_groups",
    "2026-11-28-163000_pruning",
    "2026-11-28-170000_clock_spans",
    "2026-11-28-190000_reload",
    "2026-11-29-100000_pushed_values",
    "2026-11-29-200000_metric_items",
    "2026-11-29-220000_escalation_step",
];

/// Rows of every table under the words that the second migration left.
const OLD_ROWS: &str = "
INSERT INTO realtime_monitor (key, value, value_at, checked_at) VALUES ('z', 131, '2026-11-01 00:00:01', '2026-11-01 00:00:01');
INSERT INTO metric_state (key, version, phase, since, reason, state, updated_at)
    VALUES ('z', 2, 'firing', '2026-11-01 00:00:01', '131 is above 100', '{}', '2026-11-01 00:00:01');
INSERT INTO sample (key, at, value, took_ms) VALUES ('z', '2026-11-01 00:00:01', 131, 12);
INSERT INTO alert (key, kind, severity, reason, value, opened_at, resolved_at, extra, muted, end_muted) VALUES
    ('z', 'level', 'critical', '131 is above 100', 131, '2026-11-01 00:00:01', NULL, 5, NULL, NULL),
    ('y', 'no_data', 'warning', 'it answers 503', NULL, '2026-11-01 00:00:02', NULL, 0, 'trouble:1', NULL),
    ('x', 'level', 'warning', '7 is above 5', 7, '2026-11-01 00:00:03', '2026-11-01 00:00:04', 0, NULL, 'trouble:12'),
    ('x', 'event', 'info', 'it rose', 8, '2026-11-01 00:00:05', NULL, 0, 'maintenance:trouble:night', 'silence:1');
INSERT INTO monitor_record (key, value, alert, alert_message, \"timestamp\", alert_id)
    VALUES ('z', 131, TRUE, 'no trouble at all', '2026-11-01 00:00:01', 1);
INSERT INTO trouble (kind, subject, severity, reason, since, opened_at, ended_at) VALUES
    ('system', 'a', 'critical', 'trouble: it answers 503', '2026-11-01 00:00:00', '2026-11-01 00:00:02', NULL),
    ('channel', 'mail', 'warning', 'it refuses', '2026-11-01 00:00:00', '2026-11-01 00:00:02', '2026-11-01 00:00:09');
INSERT INTO delivery (alert_id, record_id, trouble_id, lane, event, recipient, dedupe_key, message_id, payload, status,
        next_at, lease_until, created_at, finished_at, batch) VALUES
    (1, 1, NULL, 'mail', 'alert', 'ann', 'alert/1/1/mail/ann', 'alert-1-1@monitor', '{\"id\":\"alert/1/1/mail/ann\"}',
        'pending', '2026-11-01 00:00:01', NULL, '2026-11-01 00:00:01', NULL, 'digest@monitor'),
    (NULL, NULL, 1, 'mail', 'notice', 'ann', 'trouble/1/begins/mail/ann', 'trouble-1-begins@monitor',
        '{\"id\":\"trouble/1/begins/mail/ann\"}', 'pending', '2026-11-01 00:00:02', NULL, '2026-11-01 00:00:02', NULL, NULL),
    (1, NULL, NULL, 'chat', 'notice', '', 'elsewhere/trouble/1/mail/chat/', 'elsewhere-1@monitor', '{}',
        'pending', '2026-11-01 00:00:03', NULL, '2026-11-01 00:00:03', NULL, NULL),
    (NULL, NULL, 2, 'mail', 'notice', 'ann', 'trouble/2/ends/mail/ann', 'trouble-2-ends@monitor', '{}',
        'sent', '2026-11-01 00:00:04', NULL, '2026-11-01 00:00:04', '2026-11-01 00:00:05', NULL),
    (1, NULL, NULL, '@alarm', 'alarm', '', 'alarm/1', 'alarm-1@monitor', '{\"key\":\"z\"}',
        'sending', '2026-11-01 00:00:01', '2026-11-01 00:00:31', '2026-11-01 00:00:01', NULL, NULL);
INSERT INTO decision (key, slot, version, at, phase, reason, effects) VALUES
    ('z', 1, 1, '2026-11-01 00:00:01', 'firing', 'a reason', 'alert'),
    ('z', 2, 2, '2026-11-01 00:00:02', 'firing', 'trouble:', 'no_data,trouble:1,recovered,trouble:2'),
    ('z', 3, 3, '2026-11-01 00:00:03', 'firing', 'a reason', 'alert,maintenance:our trouble:night'),
    ('z', 4, 4, '2026-11-01 00:00:04', 'normal', 'a reason', '');
INSERT INTO silence (reason, created_by, created_at, starts_at, ends_at)
    VALUES ('trouble:1', 'ann', '2026-11-01 00:00:00', '2026-11-01 00:00:00', '2026-11-01 00:00:09');
INSERT INTO account (name, role, password_hash, password_changed_at, created_at)
    VALUES ('ann', 'admin', 'x', '2026-11-01 00:00:00', '2026-11-01 00:00:00');
INSERT INTO session (account_id, token_hash, csrf_token, created_at, last_seen_at, expires_at)
    VALUES (1, 'x', 'x', '2026-11-01 00:00:00', '2026-11-01 00:00:00', '2026-11-01 00:00:00');
INSERT INTO api_token (name, role, token_hash, hint, created_at, created_by)
    VALUES ('ci', 'viewer', 'x', 'x', '2026-11-01 00:00:00', 'ann');
INSERT INTO audit_log (at, actor, action, target, detail) VALUES ('2026-11-01 00:00:00', 'ann', 'silence.create', '1', '');
INSERT INTO worker (id, host, pid, version, started_at, heartbeat_at, role)
    VALUES ('w1', 'one', 7, '0.1.0', '2026-11-01 00:00:00', '2026-11-01 00:00:00', 'web');
";

/// What the third migration changes in rows, in one text a row.
const OLD_LINES: [&str; 4] = [
    "SELECT id || ' ' || key || ' ' || extra || ' ' || coalesce(muted, '-') || ' ' || coalesce(end_muted, '-') AS line
     FROM alert ORDER BY id",
    "SELECT id || ' ' || dedupe_key || ' ' || message_id || ' ' || payload || ' ' || status || ' ' ||
     coalesce(CAST(trouble_id AS TEXT), '-') AS line FROM delivery ORDER BY id",
    "SELECT id || ' ' || kind || ' ' || subject || ' ' || reason AS line FROM trouble ORDER BY id",
    "SELECT key || ' ' || slot || ' ' || reason || ' ' || effects AS line FROM decision ORDER BY key, slot",
];

const SQLITE_OBJECTS: &str = "SELECT replace(sql, '\"', '') AS line FROM sqlite_master
     WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name";

const POSTGRES_OBJECTS: &str = "SELECT line FROM (
     SELECT conname || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
     UNION ALL SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(column_default, '')
     FROM information_schema.columns WHERE table_schema = 'public') AS objects ORDER BY line";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The SQL of one migration.
#[derive(Clone, Copy)]
struct Script {
    up: &'static str,
    down: &'static str,
}

macro_rules! script {
    ($name:literal) => {
        Script {
            up: include_str!(concat!("../../../../migrations/", $name, "/up.sql")),
            down: include_str!(concat!("../../../../migrations/", $name, "/down.sql")),
        }
    };
}

/// All migrations, the first one first.
fn scripts(backend: Backend) -> [Script; 12] {
    match backend {
        Backend::Sqlite => [
            script!("sqlite/2026-11-01-000000_initial"),
            script!("sqlite/2026-11-25-000000_lifecycle"),
            script!("sqlite/2026-11-26-000000_standard_words"),
            script!("sqlite/2026-11-27-000000_fair_claims"),
            script!("sqlite/2026-11-27-030000_process_stop"),
            script!("sqlite/2026-11-28-153000_alert_groups"),
            script!("sqlite/2026-11-28-163000_pruning"),
            script!("sqlite/2026-11-28-170000_clock_spans"),
            script!("sqlite/2026-11-28-190000_reload"),
            script!("sqlite/2026-11-29-100000_pushed_values"),
            script!("sqlite/2026-11-29-200000_metric_items"),
            script!("sqlite/2026-11-29-220000_escalation_step"),
        ],
        Backend::Postgres => [
            script!("postgres/2026-11-01-000000_initial"),
            script!("postgres/2026-11-25-000000_lifecycle"),
            script!("postgres/2026-11-26-000000_standard_words"),
            script!("postgres/2026-11-27-000000_fair_claims"),
            script!("postgres/2026-11-27-030000_process_stop"),
            script!("postgres/2026-11-28-153000_alert_groups"),
            script!("postgres/2026-11-28-163000_pruning"),
            script!("postgres/2026-11-28-170000_clock_spans"),
            script!("postgres/2026-11-28-190000_reload"),
            script!("postgres/2026-11-29-100000_pushed_values"),
            script!("postgres/2026-11-29-200000_metric_items"),
            script!("postgres/2026-11-29-220000_escalation_step"),
        ],
    }
}

/// The database as the second migration left it, with rows.
async fn at_the_second_migration(db: &TestDb) -> Db {
    let db = db.handle().await;
    let [initial, lifecycle, ..] = scripts(db.backend());
    let applied = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
                       run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
                   INSERT INTO __diesel_schema_migrations (version) VALUES ('20261101000000'), ('20261125000000');";
    db.write(move |c| {
        for sql in [initial.up, lifecycle.up, applied, OLD_ROWS] {
            c.batch_execute(sql)?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db
}

async fn lines(db: &Db, query: &'static str) -> Vec<String> {
    let rows = db
        .read(move |c| Ok(diesel::sql_query(query).load::<Line>(c)?))
        .await
        .unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// Tables, indexes and constraints.
async fn objects(db: &Db) -> Vec<String> {
    match db.backend() {
        Backend::Sqlite => lines(db, SQLITE_OBJECTS).await,
        Backend::Postgres => lines(db, POSTGRES_OBJECTS).await,
    }
}

async fn old_lines(db: &Db) -> Vec<String> {
    let mut all = Vec::new();
    for query in OLD_LINES {
        all.extend(lines(db, query).await);
    }
    all
}

both! {
    async fn pending_ones_are_named_run_and_then_no_more(db) {
        let db = db.handle().await;
        assert_eq!(db.pending_migrations().await.unwrap(), NAMES);
        assert_eq!(db.pending_migrations().await.unwrap(), NAMES, "the query changes nothing");
        assert!(db.read(realtime::all).await.is_err());
        assert_eq!(db.migrate().await.unwrap(), NAMES);
        assert!(db.pending_migrations().await.unwrap().is_empty());
        assert!(db.migrate().await.unwrap().is_empty());
        assert!(db.read(realtime::all).await.unwrap().is_empty());
    }

    async fn inspecting_leaves_everything_as_it_is(db) {
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
        assert_eq!(inspect(&options, realtime::all).await.unwrap(), missing, "inspecting changes nothing");
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

    async fn a_newer_database_is_refused_and_left_as_it_is(test) {
        let db = test.open().await;
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
        db.write(move |c| Ok(c.batch_execute(newer)?)).await.unwrap();
        let before = lines(&db, "SELECT version AS line FROM __diesel_schema_migrations ORDER BY version").await;
        let options = DbOptions::new(&test.url);
        for refused in [
            db.migrate().await.unwrap_err(),
            db.pending_migrations().await.unwrap_err(),
            inspect(&options, realtime::all).await.unwrap_err(),
        ] {
            let said = refused.to_string();
            assert!(matches!(refused, DbError::Unsuitable { .. }) && !refused.is_transient(), "{said}");
            assert!(said.contains("newer than this program") && said.contains("29991231000000"), "{said}");
            assert!(said.contains("restore the backup"), "what to do: {said}");
        }
        let after = lines(&db, "SELECT version AS line FROM __diesel_schema_migrations ORDER BY version").await;
        assert_eq!(after, before);
    }

    async fn a_newer_database_that_lacks_a_migration_of_ours_is_refused_too(test) {
        let db = at_the_second_migration(test).await;
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
        db.write(move |c| Ok(c.batch_execute(newer)?)).await.unwrap();
        let said = db.migrate().await.unwrap_err().to_string();
        assert!(said.contains("newer than this program"), "{said}");
        let objects = objects(&db).await;
        assert!(objects.iter().any(|object| object.contains("trouble")), "nothing was migrated");
    }

    async fn the_way_down_takes_all_away(db) {
        let db = db.open().await;
        let scripts = scripts(db.backend());
        db.write(move |c| {
            for script in scripts.iter().rev() {
                c.batch_execute(script.down)?;
            }
            Ok(c.batch_execute("DELETE FROM __diesel_schema_migrations")?)
        }).await.unwrap();
        assert_eq!(db.migrate().await.unwrap(), NAMES);
    }

    async fn rows_of_before_are_found_under_the_words_of_today(db) {
        let db = at_the_second_migration(db).await;
        assert_eq!(db.migrate().await.unwrap(), NAMES[2..]);

        for object in objects(&db).await {
            for old in ["trouble", "decision", "unheeded", "extra"] {
                assert!(!object.contains(old), "{object}");
            }
        }
        let open = db.read(incidents::all_open).await.unwrap();
        assert_eq!((open.len(), open[0].id, open[0].kind, open[0].subject.as_str()), (1, 1, IncidentKind::System, "a"));
        assert_eq!(open[0].reason, "trouble: it answers 503", "texts for people stay");

        let of = async |id| db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap();
        assert_eq!((of(1).await.further_messages, of(1).await.muted), (5, None));
        assert_eq!(of(2).await.muted.unwrap().parse(), Ok(Mute::Incident(1)));
        assert_eq!(of(3).await.end_muted.unwrap().parse(), Ok(Mute::Incident(12)));
        let window = Mute::Maintenance("trouble:night".to_owned());
        assert_eq!(of(4).await.muted.unwrap().parse(), Ok(window), "the name of a window is somebody's own");
        let waiting = db.read(|c| alerts::to_escalate(c, &["y".to_owned()], 0, at(9), 9)).await.unwrap();
        assert_eq!(waiting.len(), 1, "of an alert muted by an incident people were notified");

        let counts = db.read(alerts::open_counts).await.unwrap();
        assert_eq!((counts["x"].unacknowledged, counts["y"].all, counts["z"].all), (1, 1, 1));
        assert_eq!(db.read(|c| alerts::acknowledged_with(c, 4)).await.unwrap(), 1, "an event that is open");
        assert_eq!(lines(&db, "SELECT key || ' ' || alerts AS line FROM alert_group").await, ["x 1"]);
        assert_eq!(lines(&db, "SELECT CAST(id AS TEXT) AS line FROM alert WHERE group_id = 1").await, ["4"]);

        let trail = db.read(|c| evaluations::of(c, "z", 9)).await.unwrap();
        let effects: Vec<&str> = trail.iter().map(|evaluation| evaluation.effects.as_str()).collect();
        let expected = ["", "alert,maintenance:our trouble:night", "no_data,incident:1,recovered,incident:2", "alert"];
        assert_eq!(effects, expected);
        assert_eq!(trail[2].reason, "trouble:");
    }

    async fn what_was_escalated_before_has_one_step_done(db) {
        let db = at_the_second_migration(db).await;
        let escalated = "UPDATE alert SET escalated_at = '2026-11-01 00:00:08' WHERE id IN (1, 4)";
        db.write(move |c| Ok(c.batch_execute(escalated)?)).await.unwrap();
        db.migrate().await.unwrap();
        let steps = "SELECT CAST(escalation_step AS TEXT) AS line FROM alert ORDER BY id";
        assert_eq!(lines(&db, steps).await, ["1", "0", "0", "1"]);
        let steps = "SELECT key || ' ' || escalation_step AS line FROM alert_group";
        assert_eq!(lines(&db, steps).await, ["x 1"]);
    }

    async fn what_waited_before_is_claimed_and_not_enqueued_again(db) {
        let db = at_the_second_migration(db).await;
        db.migrate().await.unwrap();
        let all = db.read(|c| deliveries::recent(c, 9)).await.unwrap();
        let keys: Vec<_> = all.iter().rev().map(|d| (d.dedupe_key.as_str(), d.incident_id)).collect();
        assert_eq!(keys, [
            ("alert/1/1/mail/ann", None),
            ("incident/1/begins/mail/ann", Some(1)),
            ("fallback/trouble/1/mail/chat/", None),
            ("incident/2/ends/mail/ann", Some(2)),
            ("alarm/1", None),
        ]);
        let again = [delivery("mail", "incident/1/begins/mail/ann", at(9)), delivery("mail", "incident/2/ends/mail/ann", at(9))];
        assert_eq!(db.write(move |c| deliveries::enqueue(c, &again)).await.unwrap(), 0);
        let notified = db.read(|c| deliveries::notified_of_incident(c, 1)).await.unwrap();
        assert_eq!(notified, [("mail".to_owned(), "ann".to_owned())]);

        let claim = |lane| {
            db.write(move |c| {
                let turns = deliveries::Turns::default();
                deliveries::claim(c, &Claim { lane, worker: "w", now: at(60), lease_until: at(90), limit: 9, in_flight: &[], turns: &turns })
            })
        };
        let mail = claim("mail").await.unwrap();
        assert_eq!(mail.iter().map(|d| d.message_id.as_str()).collect::<Vec<_>>(), ["alert-1-1@monitor", "trouble-1-begins@monitor"]);
        assert_eq!(mail[1].payload, "{\"id\":\"trouble/1/begins/mail/ann\"}", "a repeat is the same message");
        assert_eq!(claim("chat").await.unwrap().len() + claim("@alarm").await.unwrap().len(), 2);
    }

    async fn rules_of_the_tables_hold_under_the_new_names(db) {
        let db = at_the_second_migration(db).await;
        db.migrate().await.unwrap();
        let new = |subject: &str| NewIncident {
            kind: IncidentKind::System,
            subject: subject.to_owned(),
            severity: monitor_domain::Severity::Warning,
            reason: "it is away".to_owned(),
            since: at(0),
            opened_at: at(1),
        };
        let (a, b) = (new("a"), new("b"));
        assert_eq!(db.write(move |c| incidents::open(c, &a)).await.unwrap(), None, "it is open already");
        let id = db.write(move |c| incidents::open(c, &b)).await.unwrap().unwrap().id;
        assert!(id > 2, "no id is used again: {id}");
        let mut orphan = delivery("mail", "orphan", at(0));
        orphan.incident_id = Some(99);
        let error = db.write(move |c| deliveries::enqueue(c, std::slice::from_ref(&orphan))).await.unwrap_err();
        assert!(matches!(error, DbError::Query(_)), "{error}");
        for wrong in ["UPDATE incident SET kind = 'odd'", "UPDATE evaluation SET phase = 'odd'", "UPDATE alert SET further_messages = -1"] {
            assert!(db.write(move |c| Ok(c.batch_execute(wrong)?)).await.is_err(), "{wrong}");
        }
    }

    async fn the_way_down_restores_the_words_of_before(db) {
        let db = at_the_second_migration(db).await;
        let before = (objects(&db).await, old_lines(&db).await);
        db.migrate().await.unwrap();
        for script in scripts(db.backend()).into_iter().skip(2).rev() {
            db.write(move |c| Ok(c.batch_execute(script.down)?)).await.unwrap();
        }
        assert_eq!((objects(&db).await, old_lines(&db).await), before);
        let forget = "DELETE FROM __diesel_schema_migrations WHERE version >= '20261126000000'";
        db.write(move |c| Ok(c.batch_execute(forget)?)).await.unwrap();
        assert_eq!(db.migrate().await.unwrap(), NAMES[2..], "and up again");
    }
}

async fn refused_encoding(url: &str, encoding: &str) {
    let options = DbOptions::new(url);
    let db = Db::open(&options).await.unwrap();
    for refused in [
        db.migrate().await.unwrap_err(),
        db.pending_migrations().await.unwrap_err(),
        inspect(&options, realtime::all).await.unwrap_err(),
    ] {
        let said = refused.to_string();
        assert!(matches!(refused, DbError::Unsuitable { .. }), "{said}");
        assert!(
            said.contains(&format!("its encoding is {encoding}, and has to be UTF")),
            "{said}"
        );
        assert!(
            said.contains("CREATE DATABASE") || said.contains(".dump"),
            "what to do: {said}"
        );
    }
    assert!(db.read(realtime::all).await.is_err(), "no table was made");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_database_in_another_encoding_is_refused() {
    let Some(test) = TestDb::postgres() else { return };
    let database = test.database().unwrap();
    for encoding in ["SQL_ASCII", "LATIN1", "WIN1252"] {
        let name = format!("{}_{}", database.name(), encoding.to_lowercase());
        let make = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        database.sql(&make).unwrap();
        let owner = format!("ALTER DATABASE {name} OWNER TO monitor");
        // Who owns it does not matter where everybody may connect.
        drop(database.sql(&owner));
        refused_encoding(&test.url.replace(database.name(), &name), encoding).await;
        database
            .sql(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_file_in_another_encoding_is_refused() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let test = TestDb::sqlite();
        let path = std::path::PathBuf::from(test.url.strip_prefix("sqlite:").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let make = format!("PRAGMA encoding = '{encoding}'; CREATE TABLE other (id BIGINT PRIMARY KEY)");
        file.batch_execute(&make).unwrap();
        drop(file);
        refused_encoding(&test.url, encoding).await;
    }
}

/// A long reader such as pg_dump, and those that the old version's programs are: they go on while the migration waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_on_postgres_that_waits_lets_the_old_version_go_on() {
    let Some(test) = TestDb::postgres() else { return };
    let db = at_the_second_migration(&test).await;
    let mut dump = PgConnection::establish(&test.url).unwrap();
    dump.batch_execute(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE trouble, alert, delivery IN ACCESS SHARE MODE",
    )
    .unwrap();
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { db.migrate().await }
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'";
    let database = test.database().unwrap();
    soon("the migration waits", async {
        while database.sql(waits).unwrap() == "0" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // While it waits it holds up who comes after it, for `lock_timeout`; then it steps back.
    let mut old = PgConnection::establish(&test.url).unwrap();
    for statement in [
        "SELECT count(*) FROM trouble",
        "INSERT INTO trouble (kind, subject, severity, reason, since, opened_at)
             VALUES ('system', 'b', 'warning', '-', now(), now())",
        "UPDATE delivery SET next_at = now()",
    ] {
        let set = "SET lock_timeout = '15s'";
        old.batch_execute(&format!("{set}; {statement}")).unwrap();
    }
    assert!(!migrating.is_finished());
    dump.batch_execute("COMMIT").unwrap();
    assert_eq!(migrating.await.unwrap().unwrap(), NAMES[2..]);
    assert_eq!(
        db.read(incidents::all_open).await.unwrap().len(),
        2,
        "what the old version wrote is there"
    );
}

/// Longer than a migration waits for a lock at a time: it steps back, so that others get at the table, and tries again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_on_postgres_outlasts_a_long_transaction_of_another_process() {
    let Some(test) = TestDb::postgres() else { return };
    let db = at_the_second_migration(&test).await;
    let mut other = PgConnection::establish(&test.url).unwrap();
    other.batch_execute("BEGIN; SELECT 1 FROM delivery").unwrap();
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { db.migrate().await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(5_500)).await;
    assert!(!migrating.is_finished());
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(migrating.await.unwrap().unwrap(), NAMES[2..]);
}
