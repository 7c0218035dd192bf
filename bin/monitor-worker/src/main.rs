//! `monitor-worker`: reads the metrics, judges, alerts and delivers.

use std::process::ExitCode;

use monitor_worker::{DEFAULT_CONFIG, Worker, main as command};

fn main() -> ExitCode {
    command(&Worker::builder(DEFAULT_CONFIG))
}
