//! The pages: templates, their languages, the files they use.

mod assets;
mod filters;
mod language;
mod monitor;
mod templates;
mod texts;

pub(crate) use assets::asset;
pub(crate) use language::{COOKIE as LANGUAGE_COOKIE, Language};
pub(crate) use monitor::MonitorPage;
pub use templates::TemplateError;
pub(crate) use templates::Templates;
