//! The keys of `form_cookie`, and how they are checked.

use std::collections::BTreeMap;
use std::fmt;

use monitor_domain::Finding;
use monitor_requests::{HeaderName, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::exchange::{
    Body, Call, CallSettings, Encode, Extra, FieldNames, Fields, OkRule, OkSettings, Step, StepSettings,
    account_body, names,
};
use super::FormCookieSettings;
use crate::template::check_values;

/// The path of the sign-in where the config gives none.
const LOGIN_PATH: &str = "/login";

/// `login = { … }` of `kind = "form_cookie"`.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FormLogin {
    /// Where the form is sent to, below `base_url`. Default `"/login"`.
    pub path: Option<String>,
    /// The whole address instead, where it is another host.
    pub url: Option<String>,
    /// HTTP method. Default `"POST"`.
    pub method: Option<String>,
    /// How the fields are written, `"form"` or `"json"`. Default `"form"`.
    pub encode: Option<Encode>,
    /// The names of the fields that carry the account: `{ username = "email", password = "pwd" }`; `""` sends none.
    pub fields: FieldNames,
    /// Constant fields beside them: `{ remember = "on", pwd = "{{ password | md5 }}" }`. Default: none.
    pub extra: BTreeMap<String, Extra>,
    /// The body instead of `fields` and `extra`, sent as JSON; its texts are templates.
    pub body: Option<Value>,
    /// More request headers; the values are templates. Default: none.
    pub headers: BTreeMap<String, String>,
    /// More secrets that templates may use, by name: `{ app_key = { env = "APP_KEY" } }`. Default: none.
    pub values: BTreeMap<String, SecretSource>,
    /// Calls before this one, whose answers bring what it needs. Default: none.
    pub steps: Vec<StepSettings>,
    /// The path of the page with the form, which is fetched first: its hidden fields and cookies go along. Default: none, and with
    /// `csrf` that of the sign-in.
    pub form_path: Option<String>,
    /// A token against forged requests that the page brings: `{ cookie = "_xsrf" }` or `{ input = "csrf" }`. Hidden fields go along
    /// without it.
    pub csrf: Option<CsrfSettings>,
    /// What makes a sign-in a good one: `{ status = [302], not_redirect_to = "/login", cookie = "sid" }`. Default: any cookie, and no way back
    /// to the form.
    pub ok: Option<OkSettings>,
}

/// `login.csrf = { … }`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsrfSettings {
    /// The cookie that holds it.
    pub cookie: Option<String>,
    /// The field of the form, or the `<meta>` of the page, that holds it.
    pub input: Option<String>,
    /// The field that sends it. Default: the name that it has.
    pub field: Option<String>,
    /// The header that sends it instead, such as `"X-CSRFToken"`.
    pub header: Option<String>,
}

pub(super) struct Compiled {
    pub(super) steps: Vec<Step>,
    pub(super) page: Option<Call>,
    pub(super) csrf: Option<Csrf>,
    pub(super) call: Call,
    pub(super) ok: OkRule,
}

pub(super) enum CsrfFrom {
    Cookie(String),
    Input(String),
}

pub(super) struct Csrf {
    pub(super) from: CsrfFrom,
    pub(super) to: CsrfTo,
}

pub(super) enum CsrfTo {
    Field(String),
    Header(HeaderName),
}

impl FormCookieSettings {
    fn login_path<'a>(&self, login: &'a FormLogin) -> Option<&'a str> {
        match (&login.path, &login.url) {
            (None, None) => Some(LOGIN_PATH),
            (path, _) => path.as_deref(),
        }
    }

    /// The page that somebody is sent to who is not signed in.
    pub(super) fn page_path(&self) -> String {
        let default = FormLogin::default();
        let login = self.login.as_ref().unwrap_or(&default);
        let path = login.form_path.as_deref().or_else(|| self.login_path(login));
        let path = path.or(login.url.as_deref()).unwrap_or(LOGIN_PATH);
        path.split('?').next().unwrap_or_default().to_owned()
    }

    pub(super) fn compile(&self, findings: &mut Vec<Finding>) -> Option<Compiled> {
        let default = FormLogin::default();
        let login = self.login.as_ref().unwrap_or(&default);
        let before = findings.len();
        findings.extend(check_values("login.values", &login.values));
        let names = names(self.username.is_some(), &login.values);
        let (steps, names) = StepSettings::compile_all("login.steps", &login.steps, names, findings);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let encode = login.encode.unwrap_or(Encode::Form);
        let fields = Fields {
            has_username: self.username.is_some(),
            names: &login.fields,
            extra: &login.extra,
            body: login.body.as_ref(),
        };
        let body = account_body(encode, fields, &names, findings);
        let none = BTreeMap::new();
        let target = CallSettings {
            path: self.login_path(login),
            url: login.url.as_deref(),
            method: login.method.as_deref().or(Some("POST")),
            query: &none,
            headers: &login.headers,
        };
        let call = Call::compile("login", &target, body, &names, findings);
        let page = match (&login.form_path, &login.csrf) {
            (Some(path), _) => Some((Some(path.as_str()), None)),
            (None, Some(_)) => Some((self.login_path(login), login.url.as_deref())),
            (None, None) => None,
        };
        let page = page.map(|(path, url)| {
            let settings = CallSettings {
                path,
                url,
                method: None,
                query: &none,
                headers: &none,
            };
            Call::compile("login.form", &settings, Body::None, &names, findings)
        });
        let csrf = login.csrf.as_ref().map(CsrfSettings::compile).transpose();
        let csrf = csrf.map_err(|finding| findings.push(finding)).ok();
        let (post, shown) = (self.login_path(login).unwrap_or(LOGIN_PATH), self.page_path());
        let ok = OkSettings::compile(login.ok.as_ref(), &[post, &shown]);
        let ok = ok.map_err(|finding| findings.push(finding)).ok();
        if findings.len() > before {
            return None;
        }
        Some(Compiled {
            steps,
            page: page.flatten(),
            csrf: csrf?,
            call: call?,
            ok: ok?,
        })
    }
}

impl CsrfSettings {
    fn compile(&self) -> Result<Csrf, Finding> {
        let (from, name) = match (&self.cookie, &self.input) {
            (Some(name), None) => (CsrfFrom::Cookie(name.clone()), name),
            (None, Some(name)) => (CsrfFrom::Input(name.clone()), name),
            _ => {
                let message = "says where the token is: give one of cookie and input";
                return Err(Finding::new("login.csrf", message));
            }
        };
        let to = match (&self.field, &self.header) {
            (Some(_), Some(_)) => {
                return Err(Finding::new("login.csrf.header", "give either field or header"));
            }
            (None, Some(header)) => HeaderName::from_bytes(header.as_bytes())
                .map(CsrfTo::Header)
                .map_err(|_| Finding::new("login.csrf.header", "not the name of a header"))?,
            (field, None) => CsrfTo::Field(field.as_ref().unwrap_or(name).clone()),
        };
        Ok(Csrf { from, to })
    }
}

impl fmt::Debug for FormLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormLogin")
            .field("path", &self.path)
            .field("form_path", &self.form_path)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
