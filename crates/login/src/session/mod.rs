//! The session with one system: signed in once for all callers, renewed early, lost sessions found, sign-ins backed off.
//!
//! Knows no kind of login, only the trait [`Login`]. Never sends a credential to another origin than the system's.

mod authorizer;
mod body;
mod credential;
mod fixed;
mod json_path;
mod live;
mod login;
mod relogin_backoff;
mod sign_in;
mod signed_out;
mod system;

pub use authorizer::Authorizer;
pub use body::{BodyRule, BodySettings};
pub use credential::Credential;
pub use json_path::{JsonPath, json_path};
pub use login::Login;
pub use sign_in::SignIns;
pub use signed_out::{SignedOutRules, SignedOutSettings};
pub use system::System;
pub(crate) use system::join;
