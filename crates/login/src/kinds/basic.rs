//! `basic`: user and password go along with every call (RFC 7617).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use monitor_domain::Finding;
use monitor_requests::{Client, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{LoginKind, LoginSettings, account, validate};
use crate::session::{Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

/// The keys of `kind = "basic"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSettings {
    /// The account's name; no colon.
    #[schemars(required)]
    pub username: Option<String>,
    /// The account's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub password: Option<SecretSource>,
    /// What wrong credentials are answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401,
    /// or a redirect to `/login`.
    pub signed_out: Option<SignedOutSettings>,
}

impl LoginKind for BasicSettings {
    const NAME: &'static str = "basic";
    const DOC: &'static str = r#"User and password go along with every call (HTTP Basic, RFC 7617).

```toml
[systems.shop]
kind = "basic"
base_url = "https://shop.example"
username = "monitor"
password = { env = "SHOP_PASSWORD" }
```

There is no sign-in, so every call is a try of the password. Until one was answered well, calls go one at a time; after
a 401 none is sent for 1, 3, 9, 27, 60 minutes, so that no account is locked. A 401 for one path, where others are answered
well, concerns that path alone, until three calls in a row are answered so.
"#;
}

impl LoginSettings for BasicSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let signed_out = self.signed_out.as_ref();
        let mut findings = account::check(self.username.as_deref(), self.password.as_ref(), None, signed_out);
        // RFC 7617, 2: "a user-id containing a colon character is invalid".
        if self.username.as_deref().is_some_and(|name| name.contains(':')) {
            findings.push(Finding::new(
                "username",
                "must not have a colon: HTTP Basic ends the name there",
            ));
        }
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        account::secrets(self.password.as_ref())
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let password = account::password(self.password.as_ref())?;
        let pair = format!(
            "{}:{}",
            self.username.as_deref().unwrap_or_default(),
            password.expose()
        );
        Ok(Arc::new(Basic {
            pair: Secret::new(STANDARD.encode(pair)),
            signed_out: SignedOutRules::new(self.signed_out.as_ref(), "/login"),
        }))
    }
}

/// User and password, encoded.
#[derive(Debug)]
struct Basic {
    pair: Secret,
    signed_out: SignedOutRules,
}

#[async_trait]
impl Login for Basic {
    fn kind(&self) -> &'static str {
        BasicSettings::NAME
    }

    async fn sign_in(&self, _: &Client, _: &Url) -> Result<Credential, LoginError> {
        Credential::token(AUTHORIZATION, "Basic", &self.pair, None)
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }

    fn proves(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_in_the_name_is_refused() {
        let settings: BasicSettings = toml::from_str("username = 'a:b'\npassword = 'x'").unwrap();
        let findings = settings.check();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0]
                .to_string()
                .starts_with("username: must not have a colon")
        );
        let settings: BasicSettings = toml::from_str("username = 'ünï'\npassword = 'a:b:'").unwrap();
        assert_eq!(settings.check(), []);
        assert!(!settings.login().unwrap().proves());
    }
}
