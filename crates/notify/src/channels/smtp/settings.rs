//! The keys of a mail channel, their check, and the channel made from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use monitor_domain::Finding;
use monitor_requests::{Secret, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;

use super::hello_name;
use super::mailbox::{mailbox, on_wire};
use super::notifier::{Smtp, Transport};
use super::pool::Pool;
use super::server::Server;
use super::tls::{self, Tls};
use super::url::{Address, FORMS, MailUrl};
use crate::channels::{BuildError, ChannelCommon, ChannelKind, ChannelSettings, Deps, validate};
use crate::{Limits, Notifier};

/// Where the config says nothing: as many mails as there are, and 4 at once. Servers commonly take 10 connections of one
/// client.
const LIMITS: Limits = Limits {
    per_minute: None,
    per_second: None,
    concurrency: 4,
};

/// The keys of `kind = "smtp"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// The server or folder, in one of the forms above. A secret if it holds a password.
    #[schemars(required)]
    pub url: Option<SecretSource>,
    /// The sender, such as `"Monitor <monitor@example.com>"`.
    #[schemars(required)]
    pub from: Option<String>,
    /// The recipients, such as `["ops@example.com"]`.
    #[schemars(required)]
    pub to: Option<Vec<String>>,
    /// The user to sign in as; may be in the URL instead. Default: nobody signs in.
    pub username: Option<String>,
    /// That user's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    pub password: Option<SecretSource>,
    /// A PEM file of certificate authorities to trust besides the machine's.
    pub ca_file: Option<PathBuf>,
    /// The name said to the server in EHLO, such as `"monitor.example.com"` or `"[192.0.2.1]"`. Default: this machine's.
    pub hello_name: Option<String>,
    /// Whether a mail about a metric shows its last hour as a chart, with the threshold and where the alert began. Default
    /// `true`.
    pub chart: Option<bool>,
    /// The longest wait for each reply of the server. Default `requests.timeout`.
    #[serde(default, with = "humantime_serde::option")]
    #[schemars(with = "String")]
    pub timeout: Option<Duration>,
}

impl SmtpSettings {
    /// Mails through `url` and `from` an address `to` others; everything else as it is by default.
    pub fn new<T: Into<String>>(
        url: impl Into<Secret>,
        from: impl Into<String>,
        to: impl IntoIterator<Item = T>,
    ) -> SmtpSettings {
        SmtpSettings {
            url: Some(SecretSource::Plain(url.into())),
            from: Some(from.into()),
            to: Some(to.into_iter().map(Into::into).collect()),
            ..SmtpSettings::default()
        }
    }

    fn check_url(&self) -> Vec<Finding> {
        match &self.url {
            None => vec![Finding::new("url", format!("missing; {FORMS}"))],
            Some(SecretSource::Plain(url)) => match MailUrl::parse(url.expose()) {
                Ok(url) => url.conflicts(self.username.as_deref(), self.password.is_some()),
                Err(message) => vec![Finding::new("url", message)],
            },
            // Its value is not read here.
            Some(_) => Vec::new(),
        }
    }

    fn check_addresses(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        match self.from.as_deref().map(mailbox) {
            None => findings.push(Finding::new(
                "from",
                "missing; such as \"Monitor <monitor@example.com>\"",
            )),
            Some(Err(message)) => findings.push(Finding::new("from", message)),
            Some(Ok(_)) => {}
        }
        match self.to.as_deref() {
            None | Some([]) => findings.push(Finding::new(
                "to",
                "names nobody; give at least one address, such as [\"ops@example.com\"]",
            )),
            Some(to) => {
                let wrong = to.iter().filter_map(|one| mailbox(one).err());
                findings.extend(wrong.map(|message| Finding::new("to", message)));
            }
        }
        findings
    }

    fn url_has_password(&self) -> bool {
        match &self.url {
            Some(SecretSource::Plain(url)) => {
                MailUrl::parse(url.expose()).is_ok_and(|url| url.password().is_some())
            }
            _ => false,
        }
    }

    /// The recipients; one that is named twice is one.
    fn recipients(&self) -> Result<Vec<Mailbox>, String> {
        let mut recipients: Vec<Mailbox> = Vec::new();
        for text in self.to.iter().flatten() {
            let recipient = mailbox(text)?;
            if !recipients
                .iter()
                .any(|other| on_wire(&other.email) == on_wire(&recipient.email))
            {
                recipients.push(recipient);
            }
        }
        Ok(recipients)
    }

