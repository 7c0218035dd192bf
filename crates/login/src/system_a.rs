//! `system_a`: a JSON login that answers with a bearer token.
//!
//! The reference protocol: `POST /api/login` with `{"username","password"}` answers `{"token","expires_in"}`, seconds;
//! every call then carries `Authorization: Bearer token`.

use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, AUTHORIZATION};
use monitor_requests::{Client, HeaderValue, Request, Response, Secret, Url};
use serde_json::{Value, json};

use crate::registry::{account, login_url, only_keys};
use crate::system_b::refusal;
use crate::{BuildError, Credential, Login, LoginError, SignedOutRules, SystemSettings};

/// The login path where the config gives none.
const LOGIN_PATH: &str = "/api/login";

/// The login of System A.
#[derive(Debug)]
pub struct SystemA {
    username: String,
    password: Secret,
    path: String,
    signed_out: SignedOutRules,
}

impl SystemA {
    /// From `[systems.NAME]`: username, password, and the login path where it is not `/api/login`.
    ///
    /// # Errors
    /// [`BuildError`] that names the key that is missing, wrong or not used.
    pub fn from_settings(settings: &SystemSettings) -> Result<SystemA, BuildError> {
        only_keys(settings, &["username", "password", "signed_out", "login.path"])?;
        let (username, password) = account(settings)?;
        let path = settings.login.as_ref().and_then(|login| login.path.clone());
        // The login is an API call; whom it redirects, it sends to a page for people.
        let signed_out = SignedOutRules::new(settings.signed_out.as_ref(), "/login");
        Ok(SystemA {
            username,
            password,
            path: path.unwrap_or_else(|| LOGIN_PATH.to_owned()),
            signed_out,
        })
    }
}

#[async_trait]
impl Login for SystemA {
    fn kind(&self) -> &'static str {
        "system_a"
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        // The session has a back-off of its own; the breaker knows of calls that a sign-in may mend.
        let request = Request::post(login_url(base, &self.path)?)
            .past_breaker()
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .json(&json!({ "username": self.username, "password": self.password.expose() }));
        let response = client.send(&request).await.map_err(LoginError::Unreachable)?;
        if let Some(error) = refusal(&response, &self.path, &self.password) {
            return Err(error);
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
    // Read by hand: serde's errors quote values, and one of these is the token.
    let body: Value = serde_json::from_slice(&response.body).map_err(|_| bad("is not JSON"))?;
    let token = match body.get("token") {
        Some(Value::String(token)) if !token.is_empty() => Secret::new(token.as_str()),
        Some(_) => return Err(bad("has a \"token\" that is not a text")),
        None => return Err(bad("has no \"token\"")),
    };
    let seconds = match body.get("expires_in") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => Some(
            text.trim()
                .parse()
                .map_err(|_| bad("has an \"expires_in\" that is no number"))?,
        ),
        Some(_) => return Err(bad("has an \"expires_in\" that is no number")),
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
            (r#"{"token":"hunter2","expires_in":"hunter2"}"#, "no number"),
            (r#"{"token":"hunter2","expires_in":{}}"#, "no number"),
        ] {
            let error = read(body).unwrap_err();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }
}
