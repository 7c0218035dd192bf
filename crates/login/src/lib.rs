#![doc = include_str!("../README.md")]

// So that the file of a kind is the same text in here and in another team's program.
extern crate self as monitor_login;

mod cookies;
mod error;
mod kinds;
mod page;
mod session;
mod sign;
mod template;

pub use cookies::CookieJar;
pub use error::{BuildError, CallError, LoginError};
pub use kinds::{
    BadCall, BasicSettings, BearerSettings, Call, CallBody, CallSettings, ClientAuth, CsrfSettings,
    DigestSettings, Encode, ExpiresUnit, Extra, FieldNames, FormCookieSettings, FormLogin, JsonTokenSettings,
    KINDS, LoginCall, LoginKind, LoginSettings, NoLoginSettings, OAuth2Login, OAuth2Settings, OkSettings,
    RefreshSettings, SimpleLogin, Step, StepSettings, SystemASettings, SystemBSettings, SystemCommon,
    SystemSettings, Take, TakeFrom, TakeSettings, TokenLogin, kind, login_url, simple, simple_kind, validate,
};
pub use page::PageSelector;
pub use session::{
    Authorizer, BodyRule, BodySettings, Credential, JsonPath, Login, SignIns, SignedOutRules,
    SignedOutSettings, System, json_path,
};
pub use sign::{Algorithm, Encoding, SignSettings};
pub use template::{JsonTemplate, Template, Vars};
