//! The short way to a kind of system: its keys and how to sign in, and nothing else.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use monitor_domain::{Finding, Kind};
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

    /// Everything that is wrong with the keys and that types cannot express. No secret is read.
    fn check(&self) -> Vec<Finding> {
        Vec::new()
    }

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

/// The settings of a system of such a kind, where no config file is read.
pub fn simple<K: SimpleLogin>(keys: K) -> impl LoginSettings {
    Simple(Arc::new(keys))
}

#[derive(Debug)]
struct Simple<K>(Arc<K>);

impl<K: SimpleLogin> LoginSettings for Simple<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn check(&self) -> Vec<Finding> {
        self.0.check()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, JsonSchema)]
    struct Gate {
        number: u32,
    }

    #[async_trait]
    impl SimpleLogin for Gate {
        const NAME: &'static str = "gate";

        fn check(&self) -> Vec<Finding> {
            let number = (self.number == 0).then(|| Finding::new("number", "counts from 1"));
            number.into_iter().collect()
        }

        async fn sign_in(&self, _: &Client, _: &Url) -> Result<Credential, LoginError> {
            Ok(Credential::none())
        }
    }

    #[test]
    fn what_its_check_refuses_is_not_built() {
        assert_eq!(simple(Gate { number: 0 }).check().len(), 1);
        let error = simple(Gate { number: 0 }).login().err().unwrap();
        assert_eq!(error.to_string(), "number: counts from 1");
        assert!(simple(Gate { number: 1 }).login().is_ok());
    }
}
