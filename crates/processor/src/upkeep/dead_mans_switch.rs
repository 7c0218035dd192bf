//! The dead-man's switch: an outside address that is called as long as readings are taken and stored. Whoever is behind
//! it notices when the calls stop, as when the monitor cannot notify anybody any more.

use std::sync::Arc;
use std::time::Duration;

use monitor_requests::{Client, Request, Url};
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// Whom to call, and how often at most.
#[derive(Clone, Debug)]
pub struct DeadMansSwitch {
    /// Makes the calls.
    pub client: Client,
    /// Where to; it is a secret, for whoever knows it can keep the switch quiet.
    pub url: Url,
    /// The least time between two calls.
    pub every: Duration,
}

/// Calls after good cycles until `halt`.
pub(crate) async fn run(context: Arc<Context>, switch: Option<DeadMansSwitch>, halt: CancellationToken) {
    let Some(switch) = switch else {
        halt.cancelled().await;
        return;
    };
    let mut called_for = 0;
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = halt.cancelled() => return,
            () = context.clock.sleep(switch.every) => {}
        }
        let good = context.counters.good();
        if good == called_for {
            continue;
        }
        called_for = good;
        let request = Request::get(switch.url.clone()).secret_url().past_breaker();
        let called = async { switch.client.send(&request).await?.require_success() };
        let result = tokio::select! {
            () = halt.cancelled() => return,
            result = called => result,
        };
        context.counters.heartbeat_called(result.is_ok());
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
