//! Kinds that the config describes: each against a server that checks what it is sent, as such servers do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "../session/time.rs"]
mod time;

mod fixed;
mod forms;
mod oauth;
mod secrets;
mod signing;
mod tokens;
mod transport;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use monitor_domain::TableDeserializer;
use monitor_login::{CallError, KINDS, LoginError, System, SystemCommon, SystemSettings};
use monitor_requests::{Request as Call, RequestsSettings};
use monitor_simulator::http::{Answer, HttpServer, Request};
use serde_json::json;
use time::TestClock;

const PASSWORD: &str = "hunter2 & cö";

/// A server; `check` judges every request.
async fn server(check: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(check).await
}

/// The system at `url` that these keys describe.
fn system(url: &str, kind: &str, keys: &str, clock: &Arc<TestClock>) -> Arc<System> {
    settings(url, kind, keys)
        .build("shop", &RequestsSettings::default(), clock.clone())
        .unwrap()
}

fn settings(url: &str, kind: &str, keys: &str) -> SystemSettings {
    let common = format!("base_url = \"{url}\"\nretries = 0");
    let common: SystemCommon = toml::from_str(&common).unwrap();
    // A kind reads its table as it would stand behind a key.
    let table = toml::Value::Table(keys.parse().unwrap()).to_string();
    let kind = KINDS.iter().find(|found| found.name == kind).unwrap();
    SystemSettings {
        common,
        login: (kind.read)(TableDeserializer::parse(&table).unwrap())
            .unwrap_or_else(|error| panic!("{error}")),
    }
}

/// The total that a system's `/total` answers.
async fn total(system: &System) -> Result<i64, CallError> {
    let response = system.call(Call::get(system.url("/total").unwrap())).await?;
    let response = response.require_success().map_err(CallError::Request)?;
    Ok(response.json::<serde_json::Value>().unwrap()["total"]
        .as_i64()
        .unwrap())
}

fn reading() -> Answer {
    Answer::json(200, &json!({ "total": 7 }))
}

fn is_refused(error: &CallError) -> bool {
    let CallError::Login(error) = error else {
        return false;
    };
    matches!(error, LoginError::Refused { .. } | LoginError::BackingOff { .. })
}

/// Proofs that a server has given.
#[derive(Clone, Default)]
struct Given(Arc<Mutex<BTreeSet<String>>>);

impl Given {
    fn add(&self) -> String {
        let mut given = self.0.lock().unwrap();
        let proof = format!("proof-{}", given.len() + 1);
        given.insert(proof.clone());
        proof
    }

    fn has(&self, proof: &str) -> bool {
        self.0.lock().unwrap().contains(proof)
    }

    /// Forgets what was given; the names are not used again.
    fn forget(&self) {
        let mut given = self.0.lock().unwrap();
        *given = given.iter().map(|proof| format!("old {proof}")).collect();
    }
}
