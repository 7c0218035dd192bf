//! A metric that is not built in, read once from a simulated System A: `cargo run -p monitor-processor --example own_metric`.

mod waiting;

use std::time::Duration;

use monitor_domain::{Severity, SystemClock};
use monitor_login::{SystemASettings, SystemSettings};
use monitor_processor::{CodedMetric, MAX_MESSAGES, Make, MetricConfig, metric, sample, system};
use monitor_requests::{RequestsSettings, SecretSource};
use monitor_rules::{Level, Rule};
use monitor_simulator::SystemA;
use monitor_upstream::{Systems, Upstreams};

/// As a line of `METRICS` has it.
const WAITING: (&str, Make) = ("waiting", |config| Box::new(waiting::Waiting(config)));

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a = SystemA::start().await;
    a.set_total("waiting", 130.0);
    a.set_total("parked", 7.0);
    let account = SystemASettings::new(a.username(), SecretSource::Plain(a.password().into()));
    let settings = SystemSettings::new(a.url(), account);
    let signed_in = settings.build("a", &RequestsSettings::default(), SystemClock::shared())?;
    let upstreams = Upstreams::new(Systems::from([("a".to_owned(), signed_in)]));

    let (key, make) = WAITING;
    let config = MetricConfig {
        key: key.parse()?,
        title: "Complaints waiting".to_owned(),
        unit: String::new(),
        severity: Severity::Warning,
        interval: Duration::from_secs(10),
        rule: Rule::new(Level::above(100.0)),
        notify: Vec::new(),
        fetch: None,
        details: None,
        max_messages: MAX_MESSAGES,
    };
    let own = CodedMetric {
        key: config.key.clone(),
        make,
    };
    let waiting = metric(config, &[own]).ok_or("it is in code")?;
    let value = sample(&*waiting, &upstreams).await?;
    eprintln!("{key} of system {}: {value}", system(&*waiting).unwrap_or("?"));
    Ok(())
}
