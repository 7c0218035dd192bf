//! The session with one system: signed in once for all callers, renewed early, lost sessions found, sign-ins backed off.
//!
//! Knows no kind of login, only the trait [`Login`]. Never sends a credential to another origin than the system's.

mod authorizer;
mod credential;
mod fixed;
mod live;
mod login;
mod relogin_backoff;
mod sign_in;
mod signed_out;
mod system;

pub use authorizer::Authorizer;
pub use credential::Credential;
pub use login::Login;
pub use monitor_requests::{BodyRule, BodySettings, JsonPath, json_path};
pub use sign_in::SignIns;
pub use signed_out::{SignedOutRules, SignedOutSettings};
pub use system::System;
pub(crate) use system::join;
