//! What the end-to-end suite adds to the harness of the engine: the web, a browser, and the real programs as processes.

#![allow(clippy::unwrap_used, missing_docs)]

mod browser;
mod process;
mod recording;
mod site;
mod web;

pub use browser::Browser;
pub use monitor_harness::{
    Backend, Config, Home, JumpClock, TestApp, Upstreams, answering, both, eventually,
};
pub use process::{Process, binary};
pub use recording::RecordedBrowser;
pub use site::Site;
pub use web::{Web, http};
