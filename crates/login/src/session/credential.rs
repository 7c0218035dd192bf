//! What a sign-in brings: the proof that is sent along with every call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use monitor_requests::{Bytes, HeaderMap, HeaderName, HeaderValue, Response, Secret};

use crate::LoginError;
use crate::cookies::CookieJar;

/// What is shorter is no secret, and would be found in many a word.
const LEAST_MASKED: usize = 6;

/// A session's proof. `Debug` shows the names of headers and cookies, no value.
#[derive(Clone, Default)]
pub struct Credential {
    /// Headers for every call, such as `Authorization`; marked sensitive.
    pub headers: HeaderMap,
    /// Cookies for every call; answers may renew them.
    pub cookies: Option<Arc<CookieJar>>,
    /// How long the system said the proof lasts, counted from the sign-in. Where there are cookies, their own lives
    /// count instead.
    pub expires_in: Option<Duration>,
}

impl Credential {
    /// A proof that is needed by nobody.
    pub fn none() -> Credential {
        Credential::default()
    }

    /// `header: scheme token`, or `header: token` for an empty scheme.
    ///
    /// # Errors
    /// [`LoginError::BadAnswer`] for a token that no header may hold.
    pub fn token(
        header: HeaderName,
        scheme: &str,
        token: &Secret,
        expires_in: Option<Duration>,
    ) -> Result<Credential, LoginError> {
        let value = format!("{scheme} {}", token.expose());
        // The error of the conversion says nothing of use.
        let mut value = HeaderValue::from_str(value.trim_start()).map_err(|_| {
            LoginError::BadAnswer("the token has characters that no header may have".to_owned())
        })?;
        value.set_sensitive(true);
        Ok(Credential {
            headers: HeaderMap::from_iter([(header, value)]),
            cookies: None,
            expires_in,
        })
    }

    /// Masks the credential in an answer that repeats it, so that nobody who quotes the answer prints it.
    pub(crate) fn mask(&self, response: &mut Response) {
        let values = self.headers.values().filter_map(|value| value.to_str().ok());
        // A token, without the scheme in front of it.
        let mut secrets: Vec<_> = values
            .filter_map(|value| value.split(' ').next_back())
            .map(Secret::from)
            .collect();
        secrets.extend(self.cookies.iter().flat_map(|jar| jar.values()));
        for secret in secrets
            .iter()
            .map(Secret::expose)
            .filter(|secret| secret.len() >= LEAST_MASKED)
        {
            let text = response.text();
            if text.contains(secret) {
                response.body = Bytes::from(text.replace(secret, "[redacted]"));
            }
        }
    }

    /// These cookies.
    pub fn cookies(jar: CookieJar) -> Credential {
        Credential {
            headers: HeaderMap::new(),
            cookies: Some(Arc::new(jar)),
            expires_in: None,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field(
                "headers",
                &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            )
            .field("cookies", &self.cookies)
            .field("expires_in", &self.expires_in)
            .finish()
    }
}
