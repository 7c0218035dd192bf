//! The metrics in Rust that `docs/extending.md` shows, read from a simulated System A.

#[path = "../../examples/own_metric/stock.rs"]
mod stock;
#[path = "../../examples/own_metric/waiting.rs"]
mod waiting;

use std::time::Duration;

use monitor_domain::{Severity, SystemClock};
use monitor_login::{SystemASettings, SystemSettings};
use monitor_processor::{CodedMetric, MAX_MESSAGES, Make, MetricConfig, explains, metric, sample, system};
use monitor_requests::{RequestsSettings, SecretSource};
use monitor_rules::{Level, Rule};
use monitor_simulator::SystemA;
use monitor_upstream::{Fetch, Poll, Systems, Upstreams};
use serde_json::json;

/// Reads the metric once, made as a line of the list makes it; `fetch` is that of its config.
async fn read(a: &SystemA, make: Make, fetch: Option<Fetch>) -> Result<f64, String> {
    let account = SystemASettings::new(a.username(), SecretSource::Plain(a.password().into()));
    let settings = SystemSettings::new(a.url(), account);
    let built = settings
        .build("a", &RequestsSettings::default(), SystemClock::shared())
        .unwrap();
    let upstreams = Upstreams::new(Systems::from([("a".to_owned(), built)]));
    let config = MetricConfig {
        key: "own".parse().unwrap(),
        title: "Own".to_owned(),
        unit: String::new(),
        severity: Severity::Warning,
        interval: Duration::from_secs(10),
        rule: Rule::new(Level::above(100.0)),
        depends_on: Vec::new(),
        notify: Vec::new(),
        fetch,
        is_pushed: false,
        is_routed: false,
        group: None,
        labels: std::collections::BTreeMap::new(),
        details: None,
        runbook: None,
        each: false,
        max_messages: MAX_MESSAGES,
    };
    let key = config.key.clone();
    let own = metric(config, &[CodedMetric { key, make }]).unwrap();
    assert_eq!((system(&*own), explains(&*own)), (Some("a"), false));
    sample(&*own, &upstreams, &Poll::default())
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_difference_is_read_and_half_of_it_is_no_number() {
    let make: Make = |config| Box::new(waiting::Waiting(config));
    let a = SystemA::start().await;
    a.set_total("waiting", 130.0);
    let wrong = read(&a, make, None).await.unwrap_err();
    assert!(wrong.contains("404"), "{wrong}");
    a.set_total("parked", 7.0);
    assert_eq!(read(&a, make, None).await, Ok(123.0));
    a.set_total("parked", 131.0);
    assert_eq!(read(&a, make, None).await, Ok(-1.0), "a difference is no count");
    a.set_total_json("parked", json!("7"));
    assert!(read(&a, make, None).await.unwrap_err().contains("is a string"));
    let instead = Fetch::total("a", "/api/totals/x");
    assert_eq!(
        read(&a, make, Some(instead)).await,
        Ok(0.0),
        "the config goes before its own way"
    );
}

#[tokio::test]
async fn a_number_that_no_fetch_takes_is_read_and_what_is_missing_is_no_zero() {
    let make: Make = |config| Box::new(stock::StockValue(config));
    let a = SystemA::start().await;
    let wrong = read(&a, make, None).await.unwrap_err();
    assert!(wrong.contains("404"), "{wrong}");
    for (answer, worth) in [
        (
            json!({ "items": [{ "amount": 3, "price": 2.5 }, { "amount": 1, "price": 10 }] }),
            Some(17.5),
        ),
        (json!({ "items": [] }), Some(0.0)),
        (json!({ "items": [{ "amount": 3 }] }), None),
        (json!({ "items": null }), None),
        (json!({ "error": "later" }), None),
    ] {
        a.set_document("/api/stock", answer.clone());
        let read = read(&a, make, None).await;
        assert_eq!(read.as_ref().ok(), worth.as_ref(), "{answer}: {read:?}");
    }
}
