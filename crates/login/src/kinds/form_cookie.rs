//! `form_cookie`: a web page's login form, whose answer brings cookies.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::SET_COOKIE;
use monitor_domain::Finding;
use monitor_requests::{
    Client, HeaderName, HeaderValue, Request, Response, Secret, SecretKey, SecretSource, Url,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::exchange::{
    Call, CallSettings, Conversation, Encode, Extra, FieldNames, Fields, Form, OkRule, OkSettings, Step,
    StepSettings, account_body, bad, check_values, has_password_input, put_values, resolve_values, secrets,
};
use super::{LoginKind, LoginSettings, account, validate};
use crate::session::{Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

/// The path of the sign-in where the config gives none.
const LOGIN_PATH: &str = "/login";

/// The keys of `kind = "form_cookie"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormCookieSettings {
    /// The account's name. Default: none is sent.
    pub username: Option<String>,
    /// The account's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub password: Option<SecretSource>,
    /// The form: `{ path = "/login", form_path = "/login" }`. Default: `POST /login` with `username` and `password`.
    pub login: Option<FormLogin>,
    /// What a lost session is answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401, or a
    /// redirect to the page of the form.
    pub signed_out: Option<SignedOutSettings>,
}

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
    /// How a good sign-in is told: `{ status = [302], not_redirect_to = "/login", cookie = "sid" }`. Default: any cookie, and no way back
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

impl LoginKind for FormCookieSettings {
    const NAME: &'static str = "form_cookie";
    const DOC: &'static str = r#"The login form of a web page, whose answer brings cookies.

```toml
[systems.shop]
kind = "form_cookie"
base_url = "https://shop.example"
username = "monitor"
password = { env = "SHOP_PASSWORD" }
login = { path = "/login", form_path = "/login", fields = { username = "email" } }
```

With `form_path` the page is fetched first; hidden fields of the form with the password field go back as they came, and its cookies
too. `csrf = { cookie = "_xsrf" }` sends the value of that cookie in the field `_xsrf`, or in another `field` or a `header`. Redirects are
followed as a browser does, for the cookies on the way, but to no other host. A way back to the form, by redirect or as a page
with a password field, is a refusal. Texts in `extra`, `body`, `headers` and `steps` are templates, as in `json_token`.
"#;
}

struct FormCookie {
    username: String,
    password: Secret,
    values: Vec<(String, Secret)>,
    compiled: Compiled,
    signed_out: SignedOutRules,
}

struct Compiled {
    steps: Vec<Step>,
    page: Option<Call>,
    csrf: Option<Csrf>,
    call: Call,
    ok: OkRule,
}

enum CsrfFrom {
    Cookie(String),
    Input(String),
}

struct Csrf {
    from: CsrfFrom,
    to: CsrfTo,
}

enum CsrfTo {
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
    fn page_path(&self) -> String {
        let default = FormLogin::default();
        let login = self.login.as_ref().unwrap_or(&default);
        let path = login.form_path.as_deref().or_else(|| self.login_path(login));
        let path = path.or(login.url.as_deref()).unwrap_or(LOGIN_PATH);
        path.split('?').next().unwrap_or_default().to_owned()
    }

    fn compile(&self, findings: &mut Vec<Finding>) -> Option<Compiled> {
        let default = FormLogin::default();
        let login = self.login.as_ref().unwrap_or(&default);
        let before = findings.len();
        findings.extend(check_values(&login.values));
        let names = super::exchange::names(self.username.is_some(), &login.values);
        let (steps, names) = StepSettings::compile_all(&login.steps, names, findings);
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
            Call::compile(
                "login.form",
                &settings,
                super::exchange::Body::None,
                &names,
                findings,
            )
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

impl LoginSettings for FormCookieSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = account::check_password(self.password.as_ref());
        self.compile(&mut findings);
        findings.extend(self.signed_out.iter().flat_map(SignedOutSettings::check));
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let login = self.login.iter();
        let more = login.flat_map(|login| secrets(&login.extra, &login.values));
        account::secrets(self.password.as_ref())
            .into_iter()
            .chain(more)
            .collect()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let missing = || BuildError::Setting(Finding::new("login", "missing"));
        let compiled = self.compile(&mut Vec::new()).ok_or_else(missing)?;
        let default = FormLogin::default();
        let login = self.login.as_ref().unwrap_or(&default);
        Ok(Arc::new(FormCookie {
            username: self.username.clone().unwrap_or_default(),
            password: account::password(self.password.as_ref())?,
            values: resolve_values(&login.extra, &login.values)?,
            compiled,
            signed_out: SignedOutRules::new(self.signed_out.as_ref(), &self.page_path()),
        }))
    }
}

#[async_trait]
impl Login for FormCookie {
    fn kind(&self) -> &'static str {
        FormCookieSettings::NAME
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let Compiled {
            steps,
            page,
            csrf,
            call,
            ok,
        } = &self.compiled;
        let mut talk = Conversation::new(client, base);
        talk.vars.set("username", &self.username);
        talk.vars.set("password", self.password.expose());
        put_values(&mut talk.vars, &self.values);
        talk.run(steps).await?;
        let form = match page {
            Some(page) => Some(fetch(&talk, page).await?),
            None => None,
        };
        let mut hidden = form.as_ref().map(|page| page.hidden.clone()).unwrap_or_default();
        let csrf = csrf
            .as_ref()
            .map(|csrf| Ok::<_, LoginError>((csrf, csrf.value(&talk, form.as_ref())?)));
        let csrf = csrf.transpose()?;
        if let Some((
            Csrf {
                to: CsrfTo::Field(name),
                ..
            },
            value,
        )) = &csrf
        {
            hidden.retain(|(other, _)| other != name);
            hidden.push((name.clone(), value.clone()));
        }
        let mut request = call.request(base, &talk.vars, &hidden)?;
        if let Some((
            Csrf {
                to: CsrfTo::Header(name),
                ..
            },
            value,
        )) = csrf
        {
            let value = HeaderValue::from_str(&value).map_err(|_| bad("the csrf token fits in no header"))?;
            request = request.header(name.clone(), value);
        }
        if let Some(page) = &form {
            request = Conversation::from_page(request, &page.url);
        }
        let path = request.url.path().to_owned();
        let first = talk.send(request).await?;
        let status = first.status.as_u16();
        let cookies = first.headers.get_all(SET_COOKIE).iter().count();
        ok.judge(&first, &path)?;
        let last = talk.follow(first).await?;
        // A form that comes back, by redirect or as a page, is how a login page refuses.
        if self.signed_out.is_redirect_to_login(&last) {
            return Err(LoginError::refused("sent back to the login page"));
        }
        if last.is_html() && has_password_input(&last.text()) {
            return Err(LoginError::refused("answered with the login page"));
        }
        ok.judge_cookies(&talk.jar)?;
        if talk.jar.is_empty() {
            let why = if cookies == 0 {
                "sets no cookie"
            } else {
                "sets no cookie that may be sent to it"
            };
            return Err(bad(format!("the answer to the sign-in ({status}) {why}")));
        }
        Ok(Credential::cookies(talk.jar))
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }
}

