#![doc = include_str!("../README.md")]

mod build;
mod builtin;
mod check;
mod diagnostic;
mod document;
mod load;
mod raw;
mod reader;
mod settings;
mod words;

pub use build::BuildError;
pub use builtin::Builtin;
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use load::{Coded, Loaded, load, load_str};
pub use settings::{Auth, DatabaseSettings, MetricSettings, Settings, WebSettings, WorkerSettings};
pub use words::{suggest, there_is};
