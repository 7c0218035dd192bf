//! The short way to a kind of system: its keys and how to sign in, and nothing else.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use monitor_domain::Kind;
use monitor_requests::{Client, SecretKey, Url};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{LoginSettings, validate};
use crate::BuildError;
use crate::LoginError;
use crate::session::{Credential, Login};

/// A kind of system whose settings sign in by themselves. Write [`LoginKind`](super::LoginKind) and
/// [`Login`] where more is needed, such as checks of its own or another idea of what a lost session is.
#[async_trait]
pub trait SimpleLogin: fmt::Debug + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its word in the config.
    const NAME: &'static str;
    /// Its paragraph in the documentation.
    const DOC: &'static str = "";

    /// The keys that hold a secret.
    fn secrets(&self) -> Vec<SecretKey<'_>> {
        Vec::new()
    }

    /// Signs in to the system at `base`, as [`Login::sign_in`] does.
    ///
    /// # Errors
    /// [`LoginError::Refused`] only where the credentials are wrong.
    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError>;
}

/// The entry of such a kind in a list of kinds.
pub const fn simple_kind<K: SimpleLogin>() -> Kind<dyn LoginSettings> {
    Kind {
        name: K::NAME,
        doc: K::DOC,
        schema: K::json_schema,
        read: |table| Ok(Arc::new(Simple(Arc::new(K::deserialize(table)?)))),
    }
}

#[derive(Debug)]
struct Simple<K>(Arc<K>);

impl<K: SimpleLogin> LoginSettings for Simple<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.0.secrets()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        Ok(Arc::new(Simple(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl<K: SimpleLogin> Login for Simple<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        self.0.sign_in(client, base).await
    }
}
