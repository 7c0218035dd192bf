//! The monitor of the harbour: the stock one with a metric, a kind of system and a kind of channel of its own.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use monitor_worker::prelude::*;

/// Containers that wait and are not on hold.
struct Waiting(MetricConfig);

#[async_trait]
impl Metric for Waiting {
    fn config(&self) -> &MetricConfig {
        &self.0
    }

    fn system(&self) -> Option<&str> {
        Some("gate")
    }

    async fn sample(&self, upstreams: &Upstreams) -> Result<f64, UpstreamError> {
        let all = upstreams.total(&Fetch::total("gate", "/api/totals/all")).await?;
        let held = upstreams.total(&Fetch::total("gate", "/api/totals/held")).await?;
        Ok(all - held)
    }
}

/// The gate of the harbour takes a key in a header.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Gate {
    /// The key of the harbour.
    key: SecretSource,
}

#[async_trait]
impl SimpleLogin for Gate {
    const NAME: &'static str = "gate";

    async fn sign_in(&self, _: &Client, _: &Url) -> Result<Credential, LoginError> {
        let key = self
            .key
            .resolve()
            .map_err(|error| LoginError::BadAnswer(error.to_string()))?;
        Credential::token("X-Gate-Key".parse().expect("a header"), "", &key, None)
    }
}

/// A log that the harbour master reads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Logbook {
    /// The file that it is written to.
    file: PathBuf,
}

#[async_trait]
impl SimpleChannel for Logbook {
    const NAME: &'static str = "logbook";

    async fn send(&self, message: &Notification, _: &str) -> Result<(), Failure> {
        let mut log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)
            .map_err(|error| Failure::transient(error.to_string()))?;
        writeln!(log, "{} {}", message.message_id, message.text)
            .map_err(|error| Failure::transient(error.to_string()))
    }
}

fn main() -> ExitCode {
    let worker = Worker::builder("harbour.toml")
        .metric("waiting", |config| Box::new(Waiting(config)))
        .login(login_kind::<Gate>())
        .channel(channel_kind::<Logbook>());
    monitor::main(&worker)
}
