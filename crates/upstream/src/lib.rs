#![doc = include_str!("../README.md")]

mod alarm;
mod details;
mod error;
mod extract;
mod fetch;
mod settings;
mod template;
mod upstreams;

pub use alarm::Alarm;
pub use details::{AlertMessage, Details, Question};
pub use error::UpstreamError;
pub use extract::{Decimal, Extract, MAX_EXACT, Selection};
pub use fetch::Fetch;
pub use settings::{AlarmSettings, DetailsSettings, FetchSettings};
pub use upstreams::{Systems, Upstreams};
