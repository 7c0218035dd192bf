//! The dead-man's switch: an outside address that is called as long as readings are taken and stored. Whoever is behind
//! it notices when the calls stop, as when the monitor cannot notify anybody any more.

use monitor_requests::Request;
use tokio_util::sync::CancellationToken;

use crate::context::{DeadMansSwitch, Generations};

/// Calls after good cycles until `halt`, whomever the config names.
pub(crate) async fn run(mut generations: Generations, halt: CancellationToken) {
    let mut called_for = 0;
    let mut is_failing = false;
    loop {
        let context = generations.borrow_and_update().clone();
        let switch = context.dead_mans_switch.as_ref();
        let pause = async {
            match switch {
                Some(switch) => context.clock.sleep(switch.every).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = halt.cancelled() => return,
            Ok(()) = generations.changed(), if switch.is_none() => continue,
            () = pause => {}
        }
        // The newest, if the config changed meanwhile.
        let context = generations.borrow_and_update().clone();
        let good = context.counters.good();
        let Some(switch) = context.dead_mans_switch.as_ref().filter(|_| good != called_for) else {
            continue;
        };
        called_for = good;
        let result = tokio::select! {
            () = halt.cancelled() => return,
            result = call(switch) => result,
        };
        context.counters.heartbeat_called(result.is_ok());
        match result {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                log::warn!("worker.heartbeat_url: {error}");
            }
            Err(_) => {}
        }
    }
}

async fn call(switch: &DeadMansSwitch) -> Result<(), monitor_requests::Error> {
    let request = Request::get(switch.url.clone()).secret_url().past_breaker();
    switch.client.send(&request).await?.require_success().map(drop)
}
