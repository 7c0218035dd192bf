//! A wait of an hour that is over at once: `cargo run -p monitor-testkit --example scripted_clock`.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use chrono::{TimeZone, Utc};
use monitor_domain::{Clock, timeout};
use monitor_testkit::ScriptedClock;

#[tokio::main]
async fn main() {
    let clock = ScriptedClock::new(Utc.with_ymd_and_hms(2026, 3, 1, 9, 0, 0).unwrap());
    let waiting = tokio::spawn({
        let clock = clock.clone();
        // Nothing ever comes.
        async move { timeout(&*clock, Duration::from_secs(3_600), std::future::pending::<()>()).await }
    });
    clock.wait_for_sleepers(1).await;
    clock.advance(Duration::from_secs(3_600));
    match waiting.await {
        Ok(Err(elapsed)) => println!("{elapsed}: it is {}", clock.wall()),
        other => println!("{other:?}"),
    }
}
