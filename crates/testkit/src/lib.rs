#![doc = include_str!("../README.md")]

mod clock;
mod memory;
pub mod postgres;
pub mod promtool;
mod proxy;
pub mod require;
pub mod robot;
pub mod sinks;

pub use clock::ScriptedClock;
pub use memory::temp_dir;
pub use proxy::Proxy;
pub use require::{require, skip};
