//! Mail, over SMTP or into a folder.

mod folder;
mod message;
mod pool;
mod server;
mod trouble;
mod url;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use monitor_requests::{Secret, SecretSource};

use self::message::Letterhead;
use self::pool::Pool;
use self::server::Server;
pub(crate) use self::url::MailUrl;
use self::url::{Address, Security};
use crate::settings::mailbox;
use crate::{BuildError, ChannelSettings, Deps, Failure, Limits, Notification, Notifier, Templates};
use monitor_domain::Language;

/// Mails under way at once where the config says nothing. Servers commonly take 10 connections of one client.
const CONCURRENCY: usize = 4;

/// A mail channel.
pub(crate) struct Smtp {
    name: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    language: Language,
    limits: Limits,
    templates: Arc<Templates>,
    transport: Transport,
}

enum Transport {
    Server(Arc<Pool>),
    Folder(PathBuf),
}

impl Smtp {
    /// Reads the settings; opens no connection.
    pub(crate) fn new(name: &str, settings: &ChannelSettings, deps: &Deps) -> Result<Smtp, BuildError> {
        let wrong = |field, message| BuildError::Setting {
            channel: name.to_owned(),
            field,
            message,
        };
        if let Some((field, message)) = settings.check().into_iter().next() {
            return Err(wrong(field, message));
        }
        let secret = |field, source: &SecretSource| {
            source.resolve().map_err(|source| BuildError::Secret {
                channel: name.to_owned(),
                field,
                source,
            })
        };
        let language = settings.lang.unwrap_or(deps.lang);
        let from = mailbox(settings.from.as_deref().unwrap_or_default())
            .map_err(|message| wrong("from", message))?;
        let mut to: Vec<Mailbox> = Vec::new();
        for text in settings.to.iter().flatten() {
            let one = mailbox(text).map_err(|message| wrong("to", message))?;
            // Named twice, told once.
            if !to.iter().any(|other| other.email == one.email) {
                to.push(one);
            }
        }
        let limits = Limits {
            per_minute: settings.per_minute,
            concurrency: settings.concurrency.unwrap_or(CONCURRENCY),
        };
        let url = settings
            .url
            .as_ref()
            .map(|source| secret("url", source))
            .transpose()?;
        let url = MailUrl::parse(url.as_ref().map_or("", Secret::expose))
            .map_err(|message| wrong("url", message))?;
        if let Some((field, message)) = url
            .conflicts(settings.username.as_deref(), settings.password.is_some())
            .into_iter()
            .next()
        {
            return Err(wrong(field, message));
        }
        let transport = match url {
            MailUrl::Folder(dir) => Transport::Folder(dir),
            MailUrl::Server(mut address) => {
                address.user = address.user.or_else(|| settings.username.clone());
                if let Some(source) = &settings.password {
                    address.password = Some(secret("password", source)?);
                }
                let tls = tls(&address, settings.ca_file.as_deref())
                    .map_err(|message| wrong("ca_file", message))?;
                warn_of_clear_password(name, &address);
                Transport::Server(Pool::new(
                    server(address, tls, settings, deps),
                    limits.concurrency,
                ))
            }
        };
        Ok(Smtp {
            name: name.to_owned(),
            from,
            to,
            language,
            limits,
            templates: deps.templates.clone(),
            transport,
        })
    }

    /// All recipients of the channel, and this one, which an older config may have named.
    fn everybody(&self, recipient: &Mailbox) -> Vec<Mailbox> {
        let mut all = self.to.clone();
        if !all.iter().any(|one| one.email == recipient.email) {
            all.push(recipient.clone());
        }
        all
    }
}

#[async_trait]
impl Notifier for Smtp {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "smtp"
    }

    fn recipients(&self) -> Vec<String> {
        self.to.iter().map(|one| one.email.to_string()).collect()
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, notification: &Notification, recipient: &str) -> Result<(), Failure> {
        let recipient = mailbox(recipient).map_err(Failure::permanent)?;
        let mail = self
            .templates
            .mail(notification, self.language)
            .map_err(|error| Failure::transient(format!("the mail could not be written: {error}")))?;
        let to = self.everybody(&recipient);
        let head = Letterhead {
            from: &self.from,
            to: &to,
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

    async fn probe(&self) -> Result<(), Failure> {
        match &self.transport {
            Transport::Server(pool) => pool.probe().await,
            Transport::Folder(dir) => folder::probe(dir).await,
        }
    }
}

fn server(address: Address, tls: Option<TlsParameters>, settings: &ChannelSettings, deps: &Deps) -> Server {
    let credentials = match (&address.user, &address.password) {
        (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.expose().to_owned())),
        _ => None,
    };
    let secrets = match (&credentials, &address.password) {
        (Some(credentials), Some(password)) => trouble::forms_of(credentials, password.expose()),
        _ => Vec::new(),
    };
    Server {
        connect_timeout: deps.requests.connect_timeout,
        timeout: settings.timeout.unwrap_or(deps.requests.timeout),
        clock: deps.clock.clone(),
        address,
        tls,
        credentials,
        secrets,
    }
}

/// Whom to trust: the machine's certificate authorities, or those of the Mozilla list where the machine has none, and
/// those of `ca_file`.
fn tls(address: &Address, ca_file: Option<&Path>) -> Result<Option<TlsParameters>, String> {
    if address.security == Security::None {
        return Ok(None);
    }
    monitor_requests::install_crypto();
    let mut own = Vec::new();
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(format!("{}: holds no PEM certificate", path.display()));
        }
        own.push(Certificate::from_pem(&pem).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    let build = |store| {
        let mut builder = TlsParameters::builder(address.host.clone()).certificate_store(store);
        for certificate in &own {
            builder = builder.add_root_certificate(certificate.clone());
        }
        builder.build()
    };
    build(CertificateStore::Default)
        .or_else(|_| build(CertificateStore::WebpkiRoots))
        .map(Some)
        .map_err(|error| error.to_string())
}

fn warn_of_clear_password(name: &str, address: &Address) {
    let is_local = address.host == "localhost"
        || address
            .host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if address.security == Security::None && address.password.is_some() && !is_local {
        log::warn!(
            channel = name, host = address.host.as_str();
            "smtp:// sends the password in clear; use smtps:// or smtp+starttls://"
        );
    }
}
