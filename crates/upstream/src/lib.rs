#![doc = include_str!("../README.md")]

mod alarm;
mod details;
mod error;
mod extract;
mod fetch;
mod items;
mod request;
mod settings;
mod trace;
mod upstreams;

pub use alarm::Alarm;
pub use details::{AlertMessage, Details, Question};
pub use error::UpstreamError;
pub use extract::{Decimal, Extract, ItemName, List, MAX_EXACT, Scale, Selection};
pub use fetch::Fetch;
pub use items::{ItemList, Items, ListedItem};
pub use request::Identity;
pub use settings::{
    AlarmSettings, DetailsSettings, FetchCallSettings, FetchSettings, ForEachSettings, ListSettings, PageList,
};
pub use trace::{Trace, TraceLine};
pub use upstreams::{Poll, Systems, Tick, Upstreams};
