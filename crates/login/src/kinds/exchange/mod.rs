//! The calls of a sign-in as the config describes them: steps before it, the call itself, the values that one takes from
//! an answer and the next one uses, cookies and redirects on the way.
//!
//! Knows no kind. Sends nothing that the config does not name, and credentials only to the addresses that it names.

mod account;
mod call;
mod conversation;
mod form;
mod ok;
mod settings;
mod take;

pub(super) use account::{Fields, account_body, names, put_values};
pub use call::{BadCall, Body, Call, CallSettings};
pub(super) use conversation::Conversation;
pub(super) use form::{Form, has_password_input, input};
pub(super) use ok::OkRule;
pub use ok::OkSettings;
pub use settings::{Encode, Extra, FieldNames, StepSettings};
pub(super) use settings::{resolve_values, secrets};
pub use take::{Take, TakeFrom, TakeSettings};

use crate::LoginError;

/// The checked form of [`StepSettings`].
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is called in errors, such as `login.steps[0]`.
    pub key: String,
    /// The call.
    pub call: Call,
    /// What the JSON of a good answer says.
    pub ok: Option<crate::session::BodyRule>,
    /// What is taken from the answer, by name.
    pub take: Vec<(String, Take)>,
}

/// An answer that is neither yes nor no.
pub(super) fn bad(what: impl Into<String>) -> LoginError {
    LoginError::BadAnswer(what.into())
}
