//! A kind of system in one file: `POST /ticket` with a form is answered with a ticket in plain text; every call then
//! carries it in `X-Ticket`.

use std::sync::Arc;

use async_trait::async_trait;
use monitor_domain::Finding;
use monitor_login::{BuildError, Credential, Login, LoginError, LoginKind, LoginSettings, validate};
use monitor_requests::{Client, HeaderName, Request, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

/// The keys of `kind = "ticket"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketSettings {
    /// The account's name.
    pub(crate) user: String,
    /// The account's password.
    pub(crate) password: SecretSource,
}

impl LoginKind for TicketSettings {
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
}

impl LoginSettings for TicketSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let user = Some(&self.user).filter(|user| user.is_empty());
        let user = user.map(|_| Finding::new("user", "is empty; the name of the account to sign in with"));
        user.into_iter().collect()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey {
            key: "password",
            source: &self.password,
            warn_if_plain: true,
        }]
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        Ok(Arc::new(Ticket {
            user: self.user.clone(),
            password: BuildError::resolve("password", &self.password)?,
        }))
    }
}

/// The login itself.
struct Ticket {
    user: String,
    password: Secret,
}

#[async_trait]
impl Login for Ticket {
    fn kind(&self) -> &'static str {
        TicketSettings::NAME
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let url = base
            .join("/ticket")
            .map_err(|error| LoginError::BadAnswer(format!("/ticket: {error}")))?;
        let fields = [("user", self.user.as_str()), ("password", self.password.expose())];
        let answer = client
            .send(&Request::post(url).form(&fields))
            .await
            .map_err(LoginError::Unreachable)?;
        // Only this means wrong credentials: after it the account is left alone for minutes.
        if matches!(answer.status.as_u16(), 401 | 403) {
            return Err(LoginError::refused(answer.status.to_string()));
        }
        if !answer.status.is_success() {
            // The answer is not quoted: it may repeat the password.
            return Err(LoginError::BadAnswer(answer.status.to_string()));
        }
        if answer.is_html() {
            return Err(LoginError::BadAnswer("a page instead of a ticket".to_owned()));
        }
        let ticket = Secret::new(answer.text().trim());
        Credential::token(HeaderName::from_static("x-ticket"), "", &ticket, None)
    }
}
