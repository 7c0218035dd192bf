//! A database of the version before the tables were renamed: it is migrated, and what waits in it is delivered, once.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};
use monitor_domain::Clock;
use monitor_model::DeliveryStatus;
use monitor_settings::Kinds;
use monitor_simulator::{Fault, SmtpSink, Times};
use monitor_tests::{Backend, Config, Home, TestApp, Upstreams};

const CONFIG: &str = include_str!("../fixtures/before-rename.toml");
const SQLITE: &str = include_str!("../fixtures/before-rename.sqlite.sql");
const POSTGRES: &str = include_str!("../fixtures/before-rename.postgres.sql");

/// The tables as they were and as they are called now.
const TABLES: [(&str, &str); 15] = [
    ("__diesel_schema_migrations", "__diesel_schema_migrations"),
    ("account", "account"),
    ("alert", "alert"),
    ("api_token", "api_token"),
    ("audit_log", "audit_log"),
    ("decision", "evaluation"),
    ("delivery", "delivery"),
    ("metric_state", "metric_state"),
    ("monitor_record", "monitor_record"),
    ("realtime_monitor", "realtime_monitor"),
    ("sample", "sample"),
    ("session", "session"),
    ("silence", "silence"),
    ("trouble", "incident"),
    ("worker", "worker"),
];

/// The first column of what a query gives, as text.
fn texts(home: &Home, query: &str) -> Vec<String> {
    match home {
        Home::Sqlite(_) => {
            let mut c = SqliteConnection::establish(home.url().trim_start_matches("sqlite:")).unwrap();
            sql::<Text>(query).load(&mut c).unwrap()
        }
        Home::Postgres(_) => {
            let mut c = PgConnection::establish(&home.url()).unwrap();
            sql::<Text>(query).load(&mut c).unwrap()
        }
    }
}

fn count(home: &Home, table: &str) -> usize {
    texts(home, &format!("SELECT CAST(count(*) AS TEXT) FROM {table}"))[0]
        .parse()
        .unwrap()
}

/// The dump in a database of its own; nothing where there is no PostgreSQL.
fn restored(backend: Backend) -> Option<Home> {
    let home = Home::new(backend)?;
    match &home {
        Home::Sqlite(_) => {
            let mut c = SqliteConnection::establish(home.url().trim_start_matches("sqlite:")).unwrap();
            c.batch_execute(SQLITE).unwrap();
        }
        Home::Postgres(_) => PgConnection::establish(&home.url())
            .unwrap()
            .batch_execute(POSTGRES)
            .unwrap(),
    }
    Some(home)
}

/// Both systems as they were read last, and one new message of x and of y.
fn fill(world: &Upstreams) {
    let totals = [
        ("x", 6.0),
        ("y", 5.0),
        ("z", 131.0),
        ("batched", 3.0),
        ("refused", 1.0),
        ("taken", 131.0),
        ("over", 50.0),
        ("told_on", 131.0),
        ("hushed", 131.0),
        ("in_works", 131.0),
        ("flaps", 131.0),
        ("quiet_end", 50.0),
        ("back", 3.0),
        ("late", 1.0),
    ];
    for (key, total) in totals {
        world.a.set_total(key, total);
    }
    world.a.set_total_json("blind", serde_json::Value::Null);
    world.b.set_total("v", 7.0);
    world.b.set_total("w", 7.0);
    let orders = [
        ("m1", "Order 4711 is unpaid since 08:12"),
        ("m2", "Order 4712 is unpaid since 08:40"),
        ("m3", "Order 4713 is unpaid since 09:01"),
        ("m4", "Order 4714 is unpaid since 09:55"),
        ("m5", "Order 4715 is unpaid since 11:13"),
    ];
    for (id, text) in orders {
        world.b.add_message("x", id, text);
    }
    for n in 1..=5 {
        world
            .b
            .add_message("y", &format!("t{n}"), &format!("Transfer {n} is stuck"));
    }
}

/// All that holds, or might hold, a word that was renamed.
#[derive(Debug, PartialEq)]
struct Words {
    dedupe_keys: Vec<String>,
    message_ids: Vec<String>,
    payloads: Vec<String>,
    mutes: Vec<String>,
    end_mutes: Vec<String>,
    effects: Vec<String>,
}

