//! What makes a sign-in a good one.

use monitor_domain::Finding;
use monitor_requests::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::LoginError;
use crate::cookies::CookieJar;
use crate::kinds::account::{SignInOk, refusal, refusal_in_body, with_its_words};
use crate::session::{BodyRule, BodySettings, SignedOutRules, SignedOutSettings};

/// What makes a sign-in a good one: `login.ok = { … }`. All of what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OkSettings {
    /// The answer has one of these statuses. Default: any 2xx or 3xx.
    pub status: Option<Vec<u16>>,
    /// The answer is no redirect to a path with this end. Default: the path of the sign-in or of its page.
    pub not_redirect_to: Option<String>,
    /// There is a cookie of this name. Default: any.
    pub cookie: Option<String>,
    /// JSONPath of the one value that `equals` and `not_equals` compare, such as `"$.code"`.
    pub path: Option<String>,
    /// It is one of these, such as `[0, "0"]`.
    pub equals: Option<Vec<Value>>,
    /// It is there, and none of these.
    pub not_equals: Option<Vec<Value>>,
    /// JSONPath of something that is there and not null, such as `"$.data"`.
    pub present: Option<String>,
}

/// The checked form.
#[derive(Clone, Debug)]
pub(crate) struct OkRule {
    status: Option<Vec<u16>>,
    login_page: Vec<SignedOutRules>,
    cookie: Option<String>,
    body: Option<BodyRule>,
    /// What the system's good answers say, where the sign-in has nothing of its own.
    systems: Option<SignInOk>,
}

impl OkSettings {
    /// The checked form; `pages` are the paths that a refused sign-in is sent back to where the config names none.
    pub(crate) fn compile(settings: Option<&OkSettings>, pages: &[&str]) -> Result<OkRule, Finding> {
        let OkSettings {
            status,
            not_redirect_to,
            cookie,
            path,
            equals,
            not_equals,
            present,
        } = settings.cloned().unwrap_or_default();
        let body = BodySettings {
            path,
            equals,
            not_equals,
            present,
        };
        let body = (body != BodySettings::default())
            .then(|| body.compile("login.ok"))
            .transpose()?;
        let pages = match &not_redirect_to {
            Some(page) => vec![page.as_str()],
            None => pages.to_vec(),
        };
        let rule = |page: &&str| SignedOutRules::new(None::<&SignedOutSettings>, page);
        Ok(OkRule {
            status,
            login_page: pages.iter().map(rule).collect(),
            cookie,
            body,
            systems: None,
        })
    }
}

impl OkRule {
    /// The same for a system whose good answers say this in their JSON.
    pub(crate) fn or(mut self, systems: Option<&BodyRule>) -> OkRule {
        if self.body.is_none() {
            self.systems = systems.map(SignInOk::of_system);
        }
        self
    }

    /// What the answer to the sign-in says by the rule for all of the system's answers; `has_proof` is whether there is a token or
    /// cookie in it.
    ///
    /// # Errors
    /// [`LoginError::Refused`] where it says that it is no good one.
    pub(crate) fn judge_as_any_answer(&self, response: &Response, has_proof: bool) -> Result<(), LoginError> {
        refusal_in_body(response, has_proof, self.systems.as_ref()).map_or(Ok(()), Err)
    }

    /// What the first answer to the sign-in says; `path` is where it went.
    ///
    /// # Errors
    /// [`LoginError::Refused`] where it means that the credentials are wrong.
    pub(crate) fn judge(&self, response: &Response, path: &str) -> Result<(), LoginError> {
        let status = response.status.as_u16();
        match &self.status {
            Some(good) if good.contains(&status) => {}
            Some(_) if response.status.is_success() || response.status.is_redirection() => {
                return Err(LoginError::refused(format!(
                    "answered {status}, which login.ok does not name"
                )));
            }
            _ => refusal(response, path).map_or(Ok(()), Err)?,
        }
        if self
            .login_page
            .iter()
            .any(|page| page.is_redirect_to_login(response))
        {
            return Err(LoginError::refused("sent back to the login page"));
        }
        match self.body.as_ref().map(|body| body.check(response)) {
            Some(Err(why)) => Err(LoginError::refused(
                response.advised(with_its_words(why, response)),
            )),
            _ => Ok(()),
        }
    }

    /// Whether the cookie of a good sign-in is there.
    ///
    /// # Errors
    /// [`LoginError::Refused`] where there is none.
    pub(crate) fn judge_cookies(&self, jar: &CookieJar) -> Result<(), LoginError> {
        match &self.cookie {
            Some(name) if !jar.contains(name) => {
                Err(LoginError::refused(format!("no cookie {name} was set")))
            }
            _ => Ok(()),
        }
    }
}
