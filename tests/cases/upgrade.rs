//! A database of the version before its tables were renamed: it is migrated, and everything that waited in it is delivered.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use monitor_domain::Clock;
use monitor_model::{Delivery, DeliveryStatus, IncidentKind, deliveries, evaluations, incidents, silences};
use monitor_settings::Kinds;
use monitor_simulator::SmtpSink;
use monitor_tests::{Backend, Config, Home, TestApp, Upstreams};
use monitor_worker::Program;

const SQLITE: &str = include_str!("../fixtures/before-rename.sqlite.sql");
const POSTGRES: &str = include_str!("../fixtures/before-rename.postgres.sql");
const CONFIG: &str = include_str!("../fixtures/before-rename.toml");

/// A database as the version before left it; `None` where there is no PostgreSQL, which has then been said.
fn restored(backend: Backend) -> Option<Home> {
    let home = Home::new(backend)?;
    let url = home.url();
    match backend {
        Backend::Sqlite => {
            let path = url.trim_start_matches("sqlite:");
            SqliteConnection::establish(path)
                .unwrap()
                .batch_execute(SQLITE)
                .unwrap();
        }
        Backend::Postgres => PgConnection::establish(&url)
            .unwrap()
            .batch_execute(POSTGRES)
            .unwrap(),
    }
    Some(home)
}

/// What the systems say at the time of the upgrade: as it was, with more messages to come.
fn fill(world: &Upstreams) {
    for (key, total) in [
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
    ] {
        world.a.set_total(key, total);
    }
    world.a.set_total_json("blind", serde_json::Value::Null);
    world.b.set_total("v", 7.0);
    world.b.set_total("w", 7.0);
    for n in 4711..=4715 {
        world
            .b
            .add_message("x", &format!("m{}", n - 4710), &format!("Order {n} is unpaid"));
    }
    for n in 1..=5 {
        world
            .b
            .add_message("y", &format!("t{n}"), &format!("Transfer {n} is stuck"));
    }
}

async fn rows(app: &TestApp) -> BTreeMap<i64, Delivery> {
    let all = app.db.read(|c| deliveries::recent(c, 1_000)).await.unwrap();
    all.into_iter().map(|row| (row.id, row)).collect()
}

/// The same things under the new words, and nothing lost.
async fn see_the_new_words(app: &TestApp, before: &BTreeMap<i64, Delivery>) {
    let waiting = before.values().filter(|row| row.finished_at.is_none()).count();
    assert_eq!((before.len(), waiting), (124, 70));
    let keys: Vec<&str> = before.values().map(|row| row.dedupe_key.as_str()).collect();
    assert!(
        keys.iter().any(|key| key.starts_with("incident/4/begins/")),
        "{keys:?}"
    );
    assert!(keys.iter().any(|key| key.starts_with("fallback/")), "{keys:?}");
    let alerts = app.alerts().await;
    let muted: Vec<&str> = alerts.iter().filter_map(|alert| alert.muted.as_deref()).collect();
    for mute in [
        "silence:3",
        "silence:6",
        "maintenance:works",
        "flapping",
        "incident:4",
    ] {
        assert!(muted.contains(&mute), "{mute}: {muted:?}");
    }
    let open = app.db.read(incidents::all_open).await.unwrap();
    let open: Vec<_> = open.iter().map(|incident| (incident.id, incident.kind)).collect();
    let expected = [
        (3, IncidentKind::Channel),
        (4, IncidentKind::System),
        (6, IncidentKind::Channel),
    ];
    assert_eq!(open, expected);
    let live = app.db.read(|c| silences::count_live(c, now())).await.unwrap();
    assert!(live > 0, "silences are still in force");
    let history = app.db.read(|c| evaluations::of(c, "v", 100)).await.unwrap();
    assert!(
        history.iter().any(|row| row.effects.contains("incident:4")),
        "{history:?}"
    );
}

fn now() -> NaiveDateTime {
    NaiveDateTime::parse_from_str("2026-11-20 11:30:00", "%Y-%m-%d %H:%M:%S").unwrap()
}

/// Everything that waited is sent as the message that it was, once; what was over stays as it was.
async fn see_it_delivered(app: &TestApp, before: &BTreeMap<i64, Delivery>, sinks: &[(&str, &SmtpSink)]) {
    let after = rows(app).await;
    for row in before.values() {
        let current = &after[&row.id];
        if row.finished_at.is_some() {
            assert_eq!(current.status, row.status, "{row:?}");
            continue;
        }
        assert_eq!(current.status, DeliveryStatus::Sent, "{current:?}");
        let Some((_, sink)) = sinks.iter().find(|(lane, _)| *lane == row.lane) else {
            continue;
        };
        let id = current.batch.as_ref().unwrap_or(&row.message_id);
        assert!(row.batch.is_none() || row.batch == current.batch, "{current:?}");
        let mails = sink.mails();
        let received = mails
            .iter()
            .filter(|mail| mail.message_id.contains(id.as_str()) && mail.to.contains(&row.recipient));
        assert_eq!(received.count(), 1, "{row:?}");
    }
    let begins = |rows: &BTreeMap<i64, Delivery>| {
        let is_one = |row: &&Delivery| row.incident_id == Some(4) && row.message_id.contains("-begins");
        rows.values().filter(is_one).count()
    };
    assert_eq!(
        begins(&after),
        begins(before),
        "nobody is notified twice of the beginning of an incident"
    );
}

async fn everything_that_waited_is_delivered(backend: Backend) {
    let Some(home) = restored(backend) else { return };
    let mut app = TestApp::start_in(home, Config::default()).await;
    let (chat, oncall) = (SmtpSink::start().await, SmtpSink::start().await);
    fill(&app.world);
    let text = [
        ("{{database}}", app.home.url()),
        ("{{web}}", "127.0.0.1:0".to_owned()),
        ("{{a}}", app.world.a.url()),
        ("{{b}}", app.world.b.url()),
        ("{{smtp}}", app.world.mail.url()),
        ("{{smtp_chat}}", chat.url()),
        ("{{smtp_oncall}}", oncall.url()),
    ]
    .iter()
    .fold(CONFIG.to_owned(), |text, (name, value)| text.replace(name, value));
    let loaded = monitor_settings::load_str("before-rename.toml", &text, &[], &Kinds::stock());
    app.settings = loaded.unwrap_or_else(|wrong| panic!("{wrong}")).settings;
    let before = rows(&app).await;
    see_the_new_words(&app, &before).await;

    app.clock.step_wall(now().and_utc() - app.clock.wall());
    let engine = Program::stock().engine(&app.settings, app.db.clone(), app.clock.clone());
    app.engine = engine.unwrap();
    app.poll().await;
    app.deliver_all(Duration::from_secs(61), 5).await;
    let mail = app.mail().clone();
    see_it_delivered(
        &app,
        &before,
        &[("mail", &mail), ("chat", &chat), ("oncall", &oncall)],
    )
    .await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_waited_is_delivered_on_sqlite() {
    everything_that_waited_is_delivered(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_waited_is_delivered_on_postgres() {
    everything_that_waited_is_delivered(Backend::Postgres).await;
}
