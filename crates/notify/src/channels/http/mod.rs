//! What channels over HTTP share: the keys that each of them has, the client, and what an answer means for a message.
//!
//! Nothing in here knows a service; what its codes mean is in the file of its kind.

mod chat;
mod client;
mod codes;
mod settings;

pub use chat::{ChatKind, Post, chat_kind};
pub use client::HttpClient;
pub(super) use client::check;
pub(super) use codes::sign;
pub use codes::{Code, Codes, Meaning};
pub use settings::{HttpSettings, OverHttp};
