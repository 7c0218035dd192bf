//! The configuration of a client: the `[requests]` section of the config, and everything a single client has besides.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::Finding;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Secret, Signer, transport};

/// More attempts than this are a mistake: the back-off would hold a call up for many minutes.
const MAX_RETRIES: u32 = 20;

/// The section `[requests]`: defaults for every outgoing call; a system or channel may override them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestsSettings {
    /// How long one attempt may take from its start to the last byte of the body. Default 5 s.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// How long of that finding, connecting to and agreeing on TLS with the host may take. Default 3 s.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// Attempts after the first one. Default 3.
    pub retries: u32,
    /// The largest body that is read, in bytes after decompression. Default 1 MiB.
    pub max_body: u64,
}

impl Default for RequestsSettings {
    fn default() -> RequestsSettings {
        RequestsSettings {
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            retries: 3,
            max_body: 1024 * 1024,
        }
    }
}

impl RequestsSettings {
    /// What makes no sense in these values: the key and what to write instead.
    pub fn check(&self) -> Vec<Finding> {
        let mut wrong = Vec::new();
        if self.timeout.is_zero() {
            wrong.push(Finding::new("timeout", "must be more than zero, like \"5s\""));
        }
        if self.connect_timeout.is_zero() {
            wrong.push(Finding::new(
                "connect_timeout",
                "must be more than zero, like \"3s\"",
            ));
        }
        if self.retries > MAX_RETRIES {
            wrong.push(Finding::new("retries", format!("must be at most {MAX_RETRIES}")));
        }
        if self.max_body == 0 {
            wrong.push(Finding::new(
                "max_body",
                "must be more than zero (bytes), like 1048576",
            ));
        }
        wrong
    }
}

/// All that one [`Client`](crate::Client) needs.
#[derive(Clone)]
pub struct ClientConfig {
    /// As [`RequestsSettings::timeout`].
    pub timeout: Duration,
    /// As [`RequestsSettings::connect_timeout`].
    pub connect_timeout: Duration,
    /// As [`RequestsSettings::retries`].
    pub retries: u32,
    /// As [`RequestsSettings::max_body`].
    pub max_body: u64,
    /// A PEM file of CA certificates to trust besides those of the platform.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the certificate (and its chain) that this client shows.
    pub client_cert: Option<PathBuf>,
    /// A PEM file with the key of `client_cert`; may be left out where that file holds both.
    pub client_key: Option<PathBuf>,
    /// The proxy for all requests, like `http://proxy.example:3128`. Without one, the environment's (`HTTPS_PROXY`,
    /// `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), which is never used for a loopback address.
    pub proxy: Option<String>,
    /// Headers for every request that does not set them itself.
    pub headers: BTreeMap<String, String>,
    /// What is secret besides what a request sends: where an answer repeats it, nobody is shown it.
    pub secrets: Vec<Secret>,
    /// What signs each attempt of a request. Default: nothing does.
    pub signer: Option<Arc<dyn Signer>>,
    /// The wait before the first retry is at most this long; it doubles with each further one. Default 100 ms.
    pub backoff_min: Duration,
    /// The wait before any retry is at most this long (but for a `Retry-After`). Default 2 s.
    pub backoff_max: Duration,
    /// After so many failures in a row a host is left alone for `breaker_open`; 0 for never. Default 5.
    pub breaker_failures: u32,
    /// How long a failing host is left alone before one request may try it again. Default 10 s.
    pub breaker_open: Duration,
}

impl ClientConfig {
    /// Everything for which [`Client::new`](crate::Client::new) would refuse it, with the key. Files are read, nothing is sent.
    pub fn check(&self) -> Vec<Finding> {
        transport::check(self)
    }
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig::from(&RequestsSettings::default())
    }
}

impl From<&RequestsSettings> for ClientConfig {
    fn from(settings: &RequestsSettings) -> ClientConfig {
        ClientConfig {
            timeout: settings.timeout,
            connect_timeout: settings.connect_timeout,
            retries: settings.retries,
            max_body: settings.max_body,
            ca_file: None,
            client_cert: None,
            client_key: None,
            proxy: None,
            headers: BTreeMap::new(),
            secrets: Vec::new(),
            signer: None,
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(2),
            breaker_failures: 5,
            breaker_open: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold a password, and a header an API key: say only that they are there.
        f.debug_struct("ClientConfig")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("retries", &self.retries)
            .field("max_body", &self.max_body)
            .field("ca_file", &self.ca_file)
            .field("client_cert", &self.client_cert)
            .field("client_key", &self.client_key)
            .field("proxy", &self.proxy.as_ref().map(|_| "[redacted]"))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("secrets", &self.secrets.len())
            .field("signs", &self.signer.is_some())
            .field("backoff_min", &self.backoff_min)
            .field("backoff_max", &self.backoff_max)
            .field("breaker_failures", &self.breaker_failures)
            .field("breaker_open", &self.breaker_open)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_documented_defaults() {
        let settings: RequestsSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, RequestsSettings::default());
        assert_eq!(
            (settings.timeout, settings.connect_timeout),
            (Duration::from_secs(5), Duration::from_secs(3))
        );
        assert_eq!((settings.retries, settings.max_body), (3, 1_048_576));
        assert!(settings.check().is_empty());
    }

    #[test]
    fn durations_are_written_for_people_and_unknown_keys_refused() {
        let settings: RequestsSettings =
            serde_json::from_str(r#"{"timeout":"1m 500ms","retries":0}"#).unwrap();
        assert_eq!(
            (settings.timeout, settings.retries),
            (Duration::from_millis(60_500), 0)
        );
        let config = ClientConfig::from(&settings);
        assert_eq!((config.timeout, config.retries), (settings.timeout, 0));
        assert!(serde_json::from_str::<RequestsSettings>(r#"{"time_out":"1s"}"#).is_err());
    }

    #[test]
    fn senseless_values_are_named() {
        let settings = RequestsSettings {
            timeout: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            retries: 1_000,
            max_body: 0,
        };
        let keys: Vec<_> = settings.check().into_iter().map(|wrong| wrong.field).collect();
        assert_eq!(keys, ["timeout", "connect_timeout", "retries", "max_body"]);
    }

    #[test]
    fn debug_shows_neither_proxy_nor_header_values() {
        let config = ClientConfig {
            proxy: Some("http://user:hunter2@proxy.example".to_owned()),
            headers: BTreeMap::from([("x-api-key".to_owned(), "hunter3".to_owned())]),
            ..ClientConfig::default()
        };
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("hunter") && shown.contains("x-api-key"),
            "{shown}"
        );
    }
}