impl Words {
    fn of(home: &Home, evaluations: &str) -> Words {
        let all = |column: &str, table: &str, order: &str| {
            let query = format!("SELECT coalesce({column}, '') FROM {table} ORDER BY {order}");
            texts(home, &query)
        };
        Words {
            dedupe_keys: all("dedupe_key", "delivery", "id"),
            message_ids: all("message_id", "delivery", "id"),
            payloads: all("payload", "delivery", "id"),
            mutes: all("muted", "alert", "id"),
            end_mutes: all("end_muted", "alert", "id"),
            effects: all("effects", evaluations, "key, slot"),
        }
    }

    /// The same in the words of today.
    fn renamed(self) -> Words {
        let renamed = |texts: Vec<String>, words: &[(&str, &str)]| -> Vec<String> {
            let one = |text: String| {
                let found = words
                    .iter()
                    .find_map(|(old, new)| text.strip_prefix(old).map(|rest| format!("{new}{rest}")));
                found.unwrap_or(text)
            };
            texts.into_iter().map(one).collect()
        };
        let mute = [("trouble:", "incident:")];
        Words {
            dedupe_keys: renamed(
                self.dedupe_keys,
                &[("trouble/", "incident/"), ("elsewhere/", "fallback/")],
            ),
            mutes: renamed(self.mutes, &mute),
            end_mutes: renamed(self.end_mutes, &mute),
            effects: self
                .effects
                .iter()
                .map(|text| text.replace("trouble:4", "incident:4"))
                .collect(),
            ..self
        }
    }
}

/// The worker of today over the old database, at half past eleven, and the servers of the channels beside `mail`.
async fn upgraded(home: Home) -> (TestApp, SmtpSink, SmtpSink) {
    let mut app = TestApp::start_in(home, Config::default()).await;
    let (chat, oncall) = (SmtpSink::start().await, SmtpSink::start().await);
    fill(&app.world);
    let text = CONFIG
        .replace("{{database}}", &app.home.url())
        .replace("{{web}}", "127.0.0.1:0")
        .replace("{{a}}", &app.a().url())
        .replace("{{b}}", &app.b().url())
        .replace("{{smtp}}", &app.mail().url())
        .replace("{{smtp_chat}}", &chat.url())
        .replace("{{smtp_oncall}}", &oncall.url());
    let loaded = monitor_settings::load_str("config.toml", &text, &[], &Kinds::stock());
    app.settings = loaded.unwrap_or_else(|errors| panic!("{errors}")).settings;
    let now = "2026-11-20T11:30:00Z"
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap();
    app.clock.step_wall(now - app.clock.wall());
    app.engine = app.another_engine();
    (app, chat, oncall)
}

async fn keeps_all_of_it(backend: Backend) {
    let Some(home) = restored(backend) else { return };
    let before: Vec<_> = TABLES.iter().map(|(old, _)| count(&home, old)).collect();
    let words = Words::of(&home, "decision");
    let (app, ..) = upgraded(home).await;
    for ((_, new), before) in TABLES.iter().zip(before) {
        let after = count(&app.home, new);
        if *new == "__diesel_schema_migrations" {
            assert!(after > before, "{new}");
        } else {
            assert_eq!(after, before, "{new}");
        }
    }
    let after = Words::of(&app.home, "evaluation");
    assert_eq!(after, words.renamed());
    assert_eq!(after.mutes.iter().filter(|mute| *mute == "incident:4").count(), 2);
    let keys = |start: &str| {
        after
            .dedupe_keys
            .iter()
            .filter(|key| key.starts_with(start))
            .count()
    };
    assert_eq!((keys("trouble/"), keys("elsewhere/")), (0, 0));
    assert!(keys("incident/") > 0 && keys("fallback/") > 0);
    app.abandon();
}

