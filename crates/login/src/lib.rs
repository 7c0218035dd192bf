#![doc = include_str!("../README.md")]

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
