//! The notifier of a mail channel: renders a mail and hands it to the server or the folder.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lettre::message::Mailbox;
use monitor_domain::Language;

use super::folder;
use super::mailbox::mailbox;
use super::message::{self, Letterhead};
use super::pool::Pool;
use crate::{Failure, Limits, Mail, Notification, Notifier, Preview, Templates};

/// A mail channel.
pub(super) struct Smtp {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
    pub(super) language: Language,
    pub(super) limits: Limits,
    pub(super) templates: Arc<Templates>,
    pub(super) transport: Transport,
    pub(super) shows_chart: bool,
}

/// Where its mails go.
pub(super) enum Transport {
    Server(Arc<Pool>),
    Folder(PathBuf),
}

impl Smtp {
    /// The mail, written on a thread that may be busy: for its picture that is tens of milliseconds, in which a storm of mails would
    /// keep all that runs beside them waiting.
    async fn written(&self, notification: &Notification) -> Result<Mail, String> {
        let (templates, language) = (Arc::clone(&self.templates), self.language);
        let notification = notification.clone();
        tokio::task::spawn_blocking(move || templates.mail(&notification, language))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Notifier for Smtp {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn recipients(&self) -> Vec<String> {
        self.to.iter().map(|one| one.email.to_string()).collect()
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn shows_chart(&self) -> bool {
        self.shows_chart
    }

    async fn send(&self, notification: &Notification, recipient: &str) -> Result<(), Failure> {
        let recipient = mailbox(recipient).map_err(Failure::permanent)?;
        let mail = self
            .written(notification)
            .await
            .map_err(|error| Failure::transient(format!("the mail could not be written: {error}")))?;
        let head = Letterhead {
            from: &self.from,
            recipient: &recipient,
            everybody: &self.to,
            language: self.language,
        };
        let bytes = message::compose(&head, &mail, notification)
            .map_err(|error| Failure::transient(format!("the mail could not be written: {error}")))?;
        let address = recipient.email.to_string();
        match &self.transport {
            Transport::Server(pool) => pool.deliver(&self.from.email, &recipient.email, &bytes).await?,
            Transport::Folder(dir) => folder::write(dir, notification, &address, bytes).await?,
        }
        log::info!(channel = self.name.as_str(), recipient = address.as_str(), id = notification.id.as_str(); "mail sent");
        Ok(())
    }

    fn preview(
        &self,
        notification: &Notification,
        language: Option<Language>,
    ) -> Result<Option<Preview>, Failure> {
        let mail = self
            .templates
            .mail(notification, language.unwrap_or(self.language))
            .map_err(|error| Failure::permanent(error.to_string()))?;
        let mut html = mail.html;
        if let Some(picture) = mail.chart {
            let data = BASE64_STANDARD.encode(picture.png);
            html = html.replace(
                &format!("cid:{}", picture.cid),
                &format!("data:image/png;base64,{data}"),
            );
        }
        Ok(Some(Preview {
            title: mail.subject,
            text: mail.text,
            html: Some(html),
        }))
    }

    async fn probe(&self) -> Result<(), Failure> {
        match &self.transport {
            Transport::Server(pool) => pool.probe().await,
            Transport::Folder(dir) => folder::probe(dir).await,
        }
    }
}
