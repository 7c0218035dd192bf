//! The keys of the kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use monitor_domain::Finding;
use monitor_requests::{SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::alert::OWN_LABELS;
use super::{Account, Alertmanager};
use crate::channels::http::{HttpClient, OverHttp, check};
use crate::channels::{BuildError, ChannelCommon, ChannelKind, ChannelSettings, Deps, validate};
use crate::templates::Form;
use crate::{Limits, Notifier};

const LIMITS: Limits = Limits {
    per_minute: None,
    per_second: None,
    concurrency: 4,
};

/// The keys of `kind = "alertmanager"`.
pub(in crate::channels) type AlertmanagerSettings = OverHttp<AlertmanagerKeys>;

/// Those that are its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::channels) struct AlertmanagerKeys {
    /// The address of its web page, such as `http://alertmanager.example:9093`.
    url: SecretSource,
    /// The user that calls sign in as, with `password`. Default: nobody signs in.
    username: Option<String>,
    /// That user's password.
    password: Option<SecretSource>,
    /// A token that calls carry as `Authorization: Bearer`, in place of `username` and `password`.
    token: Option<SecretSource>,
    /// Labels that every alert gets besides its own, such as `{ team = "shop" }`.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl ChannelKind for AlertmanagerSettings {
    const NAME: &'static str = "alertmanager";
    const DOC: &'static str = include_str!("doc.md");
}

impl AlertmanagerKeys {
    fn account(&self, name: &str) -> Result<Account, BuildError> {
        let resolve = |key, source| BuildError::resolve(name, key, source);
        Ok(match (&self.username, &self.password, &self.token) {
            (Some(user), Some(password), _) => Account::Basic(user.clone(), resolve("password", password)?),
            (_, _, Some(token)) => Account::Bearer(resolve("token", token)?),
            _ => Account::Nobody,
        })
    }

    fn check_account(&self) -> Option<Finding> {
        let (user, password) = (self.username.as_deref(), self.password.is_some());
        let finding = |key: &'static str, why: &str| Some(Finding::new(key, why.to_owned()));
        match user {
            _ if self.token.is_some() && (user.is_some() || password) => finding(
                "token",
                "takes the place of username and password: leave one of them out",
            ),
            Some(user) if user.contains(':') || user.is_empty() => finding(
                "username",
                "is empty or has a colon, which HTTP Basic cannot send",
            ),
            Some(_) if !password => finding("username", "needs a password too"),
            None if password => finding("password", "needs a username too"),
            _ => None,
        }
    }
}

impl ChannelSettings for AlertmanagerSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = check(&self.url, &self.http);
        findings.extend(self.check_account());
        for (name, value) in &self.labels {
            let message = match name.as_str() {
                name if OWN_LABELS.contains(&name) => "is what the program tells alerts apart by",
                name if !is_label(name) => "is no name of a label: letters, digits and _, no digit first",
                _ if value.is_empty() => "is empty, which is as if it were not there",
                _ => continue,
            };
            findings.push(Finding::new(format!("labels.{name}"), message));
        }
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        // The address of an Alertmanager is no secret, but a password in it is one.
        let url = SecretKey {
            warn_if_plain: matches!(&self.url, SecretSource::Plain(url) if url.expose().contains('@')),
            ..SecretKey::new("url", &self.url)
        };
        let password = self
            .password
            .as_ref()
            .map(|source| SecretKey::new("password", source));
        let token = self.token.as_ref().map(|source| SecretKey::new("token", source));
        [url].into_iter().chain(password).chain(token).collect()
    }

    fn check_common(&self, common: &ChannelCommon) -> Vec<Finding> {
        let why = "Alertmanager groups alerts by itself, and several in one would have no end: leave it out";
        let digest = common.digest.map(|_| Finding::new("digest", why));
        digest.into_iter().collect()
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
        let account = self.account(name)?;
        let secrets = match &account {
            Account::Nobody => Vec::new(),
            Account::Basic(_, secret) | Account::Bearer(secret) => vec![secret.clone()],
        };
        let words = deps.templates.chat(Form::text("webhook.txt"));
        let words = words.map_err(|error| setting(Finding::new("kind", error.to_string())))?;
        let client = HttpClient::new(name, &self.url, &self.http, secrets, deps)?;
        Ok(super::shared(Alertmanager {
            name: name.to_owned(),
            limits: common.limits(LIMITS),
            language: common.language(deps),
            url: endpoint(client.url()),
            client,
            account,
            labels: self.labels.clone(),
            words,
        }))
    }
}

/// Where alerts are posted to.
fn endpoint(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["api", "v2", "alerts"]);
    }
    url
}

/// Every version of Alertmanager takes these.
fn is_label(name: &str) -> bool {
    let is_inner = |one: char| one.is_ascii_alphanumeric() || one == '_';
    !name.starts_with(|first: char| first.is_ascii_digit()) && !name.is_empty() && name.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &str) -> AlertmanagerSettings {
        toml::from_str(&format!("url = \"http://127.0.0.1:9093\"\n{keys}")).unwrap()
    }

    #[test]
    fn alerts_go_below_the_address_of_the_page() {
        for url in ["http://a:9093", "http://a:9093/", "http://a:9093/?x=1#/alerts"] {
            assert_eq!(
                endpoint(url.parse().unwrap()).as_str(),
                "http://a:9093/api/v2/alerts"
            );
        }
        let below = endpoint("http://a/am/".parse().unwrap());
        assert_eq!(below.as_str(), "http://a/am/api/v2/alerts");
    }

    #[test]
    fn every_mistake_is_found_with_its_key() {
        assert_eq!(
            read("labels = { team = \"shop\", _x1 = \"y\", source = \"b\" }").check(),
            []
        );
        assert_eq!(read("username = \"m\"\npassword = \"p\"").check(), []);
        for (keys, key) in [
            ("labels = { \"a-b\" = \"x\" }", "labels.a-b"),
            ("labels = { \"1a\" = \"x\" }", "labels.1a"),
            ("labels = { alertname = \"x\" }", "labels.alertname"),
            ("labels = { team = \"\" }", "labels.team"),
            ("username = \"m\"", "username"),
            ("username = \"m:n\"\npassword = \"p\"", "username"),
            ("password = \"p\"", "password"),
            ("username = \"m\"\npassword = \"p\"\ntoken = \"t\"", "token"),
        ] {
            let found: Vec<String> = read(keys)
                .check()
                .into_iter()
                .map(|one| one.field.into_owned())
                .collect();
            assert_eq!(found, [key], "{keys}");
        }
    }
}
