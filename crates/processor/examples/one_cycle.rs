//! An engine put together by hand: one metric, one cycle, one alert.
#![allow(clippy::print_stdout)] // an example shows what it did

use std::time::Duration;
use tokio_util::sync::CancellationToken;

use monitor_domain::Severity;
use monitor_domain::SystemClock;
use monitor_login::SystemSettings;
use monitor_model::{Db, DbOptions, records};
use monitor_processor::{Engine, MetricConfig, Options, Parts, metric};
use monitor_requests::RequestsSettings;
use monitor_rules::Rule;
use monitor_testkit::{SystemA, SystemB};
use monitor_upstream::{Alarm, Systems, Upstreams};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (a, b) = (SystemA::start().await, SystemB::start().await);
    let clock = SystemClock::shared();
    let mut systems = Systems::new();
    for (name, kind, url, user, password) in [
        ("a", "system_a", a.url(), a.username(), a.password()),
        ("b", "system_b", b.url(), b.username(), b.password()),
    ] {
        let settings: SystemSettings = serde_json::from_value(serde_json::json!({
            "kind": kind, "base_url": url, "username": user, "password": password,
        }))?;
        let system = monitor_login::build(name, &settings, &RequestsSettings::default(), clock.clone())?;
        systems.insert(name.to_owned(), system);
    }

    let folder = tempfile::tempdir()?;
    let db = Db::open(&DbOptions::new(format!(
        "sqlite:{}",
        folder.path().join("monitor.db").display()
    )))
    .await?;
    db.migrate().await?;
    let x = metric(MetricConfig {
        key: "x".parse()?,
        title: "Unpaid orders".to_owned(),
        unit: "orders".to_owned(),
        severity: Severity::Warning,
        interval: Duration::from_secs(10),
        rule: Rule::rise(1.0),
        notify: Vec::new(),
        fetch: None,
        details: None,
        max_messages: monitor_processor::MAX_MESSAGES,
    });
    let engine = Engine::new(Parts {
        db: db.clone(),
        clock,
        alarm: systems.get("b").map(|b| Alarm::new(b.clone(), "/api/alarm")),
        pulse: None,
        upstreams: Upstreams::new(systems),
        metrics: x.into_iter().collect(),
        channels: Vec::new(),
        options: Options::default(),
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
