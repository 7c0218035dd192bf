#![doc = include_str!("../README.md")]

mod listen;
mod logging;
mod reload;
mod stop;

pub use listen::{another_port, cannot_listen, listen};
pub use logging::log_to_stderr;
pub use reload::{Commit, Part, Refusal, Reloading};
pub use stop::{Hangups, Signals, signals, stop_on_signals};
