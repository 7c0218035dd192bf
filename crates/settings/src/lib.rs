#![doc = include_str!("../README.md")]

mod build;
mod check;
mod conf_d;
mod diagnostic;
mod document;
mod fingerprint;
mod kinds;
mod load;
mod place;
mod reader;
mod schema;
mod sections;
mod settings;
mod source;
mod tree;
mod variables;
mod words;

pub use build::BuildError;
pub use check::base_url;
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use fingerprint::SectionChange;
pub use kinds::Kinds;
pub use load::{Loaded, load, load_str, load_texts};
pub use schema::schema;
pub use settings::{
    Auth, DatabaseSettings, INTERVALS, MetricSettings, PushSettings, Settings, WebSettings, WorkerSettings,
};
pub use variables::variables;
pub use words::{suggest, there_is};
