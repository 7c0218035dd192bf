#![doc = include_str!("../README.md")]

pub mod alertmanager;
mod clock;
pub mod exim;
mod jsonpath_suite;
mod memory;
pub mod postgres;
pub mod promtool;
mod proxy;
pub mod require;
pub mod robot;
pub mod sinks;

pub use clock::ScriptedClock;
pub use jsonpath_suite::jsonpath_suite;
pub use memory::temp_dir;
pub use proxy::Proxy;
pub use require::{require, skip};
