//! The handle that all other crates use: [`Db`] with its connections for reads, its writer and its watcher. It joins the
//! other rooms and contains no SQL.

mod handle;
mod inspect;
mod options;
mod pool;
mod threads;
mod watcher;

pub use handle::Db;
pub use inspect::{Inspected, inspect};
pub use options::DbOptions;
