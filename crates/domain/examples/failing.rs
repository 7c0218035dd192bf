//! A system that is down for two minutes, read every ten seconds: what is worth a line in a log.
//! `cargo run -p monitor-domain --example failing`

#![allow(clippy::print_stdout)]

use std::time::Duration;

use monitor_domain::{Failing, Say};

fn main() {
    let failing = Failing::default();
    for reading in 0..=12 {
        let now = Duration::from_secs(10 * reading);
        match failing.fails("orders", now) {
            Say::First => println!("at {now:?}: cannot be read"),
            Say::Again(times) => println!("at {now:?}: still cannot be read, {times}"),
            Say::Nothing => {}
        }
    }
    if let Some(times) = failing.works("orders", Duration::from_secs(130)) {
        println!("can be read again after it failed {times}");
    }
}
