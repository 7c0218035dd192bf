//! Metrics that are not built in, read once from a simulated System A: `cargo run -p monitor-processor --example own_metric`.

mod stock;
mod waiting;

use std::time::Duration;

use monitor_domain::{Severity, SystemClock};
use monitor_login::{SystemASettings, SystemSettings};
use monitor_processor::{CodedMetric, MAX_MESSAGES, Make, MetricConfig, metric, sample, system};
use monitor_requests::{RequestsSettings, SecretSource};
use monitor_rules::{Level, Rule};
use monitor_simulator::SystemA;
use monitor_upstream::{Poll, Systems, Upstreams};

/// As the lines of `METRICS` have them.
const OWN: [(&str, Make); 2] = [
    ("waiting", |config| Box::new(waiting::Waiting(config))),
    ("stock", |config| Box::new(stock::StockValue(config))),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a = SystemA::start().await;
    a.set_total("waiting", 130.0);
    a.set_total("parked", 7.0);
    a.set_document(
        "/api/stock",
        serde_json::json!({ "items": [{ "amount": 3, "price": 2.5 }] }),
    );
    let account = SystemASettings::new(a.username(), SecretSource::Plain(a.password().into()));
    let settings = SystemSettings::new(a.url(), account);
    let signed_in = settings.build("a", &RequestsSettings::default(), SystemClock::shared())?;
    let upstreams = Upstreams::new(Systems::from([("a".to_owned(), signed_in)]));
    for (key, make) in OWN {
        let own = CodedMetric {
            key: key.parse()?,
            make,
        };
        let made = metric(config(&own), &[own]).ok_or("it is in code")?;
        let value = sample(&*made, &upstreams, &Poll::default()).await?;
        eprintln!("{key} of system {}: {value}", system(&*made).unwrap_or("?"));
    }
    Ok(())
}

/// What the section of the config would say.
fn config(own: &CodedMetric) -> MetricConfig {
    MetricConfig {
        key: own.key.clone(),
        title: own.key.to_string(),
        unit: String::new(),
        severity: Severity::Warning,
        interval: Duration::from_secs(10),
        rule: Rule::new(Level::above(100.0)),
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
        max_messages: MAX_MESSAGES,
    }
}
