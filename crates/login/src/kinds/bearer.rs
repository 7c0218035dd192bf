//! `bearer`: a fixed token goes along with every call (RFC 6750), in whatever header.

use std::sync::Arc;

use async_trait::async_trait;
use monitor_domain::Finding;
use monitor_requests::{Client, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::token::TokenHeader;
use super::{LoginKind, LoginSettings, validate};
use crate::session::{Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

/// The keys of `kind = "bearer"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BearerSettings {
    /// The token, as `{ env = "NAME" }` or `{ file = "/path" }`. A file is read again when the token is refused, so one that
    /// another program renews may be given.
    #[schemars(required)]
    pub token: Option<SecretSource>,
    /// The header that carries the token. Default `"Authorization"`.
    pub header: Option<String>,
    /// What stands before the token; `""` for nothing. Default `"Bearer"` in `Authorization`, and nothing in another header.
    pub scheme: Option<String>,
    /// What a wrong token is answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401, or
    /// a redirect to `/login`.
    pub signed_out: Option<SignedOutSettings>,
}

impl LoginKind for BearerSettings {
    const NAME: &'static str = "bearer";
    const DOC: &'static str = r#"A fixed token goes along with every call.

```toml
[systems.shop]
kind = "bearer"
base_url = "https://shop.example"
token = { env = "SHOP_TOKEN" }
```

With `header = "X-Api-Key"` the token stands alone in that header. After a 401 no call is sent for 1, 3, 9, 27, 60 minutes,
as after a refused sign-in; a token from a file is read again then.
"#;
}

impl LoginSettings for BearerSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.token.is_none() {
            findings.push(Finding::new(
                "token",
                "missing; { env = \"NAME\" } or { file = \"/run/secrets/name\" }",
            ));
        }
        findings.extend(TokenHeader::new(self.header.as_deref(), self.scheme.as_deref()).err());
        findings.extend(self.signed_out.iter().flat_map(SignedOutSettings::check));
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let key = self.token.as_ref().map(|source| SecretKey {
            key: "token",
            source,
            warn_if_plain: true,
        });
        key.into_iter().collect()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let source = self.token.clone().unwrap_or(SecretSource::Plain(Secret::new("")));
        // One that cannot be read now is a mistake in the set-up; later it may be about to be written.
        BuildError::resolve("token", &source)?;
        let header = TokenHeader::new(self.header.as_deref(), self.scheme.as_deref());
        Ok(Arc::new(Bearer {
            source,
            header: header.map_err(BuildError::Setting)?,
            signed_out: SignedOutRules::new(self.signed_out.as_ref(), "/login"),
        }))
    }
}

#[derive(Debug)]
struct Bearer {
    source: SecretSource,
    header: TokenHeader,
    signed_out: SignedOutRules,
}

#[async_trait]
impl Login for Bearer {
    fn kind(&self) -> &'static str {
        BearerSettings::NAME
    }

    fn credentials(&self) -> &'static str {
        "token"
    }

    async fn sign_in(&self, _: &Client, _: &Url) -> Result<Credential, LoginError> {
        self.header.credential(&self.source.resolve()?, None)
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
    fn what_no_header_may_be_is_refused_with_its_key() {
        for (text, key) in [
            ("", "token"),
            ("token = 'x'\nheader = 'X Y'", "header"),
            ("token = 'x'\nheader = ''", "header"),
            ("token = 'x'\nheader = 'Cookie'", "header"),
            ("token = 'x'\nheader = 'Content-Length'", "header"),
            ("token = 'x'\nscheme = \"a\\nb\"", "scheme"),
        ] {
            let findings = toml::from_str::<BearerSettings>(text).unwrap().check();
            assert_eq!(findings.len(), 1, "{text:?}: {findings:?}");
            assert_eq!(findings[0].field, key, "{text:?}");
        }
    }
}
