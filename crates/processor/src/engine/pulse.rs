//! The dead-man's switch: an address elsewhere that is called as long as readings are taken and stored. Whoever is behind
//! it misses the calls when the monitor cannot tell of itself any more.

use std::sync::Arc;
use std::time::Duration;

use monitor_requests::{Client, Request, Url};
use tokio_util::sync::CancellationToken;

use super::Shared;

/// Whom to call, and how often at most.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// Makes the calls.
    pub client: Client,
    /// Where to; it is a secret, for whoever knows it can keep the switch quiet.
    pub url: Url,
    /// The least time between two calls.
    pub every: Duration,
}

/// Calls after good cycles until `halt`.
pub(crate) async fn run(shared: Arc<Shared>, halt: CancellationToken) {
    let Some(pulse) = shared.pulse.clone() else {
        halt.cancelled().await;
        return;
    };
    let mut called_for = 0;
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = shared.clock.sleep(pulse.every) => {}
        }
        let good = shared.counts.good();
        if good == called_for {
            continue;
        }
        called_for = good;
        let request = Request::get(pulse.url.clone()).secret_url().past_breaker();
        let called = async { pulse.client.send(&request).await?.require_success() };
        let result = tokio::select! {
            () = halt.cancelled() => return,
            result = called => result,
        };
        shared.counts.pulse(result.is_ok());
        match result {
            Ok(_) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                log::warn!("worker.heartbeat_url: {error}");
            }
            Err(_) => {}
        }
    }
}
