//! The worker as a library: settings in, a running engine out. `monitor run` and `monitor demo` embed it, and so does another
//! team's program that brings metrics, logins or channels of its own ([`Worker`]).

mod assemble;
mod command;
mod health;
pub mod prelude;
mod program;
mod worker;

pub use command::{Exit, open_database, open_database_until};
pub use health::{Health, listen as listen_for_health, serve as serve_health};
pub use program::Program;
pub use worker::{DEFAULT_CONFIG, Worker, main};
