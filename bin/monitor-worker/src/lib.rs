#![doc = include_str!("../README.md")]

mod assemble;
mod command;
mod health;
pub mod prelude;
mod program;
mod reload;
mod worker;

pub use command::{Exit, open_database, open_database_until};
pub use health::{Health, listen as listen_for_health, serve as serve_health};
pub use program::Program;
pub use reload::EnginePart;
pub use worker::{DEFAULT_CONFIG, Worker, main};
