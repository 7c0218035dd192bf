//! Who it is and what they may do: a handler's first argument is the permission to call it, and a handler without one
//! does not fit into the route table. Nothing here knows what is to be done, or whether the request may come in at
//! all: that is `guard`.
//!
//! Sign-in is not built yet: everybody who reaches the web is granted every role, and it listens on loopback only.

mod permission;
mod pusher;
mod role;
mod scraper;

pub use permission::{Guarded, Permission};
pub(crate) use pusher::Pusher;
pub use role::{Admin, Operator, Public, Viewer};
pub(crate) use scraper::Scraper;