/// A page with a login form, as it was fetched.
struct Page {
    url: Url,
    text: String,
    hidden: Vec<(String, String)>,
}

async fn fetch(talk: &Conversation<'_>, page: &Call) -> Result<Page, LoginError> {
    let request: Request = page.request(talk.base(), &talk.vars, &[])?;
    let path = request.url.path().to_owned();
    let response = talk.follow(talk.send(request).await?).await?;
    if !response.status.is_success() {
        if response.status.is_server_error() || response.status.as_u16() == 429 {
            return Err(response
                .require_success()
                .err()
                .map_or_else(|| bad("no page"), LoginError::Unreachable));
        }
        let status = response.status.as_u16();
        return Err(bad(format!(
            "answered {status} for {path}, where the login form should be; check login.form_path"
        )));
    }
    let text = response.text();
    let hidden = Form::of(&text).map(|form| form.hidden).unwrap_or_default();
    Ok(Page {
        url: response.url.clone(),
        text,
        hidden,
    })
}

impl Csrf {
    fn value(&self, talk: &Conversation<'_>, page: Option<&Page>) -> Result<String, LoginError> {
        match &self.from {
            CsrfFrom::Cookie(name) => talk
                .jar
                .value(name)
                .ok_or_else(|| bad(format!("login.csrf: the page sets no cookie {name}"))),
            CsrfFrom::Input(name) => {
                let found = page.and_then(|page| super::exchange::input(&page.text, name));
                found.ok_or_else(|| bad(format!("login.csrf: the page has no form field {name:?}")))
            }
        }
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
