//! A kind of system in one file: `POST /ticket` with a form is answered with a ticket in plain text; every call then
//! carries it in `X-Ticket`.

use async_trait::async_trait;
use monitor_login::{Credential, LoginError, SimpleLogin, login_url};
use monitor_requests::{Client, HeaderName, Request, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

/// The keys of `kind = "ticket"`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticket {
    /// The account's name.
    pub(crate) user: String,
    /// The account's password.
    pub(crate) password: SecretSource,
}

#[async_trait]
impl SimpleLogin for Ticket {
    const NAME: &'static str = "ticket";
    const DOC: &'static str = r#"A system that hands out tickets.

```toml
[systems.t]
kind = "ticket"
base_url = "https://t.example"
user = "monitor"
password = { env = "T_PASSWORD" }
```
"#;

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey {
            key: "password",
            source: &self.password,
            warn_if_plain: true,
        }]
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let url = login_url(base, "/ticket")?;
        let password = self.password.resolve()?;
        let fields = [("user", self.user.as_str()), ("password", password.expose())];
        let request = Request::post(url).form(&fields);
        let answer = client.send(&request).await.map_err(LoginError::Unreachable)?;
        // Only this means wrong credentials: after it the account is left alone for minutes.
        if matches!(answer.status.as_u16(), 401 | 403) {
            return Err(LoginError::refused(answer.status.to_string()));
        }
        // The answer is not quoted: it may repeat the password.
        if !answer.status.is_success() || answer.is_html() {
            return Err(LoginError::BadAnswer(answer.status.to_string()));
        }
        let ticket = Secret::new(answer.text().trim());
        Credential::token(HeaderName::from_static("x-ticket"), "", &ticket, None)
    }
}
