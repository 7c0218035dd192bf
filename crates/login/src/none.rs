//! `none`: a system that asks nobody who they are.

use async_trait::async_trait;
use monitor_requests::{Client, Response, Url};

use crate::{Credential, Login, LoginError};

/// No login at all: calls go as they are, and every answer is an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLogin;

#[async_trait]
impl Login for NoLogin {
    fn kind(&self) -> &'static str {
        "none"
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
