#![doc = include_str!("../README.md")]

mod listen;
mod logging;
mod stop;

pub use listen::{another_port, cannot_listen, listen};
pub use logging::log_to_stderr;
pub use stop::stop_on_signals;
