//! Signs in to a simulated System A, reads a total, and shows that nonsense is an error and not a number.
#![allow(clippy::print_stdout)] // an example shows what it did

use monitor_domain::SystemClock;
use monitor_login::{SystemASettings, SystemSettings};
use monitor_requests::{RequestsSettings, SecretSource};
use monitor_simulator::SystemA;
use monitor_upstream::{Fetch, FetchSettings, Systems, Upstreams};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a = SystemA::start().await;
    let login = SystemASettings::new(a.username(), SecretSource::Plain(a.password().into()));
    let settings = SystemSettings::new(a.url(), login);
    let system = settings.build("a", &RequestsSettings::default(), SystemClock::shared())?;
    let upstreams = Upstreams::new(Systems::from([("a".to_owned(), system)]));

    a.set_total("x", 131.0);
    println!(
        "x is {}",
        upstreams.total(&Fetch::total("a", "/api/totals/x")).await?
    );

    // As `fetch = { … }` in the config would say it.
    a.set_document(
        "/api/orders",
        serde_json::json!({ "items": [{ "sum": 3 }, { "sum": 4 }] }),
    );
    let declared = FetchSettings {
        system: Some("a".to_owned()),
        path: Some("/api/orders".to_owned()),
        sum: Some("$.items[*].sum".into()),
        ..FetchSettings::default()
    };
    let fetch = declared.compile().map_err(|errors| format!("{errors:?}"))?;
    println!("the orders' sum is {}", upstreams.total(&fetch).await?);

    a.set_total_json("x", serde_json::json!("many"));
    if let Err(error) = upstreams.total(&Fetch::total("a", "/api/totals/x")).await {
        println!("x cannot be read: {error}");
    }
    Ok(())
}