async fn delivers_what_waits(backend: Backend, b_can_be_read: bool) {
    let Some(home) = restored(backend) else { return };
    let (app, chat, oncall) = upgraded(home).await;
    if !b_can_be_read {
        app.b().fault("/api/totals/", Fault::Status(503), Times::Always);
    }
    let before = app.deliveries().await;
    let waiting = before.iter().filter(|row| row.finished_at.is_none()).count();
    assert_eq!((before.len(), waiting), (124, 70));

    app.poll().await;
    app.after(Duration::from_secs(61)).await;

    let after = app.deliveries().await;
    let mails = [
        ("mail", app.mail().mails()),
        ("chat", chat.mails()),
        ("oncall", oncall.mails()),
    ];
    for row in &before {
        let now = after.iter().find(|now| now.id == row.id).unwrap();
        let sent = |id: &str| {
            let of_lane = mails
                .iter()
                .filter(|(lane, _)| *lane == row.lane)
                .flat_map(|(_, mails)| mails);
            of_lane
                .filter(|mail| mail.message_id == id && mail.to.contains(&row.recipient))
                .count()
        };
        if row.finished_at.is_some() {
            assert_eq!(
                (now.status, now.finished_at),
                (row.status, row.finished_at),
                "{row:?}"
            );
            assert_eq!(sent(&row.message_id), 0, "{row:?}");
            continue;
        }
        assert_eq!(now.status, DeliveryStatus::Sent, "{now:?}");
        if row.lane.starts_with('@') {
            continue;
        }
        assert_eq!(now.message_id, row.message_id);
        assert_eq!(now.batch, row.batch, "{row:?}");
        assert_eq!(sent(row.batch.as_ref().unwrap_or(&row.message_id)), 1, "{row:?}");
    }
    let batches: BTreeSet<_> = before
        .iter()
        .filter(|row| row.finished_at.is_none())
        .filter_map(|row| row.batch.clone())
        .collect();
    assert_eq!(batches.len(), 1, "three rows are one mail");

    let mut alarms = app.b().alarms();
    alarms.sort();
    let expected = [
        "batched",
        "batched",
        "batched",
        "flaps",
        "flaps",
        "flaps",
        "late",
        "over",
        "quiet_end",
        "refused",
        "taken",
        "told_on",
        "x",
    ];
    assert_eq!(alarms, expected, "each alarm that waited, once");

    // The explanations that waited: what is new, and nothing that was known or deleted.
    let known = 41;
    let fresh: Vec<_> = app
        .records()
        .await
        .into_iter()
        .filter(|record| record.id > known)
        .filter_map(|record| record.source_id.map(|source| (record.key.to_string(), source)))
        .collect();
    let fresh: BTreeSet<_> = fresh
        .iter()
        .map(|(key, source)| (key.as_str(), source.as_str()))
        .collect();
    assert_eq!(fresh, BTreeSet::from([("x", "m5"), ("y", "t5")]));
    let mut explained: Vec<_> = after
        .iter()
        .filter(|row| row.id > 168 && row.dedupe_key.starts_with("alert/"))
        .map(|row| {
            assert!(row.dedupe_key.starts_with("alert/25/"), "{row:?}");
            (row.lane.as_str(), row.recipient.as_str())
        })
        .collect();
    explained.sort_unstable();
    let everyone = [
        ("chat", "chat@example.com"),
        ("mail", "lead@example.com"),
        ("mail", "ops@example.com"),
        ("oncall", "oncall@example.com"),
    ];
    assert_eq!(explained, everyone);

    // An incident that lasts is the one that the alerts were muted by.
    let of_b = if b_can_be_read {
        "incident/4/ends"
    } else {
        "incident/4/lasts-"
    };
    let stages = after
        .iter()
        .filter(|row| row.id > 168 && row.dedupe_key.starts_with("incident/4/"))
        .map(|row| &row.dedupe_key);
    let stages: Vec<_> = stages.collect();
    assert!(
        !stages.is_empty() && stages.iter().all(|key| key.starts_with(of_b)),
        "{stages:?}"
    );
    let muted = app
        .alerts()
        .await
        .into_iter()
        .filter(|alert| [19, 20].contains(&alert.id));
    for alert in muted {
        assert_eq!(alert.resolved_at.is_some(), b_can_be_read, "{alert:?}");
    }

    app.deliver_all(Duration::from_secs(61), 3).await;
    for (lane, sink) in [("mail", app.mail()), ("chat", &chat), ("oncall", &oncall)] {
        let mut received = BTreeSet::new();
        for mail in sink.mails() {
            assert!(
                received.insert((mail.message_id.clone(), mail.to.clone())),
                "twice at {lane}: {}",
                mail.message_id
            );
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_all_of_it() {
    keeps_all_of_it(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_all_of_it() {
    keeps_all_of_it(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_delivers_what_waits() {
    delivers_what_waits(Backend::Sqlite, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_delivers_what_waits() {
    delivers_what_waits(Backend::Postgres, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_delivers_while_a_system_is_down() {
    delivers_what_waits(Backend::Sqlite, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_delivers_while_a_system_is_down() {
    delivers_what_waits(Backend::Postgres, false).await;
}