    fn transport(&self, name: &str, connections: usize, deps: &Deps) -> Result<Transport, BuildError> {
        let url = self
            .url
            .as_ref()
            .map(|source| BuildError::resolve(name, "url", source))
            .transpose()?;
        let url = MailUrl::parse(url.as_ref().map_or("", Secret::expose))
            .map_err(|message| BuildError::setting(name, Finding::new("url", message)))?;
        let conflicts = url.conflicts(self.username.as_deref(), self.password.is_some());
        if let Some(finding) = conflicts.into_iter().next() {
            return Err(BuildError::setting(name, finding));
        }
        let mut address = match url {
            MailUrl::Folder(dir) => return Ok(Transport::Folder(deps.folder.join(dir))),
            MailUrl::Server(address) => address,
        };
        address.user = address.user.or_else(|| self.username.clone());
        if let Some(source) = &self.password {
            address.password = Some(BuildError::resolve(name, "password", source)?);
        }
        let tls = Tls::new(&address, self.ca_file.as_deref())
            .map_err(|message| BuildError::setting(name, Finding::new("ca_file", message)))?;
        warn_of_clear_password(name, &address);
        let hello = match self.hello_name.as_deref().map(hello_name::read) {
            Some(hello) => {
                hello.map_err(|message| BuildError::setting(name, Finding::new("hello_name", message)))?
            }
            None => hello_name::of_machine(),
        };
        let timeout = self.timeout.unwrap_or(deps.requests.timeout);
        let server = Server::new(address, tls, hello, timeout, deps);
        Ok(Transport::Server(Pool::new(server, connections)))
    }
}

impl ChannelKind for SmtpSettings {
    const NAME: &'static str = "smtp";
    const DOC: &'static str = include_str!("doc.md");
}

impl ChannelSettings for SmtpSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.timeout.is_some_and(|limit| limit.is_zero()) {
            findings.push(Finding::new(
                "timeout",
                "must be longer than nothing, such as \"5s\"",
            ));
        }
        if let Some(Err(message)) = self.hello_name.as_deref().map(hello_name::read) {
            findings.push(Finding::new("hello_name", message));
        }
        if let Some(Err(message)) = self.ca_file.as_deref().map(|file| tls::trusting(Some(file))) {
            findings.push(Finding::new("ca_file", message));
        }
        findings.extend(self.check_url());
        findings.extend(self.check_addresses());
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let url = self.url.as_ref().map(|source| SecretKey {
            key: "url",
            source,
            // The address of a mail server is no secret unless it carries a password.
            warn_if_plain: self.url_has_password(),
        });
        let password = self.password.as_ref().map(|source| SecretKey {
            key: "password",
            source,
            warn_if_plain: true,
        });
        url.into_iter().chain(password).collect()
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        self.ca_file
            .as_deref()
            .map(|file| ("ca_file", file))
            .into_iter()
            .collect()
    }

    fn build(
        &self,
        name: &str,
        common: &ChannelCommon,
        deps: &Deps,
    ) -> Result<Arc<dyn Notifier>, BuildError> {
        validate(name, self, common)?;
        let setting =
            |key: &'static str| move |message| BuildError::setting(name, Finding::new(key, message));
        let from = mailbox(self.from.as_deref().unwrap_or_default()).map_err(setting("from"))?;
        let to = self.recipients().map_err(setting("to"))?;
        let limits = common.limits(LIMITS);
        Ok(Arc::new(Smtp {
            name: name.to_owned(),
            kind: Self::NAME,
            from,
            to,
            language: common.language(deps),
            limits,
            templates: deps.templates.clone(),
            transport: self.transport(name, limits.concurrency, deps)?,
            shows_chart: self.chart.unwrap_or(true),
        }))
    }
}

fn warn_of_clear_password(name: &str, address: &Address) {
    if address.sends_password_in_clear() {
        log::warn!(
            channel = name, host = address.host.as_str();
            "smtp:// sends the password in clear; use smtps:// or smtp+starttls://"
        );
    }
}
