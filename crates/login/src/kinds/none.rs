//! `none`: a system that everybody may call.

use std::sync::Arc;

use async_trait::async_trait;
use monitor_requests::{Client, Response, SecretKey, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{LoginKind, LoginSettings};
use crate::session::{Credential, Login};
use crate::{BuildError, LoginError};

/// The keys of `kind = "none"`: it has none of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoLoginSettings {}

/// No login at all: calls go as they are, and every answer is an answer.
#[derive(Clone, Copy, Debug, Default)]
struct NoLogin;

impl LoginKind for NoLoginSettings {
    const NAME: &'static str = "none";
    const DOC: &'static str = r#"A system that everybody may call: nobody signs in, and nothing is sent besides the `headers`.

```toml
[systems.shop]
kind = "none"
base_url = "https://shop.example"
```

Every answer is an answer, a 401 too.
"#;
}

impl LoginSettings for NoLoginSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        Vec::new()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        Ok(Arc::new(NoLogin))
    }
}

#[async_trait]
impl Login for NoLogin {
    fn kind(&self) -> &'static str {
        NoLoginSettings::NAME
    }

    async fn sign_in(&self, _: &Client, _: &Url) -> Result<Credential, LoginError> {
        Ok(Credential::none())
    }

    fn signed_out(&self, _: &Response) -> Option<String> {
        None
    }

    fn is_renewable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_no_key_and_signs_nobody_in() {
        let settings: NoLoginSettings = toml::from_str("").unwrap();
        assert_eq!((settings.kind(), settings.check()), ("none", vec![]));
        assert!(!settings.login().unwrap().is_renewable());
        assert!(toml::from_str::<NoLoginSettings>("username = 'monitor'").is_err());
    }
}
