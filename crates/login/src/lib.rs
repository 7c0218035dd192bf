#![doc = include_str!("../README.md")]

mod cookie;
mod cookies;
mod credential;
mod error;
mod futile;
mod login;
mod none;
mod registry;
mod session;
mod settings;
mod signed_out;
mod system;
mod system_a;
mod system_b;

pub use cookies::CookieJar;
pub use credential::Credential;
pub use error::{BuildError, CallError, LoginError};
pub use login::Login;
pub use none::NoLogin;
pub use registry::{KINDS, build, login_for};
pub use session::SignIns;
pub use settings::{
    CsrfSettings, FieldSettings, LoginSettings, OkSettings, SignedOutSettings, SystemSettings,
};
pub use signed_out::SignedOutRules;
pub use system::System;
pub use system_a::SystemA;
pub use system_b::SystemB;
