//! The trait that each kind of login implements.

use async_trait::async_trait;
use monitor_requests::{Client, Response, Url};

use super::{Credential, SignedOutRules};
use crate::LoginError;
use crate::error::CREDENTIALS;

/// One way to sign in. It only ever signs in once and says how that went; the session around it decides when.
#[async_trait]
pub trait Login: Send + Sync {
    /// The `kind` in the config.
    fn kind(&self) -> &'static str;

    /// Signs in to the system at `base`.
    ///
    /// # Errors
    /// [`LoginError::Refused`] only where the credentials are wrong: it keeps the account from being used for long.
    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError>;

    /// What is to be checked where it is refused, by its keys in the config.
    fn credentials(&self) -> &'static str {
        CREDENTIALS
    }

    /// Whether an answer is one that somebody gets who is not signed in, and why.
    ///
    /// A 403 and a page where JSON was due are judged by the session, which knows more.
    fn signed_out(&self, response: &Response) -> Option<String> {
        SignedOutRules::default().judge(response)
    }

    /// Whether signing in again can bring another credential. Without that, a signed-out answer is an answer like any other.
    fn is_renewable(&self) -> bool {
        true
    }

    /// Whether a sign-in shows that the credentials are good. Where nothing is sent to sign in (a user and password, or a fixed
    /// token, that go along with every call), calls show it: until one was answered well they go one at a time.
    fn proves(&self) -> bool {
        true
    }
}
