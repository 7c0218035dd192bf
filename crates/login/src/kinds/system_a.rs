//! `system_a`: a JSON login that answers with a bearer token.
//!
//! The reference protocol: `POST /api/login` with `{"username","password"}` answers `{"token","expires_in"}`, seconds;
//! every call then carries `Authorization: Bearer token`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, AUTHORIZATION};
use monitor_domain::Finding;
use monitor_requests::{Client, HeaderValue, Request, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{self, LoginCall, SignInOk, login_url, refusal, refusal_in_body};
use super::{LoginKind, LoginSettings, validate};
use crate::session::{BodyRule, Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

/// The login path where the config gives none.
const LOGIN_PATH: &str = "/api/login";

/// The keys of `kind = "system_a"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemASettings {
    /// The account's name.
    #[schemars(required)]
    pub username: Option<String>,
    /// The account's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub password: Option<SecretSource>,
    /// What a lost session is answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401, or a
    /// redirect to `/login`.
    pub signed_out: Option<SignedOutSettings>,
    /// Where to sign in: `{ path = "/auth/login" }`. Default `/api/login`.
    pub login: Option<LoginCall>,
}

/// The login of System A.
#[derive(Debug)]
struct SystemA {
    username: String,
    password: Secret,
    path: String,
    ok: Option<SignInOk>,
    signed_out: SignedOutRules,
}

impl SystemASettings {
    /// This account; everything else as it is by default.
    pub fn new(username: impl Into<String>, password: SecretSource) -> SystemASettings {
        SystemASettings {
            username: Some(username.into()),
            password: Some(password),
            ..SystemASettings::default()
        }
    }
}

impl LoginKind for SystemASettings {
    const NAME: &'static str = "system_a";
    const DOC: &'static str = r#"A JSON login that answers with a token.

```toml
[systems.a]
kind = "system_a"
base_url = "https://a.example"
username = "monitor"
password = { env = "SYSTEM_A_PASSWORD" }
```

`POST /api/login` with JSON `{"username","password"}` is answered `{"token","expires_in"}` (seconds); calls then send
`Authorization: Bearer …`. A lost session is a 401, a redirect to `/login`, or an HTML page where JSON was due; such a call
is made once more after a new sign-in. After wrong credentials the next sign-in comes 1, 3, 9, 27, 60 minutes later. Where
they are answered with status 200, `login.ok` (or the system's `ok`) says what a good answer has. An `expires_in` that is
no number of seconds is not known: the session lasts until a call is answered as if signed out.
"#;
}

impl LoginSettings for SystemASettings {
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
        // The login is an API call; where the API redirects, it redirects to a page for people.
        let signed_out = SignedOutRules::new(self.signed_out.as_ref(), "/login");
        Ok(Arc::new(SystemA {
            username: self.username.clone().unwrap_or_default(),
            password: account::password(self.password.as_ref())?,
            path,
            ok: account::ok(self.login.as_ref(), ok)?,
            signed_out,
        }))
    }
}

#[async_trait]
impl Login for SystemA {
    fn kind(&self) -> &'static str {
        SystemASettings::NAME
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        // The session has a back-off of its own; the breaker knows of calls that a sign-in may mend.
        let request = Request::post(login_url(base, &self.path)?)
            .past_breaker()
            .on_new_connection()
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .json(&json!({ "username": self.username, "password": self.password.expose() }));
        let response = client.send(&request).await.map_err(LoginError::Unreachable)?;
        if let Some(error) = refusal(&response, &self.path).or_else(|| {
            let has_token = read_token(&response).is_ok();
            refusal_in_body(&response, has_token, self.ok.as_ref())
        }) {
            return Err(error);
        }
        if response.status.is_redirection() {
            let (status, to) = (response.status.as_u16(), response.shown_location());
            let to = to.map(|to| format!(" to {to}")).unwrap_or_default();
            return Err(LoginError::BadAnswer(format!(
                "the sign-in was redirected ({status}){to}; check base_url and login.path"
            )));
        }
        let (token, expires_in) = read_token(&response)?;
        Credential::token(AUTHORIZATION, "Bearer", &token, expires_in)
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }
}

