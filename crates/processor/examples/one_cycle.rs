//! An engine put together by hand: one metric, one cycle, one alert.
#![allow(clippy::print_stdout)] // an example shows what it did

use std::time::Duration;
use tokio_util::sync::CancellationToken;

use monitor_domain::Severity;
use monitor_domain::SystemClock;
use monitor_login::{SystemASettings, SystemBSettings, SystemSettings};
use monitor_model::{Db, DbOptions, records};
use monitor_processor::{Engine, MetricConfig, Options, Parts, Setup, metric};
use monitor_requests::{RequestsSettings, SecretSource};
use monitor_rules::{Change, Rule};
use monitor_simulator::{SystemA, SystemB};
use monitor_upstream::{Alarm, Systems, Upstreams};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (a, b) = (SystemA::start().await, SystemB::start().await);
    let clock = SystemClock::shared();
    let mut systems = Systems::new();
    let secret = |password: &str| SecretSource::Plain(password.into());
    let settings_of_a = SystemASettings::new(a.username(), secret(a.password()));
    let settings_of_b = SystemBSettings::new(b.username(), secret(b.password()));
    for (name, settings) in [
        ("a", SystemSettings::new(a.url(), settings_of_a)),
        ("b", SystemSettings::new(b.url(), settings_of_b)),
    ] {
        let system = settings.build(name, &RequestsSettings::default(), clock.clone())?;
        systems.insert(name.to_owned(), system);
    }

    let folder = tempfile::tempdir()?;
    let db = Db::open(&DbOptions::new(format!(
        "sqlite:{}",
        folder.path().join("monitor.db").display()
    )))
    .await?;
    db.migrate().await?;
    let x = MetricConfig {
        key: "x".parse()?,
        title: "Unpaid orders".to_owned(),
        unit: "orders".to_owned(),
        severity: Severity::Warning,
        interval: Duration::from_secs(10),
        rule: Rule::new(Change::rise(1.0)),
        depends_on: Vec::new(),
        notify: Vec::new(),
        fetch: None,
        is_pushed: false,
        is_routed: false,
        group: None,
        labels: std::collections::BTreeMap::new(),
        details: None,
        runbook: None,
        each: false,
        max_messages: monitor_processor::MAX_MESSAGES,
    };
    let x = metric(x, &[]);
    let engine = Engine::new(Parts {
        db: db.clone(),
        clock,
        setup: Setup {
            alarm: systems.get("b").map(|b| Alarm::new(b.clone(), "/api/alarm")),
            dead_mans_switch: None,
            upstreams: Upstreams::new(systems),
            metrics: x.into_iter().collect(),
            lists: Vec::new(),
            channels: Vec::new(),
            options: Options::default(),
        },
    });

    a.set_total("x", 2.0);
    b.add_message("x", "m1", "Order 4711 is unpaid since 09:00");
    engine.run_once(CancellationToken::new()).await?;
    println!("alarms sounded: {:?}", b.alarms());
    for record in db.read(|conn| records::alerts(conn, 10)).await? {
        println!("{} = {:?}: {}", record.key, record.value, record.alert_message);
    }
    db.close().await;
    Ok(())
}
