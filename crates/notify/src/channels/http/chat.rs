//! The short way to a chat's robot or a service like it: its keys, its request, and what its answers mean.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use monitor_domain::{Finding, Kind, Language};
use monitor_requests::{Request, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::client::{self, HttpClient};
use super::codes::NamedSecret;
use super::settings::{HttpSettings, OverHttp};
use crate::channels::{BuildError, ChannelCommon, ChannelSettings, Deps, validate};
use crate::message::Notification;
use crate::notifier::{Failure, Limits, Notifier, Preview};
use crate::templates::{ChatTemplate, ChatText, Form};

/// A kind of channel that posts a rendered text to one address. Its settings are its own keys; those of
/// [`HttpSettings`] are read beside them, and what is here says how they are used.
pub trait ChatKind: fmt::Debug + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its word in the config.
    const NAME: &'static str;
    /// Its paragraph in the documentation; the first `toml` block is a whole channel.
    const DOC: &'static str;
    /// How fast the service takes messages.
    const LIMITS: Limits;

    /// How the service reads messages.
    fn form(&self) -> Form;

    /// The address that messages are posted to.
    fn url(&self) -> &SecretSource;

    /// The keys that hold a secret, those that are set; by default the address alone.
    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey::new("url", self.url())]
    }

    /// Parts of the `secrets` of its keys that must be shown nowhere by themselves either.
    fn secret_parts(&self, _secrets: &[Secret]) -> Vec<Secret> {
        Vec::new()
    }

    /// What is wrong with its own keys.
    fn check(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// Who reads it; by default the address is its own recipient.
    fn recipients(&self) -> Vec<String> {
        vec![String::new()]
    }

    /// The request that sends a message.
    fn request(&self, post: &Post<'_>) -> Request;

    /// What people read, where that is not the text that the template writes.
    fn preview(&self, post: &Post<'_>) -> Preview {
        Preview {
            title: post.text.title.clone(),
            text: post.text.body.clone(),
            html: None,
        }
    }

    /// What an answer whose status is none of success means, where the service says more than the status does.
    fn refusal(&self, _response: &Response) -> Option<Failure> {
        None
    }

    /// Whether an answer of success says that the message was taken.
    ///
    /// # Errors
    /// [`Failure`] with the service's words.
    fn judge(&self, response: &Response) -> Result<(), Failure>;
}

/// One message on its way.
#[derive(Debug)]
pub struct Post<'a> {
    /// The address of the channel.
    pub url: Url,
    /// What happened.
    pub notification: &'a Notification,
    /// Who gets it.
    pub recipient: &'a str,
    /// What it says, in the service's markup.
    pub text: ChatText,
    /// What it is made from, by name and in words, as [`ChatTemplate::fields`] has it.
    pub fields: Map<String, Value>,
    /// The language it is in.
    pub language: Language,
    /// When it is sent.
    pub now: DateTime<Utc>,
    secrets: &'a [NamedSecret],
}

impl Post<'_> {
    /// The secret of a key, if that is set.
    pub fn secret(&self, key: &str) -> Option<&Secret> {
        let mut all = self.secrets.iter();
        all.find(|(name, _)| *name == key).map(|(_, secret)| secret)
    }
}

/// The entry of such a kind in a list of kinds.
pub const fn chat_kind<K: ChatKind>() -> Kind<dyn ChannelSettings> {
    Kind {
        name: K::NAME,
        doc: K::DOC,
        schema: OverHttp::<K>::json_schema,
        read: |table| Ok(Arc::new(Chat::<K>::from(OverHttp::deserialize(table)?))),
    }
}

#[derive(Debug)]
struct Chat<K> {
    own: Arc<K>,
    http: HttpSettings,
}

impl<K> From<OverHttp<K>> for Chat<K> {
    fn from(OverHttp { own, http }: OverHttp<K>) -> Chat<K> {
        Chat {
            own: Arc::new(own),
            http,
        }
    }
}

impl<K: ChatKind> ChannelSettings for Chat<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = client::check(self.own.url(), &self.http);
        findings.extend(self.own.check());
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.own.secrets()
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        self.http.files()
    }

    fn build(
        &self,
        name: &str,
        common: &ChannelCommon,
        deps: &Deps,
    ) -> Result<Arc<dyn Notifier>, BuildError> {
        validate(name, self, common)?;
        let own = self
            .own
            .secrets()
            .into_iter()
            .filter(|secret| secret.key != "url");
        let secrets: Vec<NamedSecret> = own
            .map(|secret| Ok((secret.key, BuildError::resolve(name, secret.key, secret.source)?)))
            .collect::<Result<_, BuildError>>()?;
        let mut masked: Vec<Secret> = secrets.iter().map(|(_, secret)| secret.clone()).collect();
        masked.extend(self.own.secret_parts(&masked));
        let template = deps.templates.chat(self.own.form()).map_err(|error| {
            BuildError::setting(
                name,
                Finding::new("kind", format!("its template cannot be used: {error}")),
            )
        })?;
        Ok(Arc::new(Built {
            client: HttpClient::new(name, self.own.url(), &self.http, masked, deps)?,
            name: name.to_owned(),
            limits: common.limits(K::LIMITS),
            language: common.language(deps),
            kind: Arc::clone(&self.own),
            template,
            secrets,
        }))
    }
}

struct Built<K> {
    name: String,
    limits: Limits,
    language: Language,
    kind: Arc<K>,
    client: HttpClient,
    template: ChatTemplate,
    secrets: Vec<NamedSecret>,
}

impl<K: ChatKind> Built<K> {
    fn post<'a>(
        &'a self,
        notification: &'a Notification,
        recipient: &'a str,
        language: Language,
    ) -> Result<Post<'a>, Failure> {
        let text = self
            .template
            .render(notification, language)
            .map_err(|error| Failure::permanent(error.to_string()))?;
        Ok(Post {
            url: self.client.url(),
            now: self.client.clock().wall(),
            language,
            secrets: &self.secrets,
            fields: self.template.fields(notification, language),
            notification,
            recipient,
            text,
        })
    }
}

#[async_trait]
impl<K: ChatKind> Notifier for Built<K> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn recipients(&self) -> Vec<String> {
        self.kind.recipients()
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, notification: &Notification, recipient: &str) -> Result<(), Failure> {
        let request = self
            .kind
            .request(&self.post(notification, recipient, self.language)?);
        let response = self.client.answer(request).await?;
        let own = match response.status.is_success() {
            true => None,
            false => self.kind.refusal(&response),
        };
        match HttpClient::success(response) {
            Ok(response) => self.kind.judge(&response),
            Err(by_status) => {
                let pause = by_status.retry_after();
                Err(own.map_or(by_status, |own| own.after(pause)))
            }
        }
    }

    fn preview(
        &self,
        notification: &Notification,
        language: Option<Language>,
    ) -> Result<Option<Preview>, Failure> {
        let post = self.post(notification, "", language.unwrap_or(self.language))?;
        Ok(Some(self.kind.preview(&post)))
    }

    async fn probe(&self) -> Result<(), Failure> {
        self.client.reach().await
    }
}
