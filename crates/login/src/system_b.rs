//! `system_b`: a login form that answers with a cookie.
//!
//! The reference protocol: `POST /login` with the form fields `username` and `password` answers `Set-Cookie`; whoever is
//! signed out is redirected (302) to `/login`.

use async_trait::async_trait;
use http::header::SET_COOKIE;
use monitor_requests::{Client, Request, Response, Secret, Url, excerpt};
use url::form_urlencoded;

use crate::registry::{account, login_url, only_keys};
use crate::{BuildError, CookieJar, Credential, Login, LoginError, SignedOutRules, SystemSettings};

/// The login path where the config gives none.
const LOGIN_PATH: &str = "/login";
/// How much of a refusal is quoted, in characters.
const EXCERPT: usize = 120;

/// The login of System B.
#[derive(Debug)]
pub struct SystemB {
    username: String,
    password: Secret,
    path: String,
    signed_out: SignedOutRules,
}

impl SystemB {
    /// From `[systems.NAME]`: username, password, and the login path where it is not `/login`.
    ///
    /// # Errors
    /// [`BuildError`] that names the key that is missing, wrong or not used.
    pub fn from_settings(settings: &SystemSettings) -> Result<SystemB, BuildError> {
        only_keys(settings, &["username", "password", "signed_out", "login.path"])?;
        let (username, password) = account(settings)?;
        let path = settings.login.as_ref().and_then(|login| login.path.clone());
        let path = path.unwrap_or_else(|| LOGIN_PATH.to_owned());
        let signed_out = SignedOutRules::new(settings.signed_out.as_ref(), &path);
        Ok(SystemB {
            username,
            password,
            path,
            signed_out,
        })
    }
}

#[async_trait]
impl Login for SystemB {
    fn kind(&self) -> &'static str {
        "system_b"
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let url = login_url(base, &self.path)?;
        let fields = [
            ("username", self.username.as_str()),
            ("password", self.password.expose()),
        ];
        let response = client
            .send(&Request::post(url.clone()).past_breaker().form(&fields))
            .await
            .map_err(LoginError::Unreachable)?;
        if let Some(error) = refusal(&response, &self.path, &self.password) {
            return Err(error);
        }
        // A form that comes back, by redirect or as a page, is how a login page says no.
        if self.signed_out.is_redirect_to_login(&response) {
            return Err(LoginError::refused("sent back to the login page"));
        }
        if response.is_html() && asks_for_password(&response) {
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

fn asks_for_password(response: &Response) -> bool {
    let page = response.text().to_ascii_lowercase();
    ["type=\"password\"", "type='password'", "type=password"]
        .iter()
        .any(|input| page.contains(input))
}

/// What the status of an answer to a sign-in says, where it is not yes.
pub(crate) fn refusal(response: &Response, path: &str, password: &Secret) -> Option<LoginError> {
    let status = response.status;
    match status.as_u16() {
        // Bad request, forbidden, unprocessable and locked are what APIs answer to a wrong password besides 401.
        400 | 401 | 403 | 422 | 423 => {
            let said = if response.is_html() || repeats(response, password) {
                String::new()
            } else {
                response.text()
            };
            let said = excerpt(&said, EXCERPT);
            let reason = if said.is_empty() {
                status.to_string()
            } else {
                format!("{status}: {said}")
            };
            Some(LoginError::refused(reason))
        }
        404 | 405 => Some(LoginError::BadAnswer(format!(
            "answered {status} for {path}; check login.path and base_url"
        ))),
        408 | 425 | 429 | 500.. => {
            let mut quoted = response.clone();
            if repeats(response, password) {
                quoted.body.clear();
            }
            quoted.require_success().err().map(LoginError::Unreachable)
        }
        406.. => Some(LoginError::BadAnswer(format!("answered {status} for {path}"))),
        _ => None,
    }
}

/// Whether an answer repeats the password, as it is or as it was encoded: then nothing of it is quoted.
fn repeats(response: &Response, password: &Secret) -> bool {
    let text = response.text();
    let json = serde_json::Value::from(password.expose()).to_string();
    let form = form_urlencoded::byte_serialize(password.expose().as_bytes()).collect::<String>();
    [password.expose(), json.trim_matches('"'), &form]
        .iter()
        .any(|form| text.contains(form))
}
