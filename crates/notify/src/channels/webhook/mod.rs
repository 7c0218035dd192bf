//! A request to any address: a documented JSON, or what a template of the config writes; signed where a secret is set.

mod settings;
mod signature;

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, Method};
use monitor_domain::Language;
use monitor_requests::{BodyRule, Bytes, Request, Response, Secret};
use serde_json::Value;

use super::http::HttpClient;
use crate::templates::{BodyTemplate, ChatTemplate, document};
use crate::{Failure, Limits, Notification, Notifier, Preview};

pub(super) use settings::WebhookSettings;

/// What a repeat is recognised by.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-monitor-signature");

/// One channel.
struct Webhook {
    name: String,
    limits: Limits,
    language: Language,
    client: HttpClient,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: String,
    /// The body; without one it is the document.
    body: Option<BodyTemplate>,
    words: ChatTemplate,
    secret: Option<Secret>,
    ok: Option<BodyRule>,
}

impl Webhook {
    fn body(&self, notification: &Notification, language: Language) -> Result<String, Failure> {
        match &self.body {
            None => Ok(Value::Object(document(notification)).to_string()),
            Some(template) => template
                .render(&self.words.body_fields(notification, language))
                .map_err(|error| Failure::transient(format!("the template {error}"))),
        }
    }

    fn request(&self, notification: &Notification) -> Result<Request, Failure> {
        let body = self.body(notification, self.language)?;
        let mut request = Request::new(self.method.clone(), self.client.url());
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        if let Ok(id) = HeaderValue::from_str(&signature::key(&notification.id)) {
            request = request.header(IDEMPOTENCY_KEY, id);
        }
        if let Some(secret) = &self.secret {
            let signature = signature::sign(secret, self.client.clock().wall().timestamp(), &body);
            if let Ok(value) = HeaderValue::from_str(&signature) {
                request = request.header(SIGNATURE, value).dated();
            }
        }
        Ok(request.body(&self.content_type, Bytes::from(body)))
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        match &self.ok {
            Some(rule) => rule
                .check(response)
                .map_err(|why| Failure::transient(format!("not taken: {why}"))),
            None if is_page(response) => Err(Failure::transient(
                "answered with a web page, as a proxy or a sign-in does: see whether url is right, or say with ok what an \
                 answer has to say",
            )),
            None => Ok(()),
        }
    }
}

/// Whether an answer is a page for people. A word that is labelled as one, as simple servers do, is none.
fn is_page(response: &Response) -> bool {
    response.is_html() && response.text().trim_start().starts_with('<')
}

#[async_trait]
impl Notifier for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        <WebhookSettings as crate::ChannelKind>::NAME
    }

    fn recipients(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, notification: &Notification, _: &str) -> Result<(), Failure> {
        let request = self.request(notification)?;
        let response = self.client.send(request).await?;
        self.judge(&response)
    }

    fn preview(
        &self,
        notification: &Notification,
        language: Option<Language>,
    ) -> Result<Option<Preview>, Failure> {
        Ok(Some(Preview {
            title: String::new(),
            text: self.body(notification, language.unwrap_or(self.language))?,
            html: None,
        }))
    }

    async fn probe(&self) -> Result<(), Failure> {
        self.client.reach().await
    }
}

/// A channel, ready.
fn shared(webhook: Webhook) -> Arc<dyn Notifier> {
    Arc::new(webhook)
}
