//! `form_cookie`: a web page's login form, whose answer brings cookies.

mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use http::header::SET_COOKIE;
use monitor_domain::Finding;
use monitor_requests::{Client, HeaderValue, Request, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::{
    Call, Conversation, Form, bad, has_password_input, put_values, resolve_values, secrets,
};
use super::{LoginKind, LoginSettings, account, validate};
use crate::session::{BodyRule, Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};
use settings::{Compiled, Csrf, CsrfFrom, CsrfTo};

pub use settings::{CsrfSettings, FormLogin};

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
        self.login_with(None)
    }

    fn login_with(&self, systems: Option<&BodyRule>) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let missing = || BuildError::Setting(Finding::new("login", "missing"));
        let mut compiled = self.compile(&mut Vec::new()).ok_or_else(missing)?;
        compiled.ok = compiled.ok.or(systems);
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

    fn credentials(&self) -> &'static str {
        account::credentials(&self.username)
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
        talk.vars.set_secret("password", self.password.expose());
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
        if let Some((_, value)) = &csrf {
            talk.vars.keep(value);
        }
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
        let mut request = call.sign_in(base, &talk.vars, &hidden)?;
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
        let path = request.shown_path();
        let first = talk.send(request).await?;
        let status = first.status.as_u16();
        let cookies = first.headers.get_all(SET_COOKIE).iter().count();
        ok.judge(&first, &path)?;
        ok.judge_as_any_answer(&first, cookies > 0)?;
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
    let request: Request = page.sign_in(talk.base(), &talk.vars, &[])?;
    let path = request.shown_path();
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
