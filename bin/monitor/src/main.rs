//! `monitor`: the operator's command.

use std::process::ExitCode;

use monitor_worker::{DEFAULT_CONFIG, Worker};

fn main() -> ExitCode {
    monitor::main(&Worker::builder(DEFAULT_CONFIG))
}
