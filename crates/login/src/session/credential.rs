//! What a sign-in brings: the proof that is sent along with every call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use monitor_requests::{HeaderMap, HeaderName, HeaderValue, Secret};

use super::Authorizer;
use crate::LoginError;
use crate::cookies::CookieJar;

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
    /// What makes a proof for each request by itself.
    pub authorizer: Option<Arc<dyn Authorizer>>,
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
            expires_in,
            ..Credential::default()
        })
    }

    /// What of it must not be shown where an answer repeats it: also what was not sent with that call.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let values = self.headers.values().filter_map(|value| value.to_str().ok());
        // A token, without the scheme in front of it.
        let tokens = values.filter_map(|value| value.split(' ').next_back());
        let cookies = self.cookies.iter().flat_map(|jar| jar.values());
        tokens.map(Secret::from).chain(cookies).collect()
    }

    /// These cookies.
    pub fn cookies(jar: CookieJar) -> Credential {
        Credential {
            cookies: Some(Arc::new(jar)),
            ..Credential::default()
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
