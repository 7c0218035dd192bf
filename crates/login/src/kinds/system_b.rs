//! `system_b`: a login form that answers with a cookie.
//!
//! The reference protocol: `POST /login` with the form fields `username` and `password` answers `Set-Cookie`; who is not
//! signed out is redirected (302) to `/login`.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::SET_COOKIE;
use monitor_domain::Finding;
use monitor_requests::{Client, Request, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::account::{self, LoginCall, SignInOk, login_url, refusal, refusal_in_body};
use super::{LoginKind, LoginSettings, validate};
use crate::cookies::CookieJar;
use crate::session::{BodyRule, Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

/// The login path where the config gives none.
const LOGIN_PATH: &str = "/login";

/// The keys of `kind = "system_b"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemBSettings {
    /// The account's name.
    #[schemars(required)]
    pub username: Option<String>,
    /// The account's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub password: Option<SecretSource>,
    /// What a lost session is answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401, or a
    /// redirect to the login path.
    pub signed_out: Option<SignedOutSettings>,
    /// Where to sign in: `{ path = "/auth/login" }`. Default `/login`.
    pub login: Option<LoginCall>,
}

/// The login of System B.
#[derive(Debug)]
struct SystemB {
    username: String,
    password: Secret,
    path: String,
    ok: Option<SignInOk>,
    signed_out: SignedOutRules,
}

impl SystemBSettings {
    /// This account; everything else as it is by default.
    pub fn new(username: impl Into<String>, password: SecretSource) -> SystemBSettings {
        SystemBSettings {
            username: Some(username.into()),
            password: Some(password),
            ..SystemBSettings::default()
        }
    }
}

impl LoginKind for SystemBSettings {
    const NAME: &'static str = "system_b";
    const DOC: &'static str = r#"A login form that answers with cookies.

```toml
[systems.b]
kind = "system_b"
base_url = "https://b.example"
username = "monitor"
password = { env = "SYSTEM_B_PASSWORD" }
```

`POST /login` with a form is answered with cookies, which calls then send. A lost session is a redirect to `/login`, a 401, or
an HTML page where JSON was due; such a call is made once more after a new sign-in. After wrong credentials the next
sign-in comes 1, 3, 9, 27, 60 minutes later. Where they are answered with JSON and status 200, `login.ok` (or the system's
`ok`) says what a good answer has.
"#;
}

impl LoginSettings for SystemBSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        account::check(
            self.username.as_deref(),
            self.password.as_ref(),
            self.login.as_ref(),
            self.signed_out.as_ref(),
        )
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        account::secrets(self.password.as_ref())
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        self.login_with(None)
    }

    fn login_with(&self, ok: Option<&BodyRule>) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let path = account::path(self.login.as_ref(), LOGIN_PATH);
        let signed_out = SignedOutRules::new(self.signed_out.as_ref(), &path);
        Ok(Arc::new(SystemB {
            username: self.username.clone().unwrap_or_default(),
            password: account::password(self.password.as_ref())?,
            path,
            ok: account::ok(self.login.as_ref(), ok)?,
            signed_out,
        }))
    }
}

#[async_trait]
impl Login for SystemB {
    fn kind(&self) -> &'static str {
        SystemBSettings::NAME
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let url = login_url(base, &self.path)?;
        let fields = [
            ("username", self.username.as_str()),
            ("password", self.password.expose()),
        ];
        let response = client
            .send(
                &Request::post(url.clone())
                    .past_breaker()
                    .on_new_connection()
                    .form(&fields),
            )
            .await
            .map_err(LoginError::Unreachable)?;
        if let Some(error) = refusal(&response, &self.path).or_else(|| {
            let has_cookie = response.headers.contains_key(SET_COOKIE);
            refusal_in_body(&response, has_cookie, self.ok.as_ref())
        }) {
            return Err(error);
        }
        // A form that comes back, by redirect or as a page, is how a login page refuses.
        if self.signed_out.is_redirect_to_login(&response) {
            return Err(LoginError::refused("sent back to the login page"));
        }
        if response.is_html() && has_password_input(&response) {
            return Err(LoginError::refused("answered with the login page"));
        }
        let jar = CookieJar::new();
        jar.absorb(&url, &response.headers, &**client.clock());
        if jar.is_empty() {
            let status = response.status.as_u16();
            let cookies = response.headers.get_all(SET_COOKIE).iter().count();
            return Err(LoginError::BadAnswer(if cookies == 0 {
                format!("the answer to the sign-in ({status}) sets no cookie")
            } else {
                format!("the answer to the sign-in ({status}) sets no cookie that may be sent to it")
            }));
        }
        Ok(Credential::cookies(jar))
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }
}

fn has_password_input(response: &Response) -> bool {
    let page = response.text().to_ascii_lowercase();
    ["type=\"password\"", "type='password'", "type=password"]
        .iter()
        .any(|input| page.contains(input))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_no_other_and_no_secret_shown() {
        let text = r#"
            username = "monitor"
            password = "hunter3"
            signed_out = { status = [401], redirect_to = "/login", body_contains = "sign in" }
            login = { path = "/auth/login", ok = { path = "$.code", equals = [0] } }
        "#;
        let settings: SystemBSettings = toml::from_str(text).unwrap();
        assert_eq!((settings.kind(), settings.check()), ("system_b", vec![]));
        assert_eq!(settings.secrets().len(), 1);
        assert_eq!(settings.login().unwrap().kind(), "system_b");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter"), "{shown}");
        for wrong in [
            "token = 'x'",
            "login = { paht = '/x' }",
            "login = { ok = { equal = [0] } }",
            "signed_out = { statuses = [1] }",
        ] {
            assert!(toml::from_str::<SystemBSettings>(wrong).is_err(), "{wrong}");
        }
    }
}