fn read_token(response: &Response) -> Result<(Secret, Option<Duration>), LoginError> {
    let bad = |what: &str| LoginError::BadAnswer(format!("the answer to the sign-in {what}"));
    if response.is_html() {
        return Err(bad("is an HTML page, not JSON"));
    }
    // serde's errors quote values, and one of these is the token.
    let body: Value = response.json().map_err(|_| bad("is not JSON"))?;
    let token = match body.get("token") {
        Some(Value::String(token)) if !token.is_empty() => Secret::new(token.as_str()),
        Some(_) => return Err(bad("has a \"token\" that is not a text")),
        None => return Err(bad("has no \"token\"")),
    };
    // What is not understood is not known: the session lasts until the system says otherwise.
    let seconds: Option<f64> = match body.get("expires_in") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    // Zero and less is how some say "it does not end"; what is too large to express does not end either.
    let life = seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok((token, life))
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_requests::{Bytes, HeaderMap, Method, StatusCode};

    fn read(body: &str) -> Result<(Secret, Option<Duration>), String> {
        let url = Url::parse("https://a.example/api/login").unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        read_token(&Response::new(
            Method::POST,
            url,
            StatusCode::OK,
            HeaderMap::new(),
            body,
        ))
        .map_err(|error| error.to_string())
    }

    #[test]
    fn the_token_and_its_life_are_read() {
        for (body, life) in [
            (r#"{"token":"t","expires_in":3600}"#, Some(3_600)),
            (r#"{"token":"t","expires_in":"60"}"#, Some(60)),
            (r#"{"token":"t","expires_in":60.5}"#, Some(60)),
            (r#"{"token":"t","expires_in":0}"#, None),
            (r#"{"token":"t","expires_in":-1}"#, None),
            (r#"{"token":"t","expires_in":1e300}"#, None),
            (r#"{"token":"t","expires_in":null}"#, None),
            (r#"{"token":"t","expires_in":"2h"}"#, None),
            (r#"{"token":"t","expires_in":"never"}"#, None),
            (r#"{"token":"t","expires_in":"-1"}"#, None),
            (r#"{"token":"t","expires_in":"NaN"}"#, None),
            (r#"{"token":"t","expires_in":"inf"}"#, None),
            (r#"{"token":"t","expires_in":{"seconds":60}}"#, None),
            (r#"{"token":"t","expires_in":[60]}"#, None),
            (r#"{"token":"t","expires_in":true}"#, None),
            (r#"{"token":"t"}"#, None),
        ] {
            let (token, expires_in) = read(body).unwrap();
            assert_eq!(
                (token.expose(), expires_in.map(|life| life.as_secs())),
                ("t", life),
                "{body}"
            );
        }
    }

    #[test]
    fn an_answer_without_a_token_says_what_it_is_instead_and_quotes_nothing() {
        for (body, says) in [
            ("<!doctype html><p>hunter2", "is an HTML page"),
            ("hunter2", "is not JSON"),
            (r#"{"access_token":"hunter2"}"#, r#"has no "token""#),
            (r#"{"token":{"value":"hunter2"}}"#, "not a text"),
            (r#"{"token":""}"#, "not a text"),
        ] {
            let error = read(body).unwrap_err();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn every_key_is_read_no_other_and_no_secret_shown() {
        let text = r#"
            username = "monitor"
            password = "hunter3"
            signed_out = { status = [401], redirect_to = "/login", body_contains = "sign in" }
            login = { path = "/auth/login", ok = { path = "$.code", equals = [0] } }
        "#;
        let settings: SystemASettings = toml::from_str(text).unwrap();
        assert_eq!((settings.kind(), settings.check()), ("system_a", vec![]));
        assert_eq!(settings.secrets().len(), 1);
        assert_eq!(settings.login().unwrap().kind(), "system_a");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter"), "{shown}");
        for wrong in [
            "token = 'x'",
            "login = { paht = '/x' }",
            "login = { ok = { equal = [0] } }",
            "signed_out = { statuses = [1] }",
        ] {
            assert!(toml::from_str::<SystemASettings>(wrong).is_err(), "{wrong}");
        }
    }
}
