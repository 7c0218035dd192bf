//! The pages: view models, templates and their filters, texts in each language, the files they use. Nothing here changes
//! anything or answers a request: `routes` does.

mod alert;
mod assets;
mod filters;
mod frame;
mod language;
mod lists;
mod monitor;
mod samples;
mod templates;
mod texts;

pub(crate) use alert::AlertPage;
pub(crate) use assets::asset;
pub(crate) use frame::Frame;
pub use language::page_language;
pub(crate) use language::{COOKIE as LANGUAGE_COOKIE, choose as choose_language};
pub(crate) use lists::{AlertsPage, DeliveriesPage, MetricPage, SystemPage};
pub(crate) use monitor::MonitorPage;
pub use templates::TemplateError;
pub(crate) use templates::Templates;
