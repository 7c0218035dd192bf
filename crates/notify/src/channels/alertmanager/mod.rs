//! Prometheus's Alertmanager, by its API of version 2 (github.com/prometheus/alertmanager, api/v2/openapi.yaml). It takes an alert to be over
//! at the `endsAt` that its client gives, so what fires is sent again before that.

mod alert;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use monitor_domain::Language;
use monitor_requests::{Request, Secret, Url};
use serde_json::Value;

use super::http::HttpClient;
use crate::templates::ChatTemplate;
use crate::{Failure, Limits, Notification, Notifier};

pub(super) use settings::AlertmanagerSettings;

/// Time between two restatements of what fires. An alert survives four that fail.
const RESTATE_EVERY: Duration = Duration::from_secs(60);

/// One channel.
struct Alertmanager {
    name: String,
    limits: Limits,
    language: Language,
    client: HttpClient,
    /// Where alerts are posted to.
    url: Url,
    account: Account,
    labels: BTreeMap<String, String>,
    words: ChatTemplate,
}

/// Who calls.
enum Account {
    Nobody,
    Basic(String, Secret),
    Bearer(Secret),
}

impl Alertmanager {
    fn alert(&self, notification: &Notification) -> Value {
        let words = self.words.body_fields(notification, self.language);
        let summary = words.get("headline").and_then(Value::as_str).unwrap_or_default();
        alert::alert(notification, &self.labels, summary, self.client.clock().wall())
    }

    async fn post(&self, alerts: Vec<Value>) -> Result<(), Failure> {
        let request = Request::post(self.url.clone()).json(&alerts);
        let request = match &self.account {
            Account::Nobody => request,
            Account::Basic(user, password) => request.basic(user, password),
            Account::Bearer(token) => request.bearer(token),
        };
        let response = self.client.send(request).await?;
        if response.is_html() {
            return Err(Failure::transient(
                "answered with a web page, as a proxy or a sign-in does: see whether url is right",
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl Notifier for Alertmanager {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        <AlertmanagerSettings as crate::ChannelKind>::NAME
    }

    fn recipients(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, notification: &Notification, _: &str) -> Result<(), Failure> {
        self.post(vec![self.alert(notification)]).await
    }

    fn restate_every(&self) -> Option<Duration> {
        Some(RESTATE_EVERY)
    }

    async fn restate(&self, alerts: &[Notification]) -> Result<(), Failure> {
        self.post(alerts.iter().map(|one| self.alert(one)).collect())
            .await
    }

    async fn probe(&self) -> Result<(), Failure> {
        self.client.reach().await
    }
}

/// A channel, ready.
fn shared(alertmanager: Alertmanager) -> Arc<dyn Notifier> {
    Arc::new(alertmanager)
}
