//! How a token is sent: in which header, and after which word.

use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, TRANSFER_ENCODING,
};
use monitor_domain::Finding;
use monitor_requests::{HeaderName, HeaderValue, Secret};

use crate::LoginError;
use crate::session::Credential;

/// Headers that the client writes, or that would change how the request is read.
const NOT_FOR_TOKENS: [HeaderName; 6] = [
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    COOKIE,
    HOST,
    TRANSFER_ENCODING,
];

/// Where a token goes: `header: scheme token`.
#[derive(Clone, Debug)]
pub(super) struct TokenHeader {
    name: HeaderName,
    scheme: String,
}

impl TokenHeader {
    /// `Authorization: Bearer …` by default; in another header the token stands alone.
    ///
    /// # Errors
    /// Which of `header` and `scheme` is wrong.
    pub(super) fn new(header: Option<&str>, scheme: Option<&str>) -> Result<TokenHeader, Finding> {
        let name = match header {
            None => AUTHORIZATION,
            Some(header) => HeaderName::from_bytes(header.as_bytes())
                .map_err(|_| Finding::new("header", "not the name of a header, such as \"X-Api-Key\""))?,
        };
        if NOT_FOR_TOKENS.contains(&name) {
            let message = format!("a token cannot go in {name}; give a header such as \"X-Api-Key\"");
            return Err(Finding::new("header", message));
        }
        let default = if name == AUTHORIZATION { "Bearer" } else { "" };
        let scheme = scheme.unwrap_or(default).to_owned();
        if HeaderValue::from_str(&scheme).is_err() {
            return Err(Finding::new("scheme", "has characters that no header may have"));
        }
        Ok(TokenHeader { name, scheme })
    }

    /// What is sent with every call.
    ///
    /// # Errors
    /// [`LoginError::BadAnswer`] for a token that no header may hold.
    pub(super) fn credential(
        &self,
        token: &Secret,
        life: Option<Duration>,
    ) -> Result<Credential, LoginError> {
        Credential::token(self.name.clone(), &self.scheme, token, life)
    }
}
