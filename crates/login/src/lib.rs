#![doc = include_str!("../README.md")]

// So that the file of a kind is the same text in here and in another team's program.
extern crate self as monitor_login;

mod cookies;
mod error;
mod kinds;
mod session;

pub use cookies::CookieJar;
pub use error::{BuildError, CallError, LoginError};
pub use kinds::{
    KINDS, LoginCall, LoginKind, LoginSettings, NoLoginSettings, SimpleLogin, SystemASettings,
    SystemBSettings, SystemCommon, SystemSettings, kind, simple_kind, validate,
};
pub use session::{
    BodyRule, BodySettings, Credential, Login, SignIns, SignedOutRules, SignedOutSettings, System, json_path,
};
