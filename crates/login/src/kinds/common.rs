//! The keys of a `[systems.NAME]` table that every kind has.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::{ClientConfig, RequestsSettings, SecretKey, Url, server_address};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::session::BodySettings;
use crate::sign::SignSettings;

/// The keys that every kind of system has. `Debug` shows no address, proxy or header value: they may hold secrets.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SystemCommon {
    /// Where the system is, such as `"https://a.example"`, with or without a path; no user, password or query.
    #[schemars(required)]
    pub base_url: Option<String>,
    /// Headers for every call, such as `{ X-Tenant = "t1" }`. Default: none.
    pub headers: BTreeMap<String, String>,
    /// How long one attempt of a call may take. Default `requests.timeout`.
    #[serde(with = "humantime_serde::option")]
    #[schemars(with = "String")]
    pub timeout: Option<Duration>,
    /// Attempts of a call after the first one. Default `requests.retries`.
    pub retries: Option<u32>,
    /// A PEM file of certificate authorities to trust besides the machine's. Default: none.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the certificate that the monitor shows. Default: none.
    pub client_cert: Option<PathBuf>,
    /// A PEM file with the key of `client_cert`. Default: the file of `client_cert`.
    pub client_key: Option<PathBuf>,
    /// The proxy for all calls, such as `"http://proxy.example:3128"`. Default: the environment's.
    pub proxy: Option<String>,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`: for every `fetch`
    /// that reads JSON, `details`, `[alarm]` and sign-in of this system that has no `ok` of its own. Default: any answer with a 2xx status
    /// is good.
    pub ok: Option<BodySettings>,
    /// The signature that a gateway wants with every call, such as `{ key = { env = "GATEWAY_KEY" }, text = "{{ method }}{{ path }}{{ now }}",
    /// header = "X-Signature", add_headers = { X-Timestamp = "{{ now }}" } }`; see below. Default: none.
    pub sign: Option<SignSettings>,
}

impl SystemCommon {
    /// Everything that is wrong with these keys. The files that they name are read.
    pub fn check(&self) -> Vec<Finding> {
        let timeout = self.timeout.filter(Duration::is_zero);
        let timeout = timeout.map(|_| Finding::new("timeout", "must be longer than 0s, such as \"5s\""));
        let ok = self.ok.as_ref().and_then(|ok| ok.compile("ok").err());
        // Timeout and retries are of no account for whether there can be a client.
        let client = self.client(&RequestsSettings::default()).check();
        let base = self.base().err().into_iter();
        let sign = self.sign.iter().flat_map(SignSettings::check);
        base.chain(timeout).chain(ok).chain(client).chain(sign).collect()
    }

    /// The keys that name a file which must be readable, and that file.
    pub fn files(&self) -> Vec<(&'static str, &Path)> {
        let keys = [
            ("ca_file", &self.ca_file),
            ("client_cert", &self.client_cert),
            ("client_key", &self.client_key),
        ];
        let files = keys.into_iter();
        files
            .filter_map(|(key, file)| Some((key, file.as_deref()?)))
            .collect()
    }

    /// The keys that hold a secret, those that are set.
    pub fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.sign.iter().flat_map(SignSettings::secrets).collect()
    }

    /// The base URL, or what is wrong with it.
    pub(super) fn base(&self) -> Result<Url, Finding> {
        let wrong = |message: String| Finding::new("base_url", message);
        let text = self
            .base_url
            .as_deref()
            .ok_or_else(|| wrong("missing; where the system is, such as \"https://a.example\"".to_owned()))?;
        server_address(text).map_err(wrong)
    }

    /// What a client for this system needs, with these defaults.
    pub(super) fn client(&self, defaults: &RequestsSettings) -> ClientConfig {
        ClientConfig {
            timeout: self.timeout.unwrap_or(defaults.timeout),
            retries: self.retries.unwrap_or(defaults.retries),
            ca_file: self.ca_file.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            proxy: self.proxy.clone(),
            headers: self.headers.clone(),
            ..ClientConfig::from(defaults)
        }
    }
}

impl fmt::Debug for SystemCommon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemCommon")
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SystemCommon {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn every_key_is_read_and_no_other_and_no_secret_is_shown() {
        let all = read(
            r#"
            base_url = "https://user:hunter2@shop.example/prefix"
            headers = { Accept = "hunter5" }
            timeout = "7s"
            retries = 1
            ca_file = "/ca.pem"
            client_cert = "/cert.pem"
            client_key = "/key.pem"
            proxy = "http://u:hunter6@proxy.example"
            ok = { present = "$.data" }
            sign = { key = "hunter7", text = "{{ path }}", header = "X-Sign", add_query = { app = "hunter8" } }
            "#,
        );
        assert_eq!(all.timeout, Some(Duration::from_secs(7)));
        let files: Vec<_> = all.files().into_iter().map(|(key, _)| key).collect();
        assert_eq!(files, ["ca_file", "client_cert", "client_key"]);
        let shown = format!("{all:?} {:?}", all.check());
        assert!(!shown.contains("hunter"), "{shown}");
        let keys = monitor_domain::keys_of::<SystemCommon>();
        assert_eq!(keys.len(), 10, "{keys:?}");
        assert!(toml::from_str::<SystemCommon>("base = 'x'").is_err());
        assert_eq!(read(""), SystemCommon::default());
    }

    #[test]
    fn every_mistake_is_found_with_its_key() {
        assert_eq!(read("base_url = 'https://a.example:8443/monitor/'").check(), []);
        for (text, key, says) in [
            ("", "base_url", "missing; where the system is"),
            ("base_url = 'a.example'", "base_url", "not a URL"),
            ("base_url = 'https://'", "base_url", "not a URL"),
            ("base_url = 'ftp://a.example'", "base_url", "must begin with http"),
            (
                "base_url = 'http://u:hunter2@a'",
                "base_url",
                "must not hold a user or password",
            ),
            (
                "base_url = 'http://a/?token=hunter2'",
                "base_url",
                "must not hold a query",
            ),
            (
                "base_url = 'http://a'\ntimeout = '0s'",
                "timeout",
                "must be longer than 0s",
            ),
            (
                "base_url = 'http://a'\nproxy = 'http://u:hunter2@proxy.example:99999'",
                "proxy",
                "must be the address of an HTTP proxy",
            ),
            (
                "base_url = 'http://a'\nheaders = { X-Key = \"hunter2\\n\" }",
                "headers.X-Key",
                "cannot be sent: the value has forbidden characters",
            ),
        ] {
            let findings = read(text).check();
            assert_eq!(findings.len(), 1, "{text}: {findings:?}");
            let finding = &findings[0];
            assert!(
                finding.field == key && finding.message.starts_with(says),
                "{finding}"
            );
            assert!(!finding.message.contains("hunter2"), "{finding}");
        }
    }
}
