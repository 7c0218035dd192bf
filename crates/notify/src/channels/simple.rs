//! The short way to a kind of channel: its keys and how to send, and nothing else.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use monitor_domain::Kind;
use monitor_requests::SecretKey;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{BuildError, ChannelCommon, ChannelSettings, Deps, validate};
use crate::message::Notification;
use crate::notifier::{Failure, Limits, Notifier};

/// A kind of channel whose settings send by themselves. Write [`ChannelKind`](super::ChannelKind) and [`Notifier`] where more
/// is needed, such as checks of its own or a client that is kept.
#[async_trait]
pub trait SimpleChannel: fmt::Debug + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its word in the config.
    const NAME: &'static str;
    /// Its paragraph in the documentation.
    const DOC: &'static str = "";
    /// How fast it may be used, where the config does not say.
    const LIMITS: Limits = Limits {
        per_minute: None,
        per_second: None,
        concurrency: 1,
    };

    /// The keys that hold a secret.
    fn secrets(&self) -> Vec<SecretKey<'_>> {
        Vec::new()
    }

    /// Who reads it; by default it is its own recipient, and sent to once.
    fn recipients(&self) -> Vec<String> {
        vec![String::new()]
    }

    /// Delivers one notification to one recipient, once, as [`Notifier::send`] does.
    ///
    /// # Errors
    /// [`Failure`], which says whether trying again can help.
    async fn send(&self, notification: &Notification, recipient: &str) -> Result<(), Failure>;

    /// Opens the channel as far as it goes without sending anything; by default there is nothing to open.
    ///
    /// # Errors
    /// [`Failure`], as of `send`.
    async fn probe(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// The entry of such a kind in a list of kinds.
pub const fn simple_kind<K: SimpleChannel>() -> Kind<dyn ChannelSettings> {
    Kind {
        name: K::NAME,
        doc: K::DOC,
        schema: K::json_schema,
        read: |table| Ok(Arc::new(Simple(Arc::new(K::deserialize(table)?)))),
    }
}

#[derive(Debug)]
struct Simple<K>(Arc<K>);

impl<K: SimpleChannel> ChannelSettings for Simple<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.0.secrets()
    }

    fn build(&self, name: &str, common: &ChannelCommon, _: &Deps) -> Result<Arc<dyn Notifier>, BuildError> {
        validate(name, self, common)?;
        Ok(Arc::new(Built {
            name: name.to_owned(),
            limits: common.limits(K::LIMITS),
            channel: Arc::clone(&self.0),
        }))
    }
}

struct Built<K> {
    name: String,
    limits: Limits,
    channel: Arc<K>,
}

#[async_trait]
impl<K: SimpleChannel> Notifier for Built<K> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn recipients(&self) -> Vec<String> {
        self.channel.recipients()
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, notification: &Notification, recipient: &str) -> Result<(), Failure> {
        self.channel.send(notification, recipient).await
    }

    async fn probe(&self) -> Result<(), Failure> {
        self.channel.probe().await
    }
}
