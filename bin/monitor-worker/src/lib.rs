//! The worker as a library: settings in, a running engine out. `monitor run` and `monitor demo` embed it.

mod assemble;
mod command;
mod health;
mod stop;

pub use assemble::{engine, metrics};
pub use command::{Exit, coded, log_to_stderr, open_database, read_settings};
pub use health::{Health, serve as serve_health};
pub use stop::on_signals;
