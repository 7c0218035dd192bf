//! One mail server: opening a connection, one exchange on it, and what went wrong where.
//!
//! lettre speaks the protocol. Its ready-made transport is not used, because it waits for answers without a limit, puts
//! a connection whose exchange was broken off back into its pool in the middle of a mail, and does not say at which
//! step a server refused, which decides whether trying again can help.

use std::future::Future;
use std::time::Duration;

use lettre::Address as Mailaddress;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Severity;
use monitor_domain::SharedClock;

use super::reply::{self, Fault, Step};
use super::url::{Address, Security};
use crate::Failure;
use crate::channels::Deps;

/// A server with all that is needed to talk to it.
pub(super) struct Server {
    address: Address,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    connect_timeout: Duration,
    timeout: Duration,
    clock: SharedClock,
    /// What must not appear in a message: the password, plain and as it goes over the wire.
    secrets: Vec<String>,
}

impl Server {
    /// The server at an address, each of whose replies may take `timeout`.
    pub(super) fn new(
        address: Address,
        tls: Option<TlsParameters>,
        timeout: Duration,
        deps: &Deps,
    ) -> Server {
        let (credentials, secrets) = match (&address.user, &address.password) {
            (Some(user), Some(password)) => {
                let credentials = Credentials::new(user.clone(), password.expose().to_owned());
                let secrets = reply::forms_of(&credentials, password.expose());
                (Some(credentials), secrets)
            }
            _ => (None, Vec::new()),
        };
        Server {
            connect_timeout: deps.requests.connect_timeout,
            timeout,
            clock: deps.clock.clone(),
            address,
            tls,
            credentials,
            secrets,
        }
    }

    /// Opens a connection that is ready for mails: greeted, encrypted and signed in as far as configured.
    pub(super) async fn open(&self) -> Result<AsyncSmtpConnection, Fault> {
        let hello = ClientId::default();
        let mut connection = self.connect(&hello).await?;
        if self.address.security == Security::StartTls
            && let Some(tls) = &self.tls
        {
            if !connection.can_starttls() {
                let words = "the server does not offer it, and nothing is sent in clear";
                return Err(Fault::new(Step::StartTls, words));
            }
            self.within(Step::StartTls, connection.starttls(tls.clone(), &hello))
                .await?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            self.within(Step::SignIn, connection.auth(&mechanisms, credentials))
                .await?;
        }
        Ok(connection)
    }

    async fn connect(&self, hello: &ClientId) -> Result<AsyncSmtpConnection, Fault> {
        let target = (self.address.host.as_str(), self.address.port);
        if self.address.security == Security::Tls {
            // TLS and greeting are one step to lettre, and so have one limit.
            let limit = self.connect_timeout.saturating_add(self.timeout);
            let opening = AsyncSmtpConnection::connect_tokio1(
                target,
                Some(self.connect_timeout),
                hello,
                self.tls.clone(),
                None,
            );
            return self.limited(Step::Connect, limit, opening).await;
        }
        let connecting = tokio::net::TcpStream::connect(target);
        let stream = match monitor_domain::timeout(&*self.clock, self.connect_timeout, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Fault::new(Step::Connect, error.to_string())),
            Err(_) => return Err(Fault::late(Step::Connect, self.connect_timeout)),
        };
        // Commands and answers take turns; waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        self.within(
            Step::Greeting,
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello),
        )
        .await
    }

    /// Gives one mail for one recipient to the server.
    pub(super) async fn deliver(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: &Mailaddress,
        to: &Mailaddress,
        mail: &[u8],
    ) -> Result<(), Fault> {
        let parameters = parameters(connection, from, to, mail)?;
        self.within(
            Step::Sender,
            connection.command(Mail::new(Some(from.clone()), parameters)),
        )
        .await?;
        self.within(
            Step::Recipient,
            connection.command(Rcpt::new(to.clone(), Vec::new())),
        )
        .await?;
        let go_on = self.within(Step::Data, connection.command(Data)).await?;
        if !go_on.has_code(354) {
            return Err(Fault::unexpected(Step::Data, &go_on));
        }
        let taken = self.within(Step::Content, connection.message(mail)).await?;
        if taken.code().severity != Severity::PositiveCompletion {
            return Err(Fault::unexpected(Step::Content, &taken));
        }
        Ok(())
    }

    /// Makes a connection usable again after a refusal. False: close it.
    pub(super) async fn reset(&self, connection: &mut AsyncSmtpConnection) -> bool {
        self.within(Step::Noop, connection.command(Rset)).await.is_ok()
    }

    /// Checks that the server answers, and says goodbye.
    pub(super) async fn check(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Fault> {
        self.within(Step::Noop, connection.command(Noop)).await?;
        // Whether the goodbye is answered does not matter.
        drop(self.within(Step::Noop, connection.command(Quit)).await);
        Ok(())
    }

    /// One step that has to be done within the channel's timeout.
    async fn within<T>(&self, step: Step, work: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
        self.limited(step, self.timeout, work).await
    }

    async fn limited<T>(
        &self,
        step: Step,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Fault> {
        match monitor_domain::timeout(&*self.clock, limit, work).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(Fault::from_lettre(step, &error)),
            Err(_) => Err(Fault::late(step, limit)),
        }
    }

    /// A fault as the caller is given it. `recipient` is empty for a probe.
    pub(super) fn failure(&self, fault: &Fault, recipient: &str) -> Failure {
        let server = format!("{}:{}", self.address.host, self.address.port);
        fault.failure(&server, recipient, &self.secrets)
    }
}

/// What MAIL FROM has to announce, or that the server cannot take it.
fn parameters(
    connection: &AsyncSmtpConnection,
    from: &Mailaddress,
    to: &Mailaddress,
    mail: &[u8],
) -> Result<Vec<MailParameter>, Fault> {
    let offers = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    let is_ascii = |address: &Mailaddress| AsRef::<str>::as_ref(address).is_ascii();
    if !is_ascii(from) || !is_ascii(to) {
        if !offers(Extension::SmtpUtfEight) {
            let words = "the server takes no addresses with letters beyond ASCII (SMTPUTF8)";
            return Err(Fault::new(Step::Recipient, words).into_final());
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.is_ascii() && offers(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}
