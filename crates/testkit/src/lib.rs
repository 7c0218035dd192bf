#![doc = include_str!("../README.md")]

mod clock;
mod memory;
pub mod postgres;
pub mod promtool;
pub mod require;
pub mod robot;

pub use clock::ScriptedClock;
pub use memory::temp_dir;
pub use require::{require, skip};
