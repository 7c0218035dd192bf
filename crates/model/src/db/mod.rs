//! The handle that all other crates use: [`Db`] with its connections for reads, its writer and its watcher. It joins the
//! other rooms and contains no SQL.

mod crew;
mod handle;
mod inspect;
mod jobs;
mod log_file;
mod options;
mod pool;
mod probe;
mod runner;
mod watcher;

pub use handle::Db;
pub use inspect::{Inspected, inspect};
pub use log_file::LogFile;
pub use options::DbOptions;
pub use probe::{Probed, probe};
