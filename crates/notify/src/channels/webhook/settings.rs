//! The keys of the kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method};
use monitor_domain::Finding;
use monitor_requests::{BodyRule, BodySettings, Secret, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Webhook;
use crate::channels::http::{HttpClient, OverHttp, check};
use crate::channels::{BuildError, ChannelCommon, ChannelKind, ChannelSettings, Deps, validate};
use crate::templates::{BodyTemplate, Form};
use crate::{Limits, Notifier};

const LIMITS: Limits = Limits {
    per_minute: None,
    per_second: None,
    concurrency: 4,
};

/// Those that the program writes.
const OWN_HEADERS: [&str; 8] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "te",
    "transfer-encoding",
    "x-monitor-signature",
];

/// What is wrong with a line break, and the like.
const NO_VALUE: &str = "has characters that no header may have";

/// Further headers of a request.
pub(super) type Headers = Vec<(HeaderName, HeaderValue)>;

/// The keys of `kind = "webhook"`.
pub(in crate::channels) type WebhookSettings = OverHttp<WebhookKeys>;

/// Those that are its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::channels) struct WebhookKeys {
    /// The address that is called. It may be a secret.
    url: SecretSource,
    /// `"POST"`, `"PUT"` or `"PATCH"`. Default `"POST"`.
    #[serde(default = "post")]
    method: String,
    /// Further headers; a value may be a secret: `{ Authorization = { env = "HOOK_TOKEN" } }`.
    #[serde(default)]
    headers: BTreeMap<String, SecretSource>,
    /// The body, a template over the fields of the JSON below. What it writes is escaped for `content_type`: `"{{ text }}"` stays a
    /// string of JSON whatever the text is, and `{{ value | json }}` is any value as JSON. Default: the JSON below.
    body: Option<String>,
    /// What the body is. Default `"application/json"`.
    #[serde(default = "json")]
    content_type: String,
    /// What requests are signed with, in the header `X-Monitor-Signature`. Default: they are not.
    secret: Option<SecretSource>,
    /// What the JSON of an answer has to say, such as `{ path = "$.code", equals = [0] }`. Default: any status of success will do.
    ok: Option<BodySettings>,
}

fn post() -> String {
    "POST".to_owned()
}

fn json() -> String {
    "application/json".to_owned()
}

impl ChannelKind for WebhookSettings {
    const NAME: &'static str = "webhook";
    const DOC: &'static str = include_str!("doc.md");
}

impl WebhookKeys {
    fn method(&self) -> Result<Method, Finding> {
        match self.method.as_str() {
            "POST" => Ok(Method::POST),
            "PUT" => Ok(Method::PUT),
            "PATCH" => Ok(Method::PATCH),
            other => Err(Finding::new(
                "method",
                format!("{other:?} sends no body: there are \"POST\", \"PUT\" and \"PATCH\""),
            )),
        }
    }

    fn template(&self) -> Result<Option<BodyTemplate>, Finding> {
        let compile = |text: &String| {
            BodyTemplate::new(text, &self.content_type).map_err(|why| Finding::new("body", why))
        };
        self.body.as_ref().map(compile).transpose()
    }

    fn rule(&self) -> Result<Option<BodyRule>, Finding> {
        self.ok.as_ref().map(|ok| ok.compile("ok")).transpose()
    }

    /// The values of the headers, with their secrets.
    fn header_values(&self, name: &str) -> Result<(Headers, Vec<Secret>), BuildError> {
        let (mut headers, mut secrets) = (Vec::new(), Vec::new());
        for (key, source) in &self.headers {
            let secret = BuildError::resolve(name, "headers", source)?;
            let setting =
                |why: &str| BuildError::setting(name, Finding::new(format!("headers.{key}"), why.to_owned()));
            let header = key.parse().map_err(|_| setting("is no name of a header"))?;
            let value = HeaderValue::from_str(secret.expose()).map_err(|_| setting(NO_VALUE))?;
            headers.push((header, value));
            secrets.push(secret);
        }
        Ok((headers, secrets))
    }
}

impl ChannelSettings for WebhookSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = check(&self.url, &self.http);
        findings.extend(self.method().err());
        findings.extend(self.template().err());
        findings.extend(self.rule().err());
        if HeaderValue::from_str(&self.content_type).is_err() || self.content_type.trim().is_empty() {
            findings.push(Finding::new(
                "content_type",
                "is none; such as \"application/json\"",
            ));
        }
        for (name, value) in &self.headers {
            let message = match name.parse::<HeaderName>() {
                Err(_) => "is no name of a header",
                Ok(header) if header == "content-type" => "set content_type instead",
                Ok(header) if OWN_HEADERS.contains(&header.as_str()) => "the program writes it",
                Ok(_) => match value {
                    SecretSource::Plain(value) if HeaderValue::from_str(value.expose()).is_err() => NO_VALUE,
                    _ => continue,
                },
            };
            findings.push(Finding::new(format!("headers.{name}"), message));
        }
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let headers = self.headers.values().filter(|value| !value.is_plain());
        let headers = headers.map(|source| SecretKey::new("headers", source));
        let secret = self
            .secret
            .as_ref()
            .map(|source| SecretKey::new("secret", source));
        [SecretKey::new("url", &self.url)]
            .into_iter()
            .chain(secret)
            .chain(headers)
            .collect()
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
        let setting = |finding| BuildError::setting(name, finding);
        let secret = self.secret.as_ref();
        let secret = secret
            .map(|source| BuildError::resolve(name, "secret", source))
            .transpose()?;
        let (headers, mut secrets) = self.header_values(name)?;
        secrets.extend(secret.clone());
        let words = deps.templates.chat(Form::text("webhook.txt"));
        let words = words.map_err(|error| setting(Finding::new("kind", error.to_string())))?;
        Ok(super::shared(Webhook {
            name: name.to_owned(),
            limits: common.limits(LIMITS),
            language: common.language(deps),
            client: HttpClient::new(name, &self.url, &self.http, secrets, deps)?,
            method: self.method().map_err(setting)?,
            headers,
            content_type: self.content_type.clone(),
            body: self.template().map_err(setting)?,
            words,
            secret,
            ok: self.rule().map_err(setting)?,
        }))
    }
}
