//! The kinds of system. A kind is one file here that owns everything about itself: its settings, their check, its secrets,
//! its login, its paragraph of documentation and its tests. `docs/extending.md` has the steps.
//!
//! A kind signs in once and says how that went. When to sign in, and whether a session is lost for good, is for the session;
//! nothing here retries or waits, and no code outside of that list knows one kind from another.

mod account;
mod basic;
mod bearer;
mod common;
mod digest;
mod exchange;
mod form_cookie;
mod json_token;
mod kind;
mod none;
mod oauth2;
mod settings;
mod simple;
mod system_a;
mod system_b;
mod token;

use monitor_domain::Kind;

pub use account::{LoginCall, login_url};
pub use basic::BasicSettings;
pub use bearer::BearerSettings;
pub use common::SystemCommon;
pub use digest::DigestSettings;
pub use exchange::{
    BadCall, Body as CallBody, Call, CallSettings, Encode, Extra, FieldNames, OkSettings, Step, StepSettings,
    Take, TakeFrom, TakeSettings,
};
pub use form_cookie::{CsrfSettings, FormCookieSettings, FormLogin};
pub use json_token::{ExpiresUnit, JsonTokenSettings, RefreshSettings, TokenLogin};
pub use kind::{LoginKind, LoginSettings, kind, validate};
pub use none::NoLoginSettings;
pub use oauth2::{ClientAuth, OAuth2Login, OAuth2Settings};
pub use settings::SystemSettings;
pub use simple::{SimpleLogin, simple, simple_kind};
pub use system_a::SystemASettings;
pub use system_b::SystemBSettings;

/// Every kind of system that is built in, in the order of the documentation.
pub const KINDS: &[Kind<dyn LoginSettings>] = &[
    kind::<SystemASettings>(),
    kind::<SystemBSettings>(),
    kind::<JsonTokenSettings>(),
    kind::<FormCookieSettings>(),
    kind::<BasicSettings>(),
    kind::<BearerSettings>(),
    kind::<OAuth2Settings>(),
    kind::<DigestSettings>(),
    kind::<NoLoginSettings>(),
];
