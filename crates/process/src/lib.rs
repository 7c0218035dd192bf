#![doc = include_str!("../README.md")]

mod listen;
mod stop;

pub use listen::{another_port, cannot_listen, listen};
pub use stop::stop_on_signals;

/// Logs to standard error: `info` and up unless `RUST_LOG` says otherwise.
pub fn log_to_stderr() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info,actix_server=warn"))
        .init();
}
