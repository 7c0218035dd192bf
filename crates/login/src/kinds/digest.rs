//! `digest`: each call proves that the password is known, without sending it (RFC 7616).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http_auth::digest::DigestClient;
use http_auth::{PasswordParams, parse_challenges};
use monitor_domain::Finding;
use monitor_requests::{Client, HeaderValue, Request, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{LoginKind, LoginSettings, account, validate};
use crate::session::{Authorizer, Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

/// The keys of `kind = "digest"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestSettings {
    /// The account's name.
    #[schemars(required)]
    pub username: Option<String>,
    /// The account's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub password: Option<SecretSource>,
    /// What wrong credentials are answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401,
    /// or a redirect to `/login`.
    pub signed_out: Option<SignedOutSettings>,
}

impl LoginKind for DigestSettings {
    const NAME: &'static str = "digest";
    const DOC: &'static str = r#"Each call proves that the password is known, without sending it (HTTP Digest, RFC 7616: MD5, SHA-256, SHA-512-256).

```toml
[systems.camera]
kind = "digest"
base_url = "http://camera.example"
username = "monitor"
password = { env = "CAMERA_PASSWORD" }
```

The first call fetches the server's challenge and is made again; later ones use it until the server gives another. As with
`basic`, calls go one at a time until the password is known to be good, and a wrong one is tried 1, 3, 9, 27, 60 minutes later.
"#;
}

impl LoginSettings for DigestSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        account::check(
            self.username.as_deref(),
            self.password.as_ref(),
            None,
            self.signed_out.as_ref(),
        )
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        account::secrets(self.password.as_ref())
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        Ok(Arc::new(Digest {
            authorizer: Arc::new(DigestAuthorizer {
                username: self.username.clone().unwrap_or_default(),
                password: account::password(self.password.as_ref())?,
                challenge: Mutex::default(),
            }),
            signed_out: SignedOutRules::new(self.signed_out.as_ref(), "/login"),
        }))
    }
}

struct Digest {
    authorizer: Arc<DigestAuthorizer>,
    signed_out: SignedOutRules,
}

#[async_trait]
impl Login for Digest {
    fn kind(&self) -> &'static str {
        DigestSettings::NAME
    }

    async fn sign_in(&self, _: &Client, _: &Url) -> Result<Credential, LoginError> {
        // After a refusal the next try begins with a challenge of its own.
        *self.authorizer.lock() = None;
        Ok(Credential {
            authorizer: Some(self.authorizer.clone()),
            ..Credential::none()
        })
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }

    fn proves(&self) -> bool {
        false
    }
}

struct DigestAuthorizer {
    username: String,
    password: Secret,
    challenge: Mutex<Option<Challenge>>,
}

/// The server's last challenge.
struct Challenge {
    /// It counts how often it was used.
    digest: DigestClient,
    /// An answer to it was taken.
    is_met: bool,
}

impl DigestAuthorizer {
    fn lock(&self) -> MutexGuard<'_, Option<Challenge>> {
        // A challenge is replaced whole.
        self.challenge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authorizer for DigestAuthorizer {
    fn authorize(&self, request: &mut Request) {
        let mut challenge = self.lock();
        let Some(held) = challenge.as_mut() else { return };
        let url = &request.url;
        // As the request line has it.
        let uri = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        let proof = held.digest.respond(&PasswordParams {
            username: &self.username,
            password: self.password.expose(),
            uri: &uri,
            method: request.method.as_str(),
            body: Some(request.body.as_deref().unwrap_or_default()),
        });
        match proof.ok().and_then(|proof| HeaderValue::from_str(&proof).ok()) {
            Some(mut value) => {
                value.set_sensitive(true);
                request.headers.insert(AUTHORIZATION, value);
            }
            // Its count is used up, or it wants what is not known: the next answer brings another.
            None => *challenge = None,
        }
    }

    fn is_challenged(&self, response: &Response) -> bool {
        let mut held = self.lock();
        if response.status != StatusCode::UNAUTHORIZED {
            if let Some(held) = held.as_mut().filter(|_| !response.status.is_server_error()) {
                held.is_met = true;
            }
            return false;
        }
        let Some(new) = challenge(response) else {
            return false;
        };
        // One that was answered already and is not called stale means that the password is wrong (RFC 7616, 3.3); unless the
        // password was good with it before, as where a server forgets its nonces and does not say so.
        let is_refusal = held
            .as_ref()
            .is_some_and(|old| old.digest.nonce_count() > 0 && !old.is_met);
        let again = !is_refusal || new.stale();
        *held = Some(Challenge {
            digest: new,
            is_met: false,
        });
        again
    }
}

/// The strongest digest challenge of an answer.
fn challenge(response: &Response) -> Option<DigestClient> {
    let lines = response.headers.get_all(WWW_AUTHENTICATE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let parsed = lines.filter_map(|line| parse_challenges(line).ok()).flatten();
    let digests = parsed.filter(|challenge| challenge.scheme.eq_ignore_ascii_case("digest"));
    // A client takes the first one that it supports: the server lists them in its order of preference (RFC 7616, 3.7).
    digests
        .filter_map(|challenge| DigestClient::try_from(&challenge).ok())
        .next()
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}
