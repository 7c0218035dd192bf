//! One mail server: opening a connection, one exchange on it, and what went wrong where.
//!
//! lettre writes the commands and the mail. Its connection is not used: it takes only replies that are written as the
//! standard has them, knows no HELO, waits for answers without a limit, puts a connection whose exchange was broken off
//! back into its pool in the middle of a mail, and does not say at which step a server refused, which decides whether
//! trying again can help.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use lettre::Address as Mailaddress;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Noop, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use monitor_domain::SharedClock;

use super::connection::{Connection, Stream};
use super::extensions::Extensions;
use super::fault::{Fault, Step};
use super::mailbox::{needs_utf8, on_wire};
use super::reply::{NoReply, Reply};
use super::sign_in::{forms_of, sign_in};
use super::tls::{Tls, TlsError};
use super::url::{Address, Security};
use crate::Failure;
use crate::channels::Deps;

/// Whoever waits for a greeting at a port that waits for TLS waits in vain.
const NO_GREETING: &str = "where the port expects TLS from the first byte, as 465 does, write smtps://";
/// Whoever begins with TLS at a port that begins in clear gets a greeting for it.
const NO_TLS: &str = "where the port begins in clear, as 587 and 25 do, write smtp+starttls:// or smtp://";

/// A server with all that is needed to talk to it.
pub(super) struct Server {
    address: Address,
    tls: Option<Tls>,
    credentials: Option<Credentials>,
    hello: ClientId,
    connect_timeout: Duration,
    timeout: Duration,
    clock: SharedClock,
    /// What must not appear in a message: the password, plain and as it goes over the wire.
    secrets: Vec<String>,
}

impl Server {
    /// The server at an address, which knows us as `hello` and each of whose replies may take `timeout`.
    pub(super) fn new(
        address: Address,
        tls: Option<Tls>,
        hello: ClientId,
        timeout: Duration,
        deps: &Deps,
    ) -> Server {
        let (credentials, secrets) = match (&address.user, &address.password) {
            (Some(user), Some(password)) => {
                let credentials = Credentials::new(user.clone(), password.expose().to_owned());
                let secrets = forms_of(&credentials, password.expose());
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
            hello,
            secrets,
        }
    }

    /// Opens a connection that is ready for mails: greeted, encrypted and signed in as far as configured.
    pub(super) async fn open(&self) -> Result<Connection, Fault> {
        let mut connection = self.connect().await?;
        self.greet(&mut connection).await?;
        if self.address.security == Security::StartTls
            && let Some(tls) = &self.tls
        {
            connection = self.start_tls(connection, tls).await?;
            self.hello(&mut connection).await?;
        }
        if let Some(credentials) = &self.credentials {
            let signing_in = sign_in(&mut connection, credentials);
            self.limited(Step::SignIn, self.timeout, signing_in).await??;
        }
        Ok(connection)
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        let target = (self.address.host.as_str(), self.address.port);
        let connecting = tokio::net::TcpStream::connect(target);
        let stream = self
            .limited(Step::Connect, self.connect_timeout, connecting)
            .await?
            .map_err(|error| Fault::new(Step::Connect, error.to_string()))?;
        // Commands and answers take turns; waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        let stream: Box<dyn Stream> = match &self.tls {
            Some(tls) if self.address.security == Security::Tls => {
                let encrypted = self.limited(Step::Tls, self.timeout, tls.encrypt(stream)).await?;
                Box::new(encrypted.map_err(|error| {
                    let fault = Fault::new(Step::Tls, error.to_string());
                    match error {
                        TlsError::Clear => fault.advise(NO_TLS),
                        _ => fault,
                    }
                })?)
            }
            _ => Box::new(stream),
        };
        Ok(Connection::new(stream))
    }

    /// Hears the server's greeting and says hello.
    async fn greet(&self, connection: &mut Connection) -> Result<(), Fault> {
        let greeting = self.within(Step::Greeting, connection.reply()).await;
        let greeting = greeting.and_then(|reply| accepted(Step::Greeting, reply, 2));
        if let Err(fault) = greeting {
            let is_silent = fault.is_closed || fault.is_timeout;
            return Err(if is_silent && self.address.security != Security::Tls {
                fault.advise(NO_GREETING)
            } else {
                fault
            });
        }
        self.hello(connection).await
    }

    /// EHLO, or HELO where the server does not know it (RFC 5321 section 3.2).
    async fn hello(&self, connection: &mut Connection) -> Result<(), Fault> {
        let ehlo = connection.command(Ehlo::new(self.hello.clone()));
        let mut reply = self.within(Step::Ehlo, ehlo).await?;
        let mut step = Step::Ehlo;
        let is_unknown = matches!(reply.code, 500 | 502 | 504);
        if is_unknown {
            step = Step::Helo;
            let helo = connection.command(format!("HELO {}\r\n", self.hello));
            reply = self.within(step, helo).await?;
        }
        let reply = accepted(step, reply, 2).map_err(|fault| match fault.code {
            None | Some(421) => fault,
            Some(_) => fault.advise(format!("the name said was {}; `hello_name` sets it", self.hello)),
        })?;
        connection.extensions = if is_unknown {
            Extensions::default()
        } else {
            Extensions::of(&reply)
        };
        Ok(())
    }

    async fn start_tls(&self, mut connection: Connection, tls: &Tls) -> Result<Connection, Fault> {
        if !connection.extensions.starttls {
            let words = "the server does not offer it, and nothing is sent in clear";
            return Err(Fault::new(Step::StartTls, words));
        }
        self.say(&mut connection, Step::StartTls, Starttls, 2).await?;
        let encrypted = self.limited(Step::StartTls, self.timeout, connection.encrypt(tls));
        let encrypted = encrypted.await?;
        encrypted.map_err(|error| Fault::new(Step::StartTls, error.to_string()))
    }

    /// Gives one mail for one recipient to the server.
    pub(super) async fn deliver(
        &self,
        connection: &mut Connection,
        from: &Mailaddress,
        to: &Mailaddress,
        mail: &[u8],
    ) -> Result<(), Fault> {
        let parameters = parameters(&connection.extensions, from, to, mail)?;
        let sender = Mail::new(Some(on_wire(from)), parameters);
        self.say(connection, Step::Sender, sender, 2).await?;
        let recipient = Rcpt::new(on_wire(to), Vec::new());
        self.say(connection, Step::Recipient, recipient, 2).await?;
        self.say(connection, Step::Data, Data, 3).await?;
        let taken = self.within(Step::Content, connection.content(mail)).await?;
        accepted(Step::Content, taken, 2)?;
        Ok(())
    }

    /// Makes a connection usable again after a refusal. False: close it.
    pub(super) async fn reset(&self, connection: &mut Connection) -> bool {
        self.say(connection, Step::Noop, Rset, 2).await.is_ok()
    }

    /// Checks that the server answers, and says goodbye.
    pub(super) async fn check(&self, connection: &mut Connection) -> Result<(), Fault> {
        self.say(connection, Step::Noop, Noop, 2).await?;
        // Whether the goodbye is answered does not matter.
        drop(self.say(connection, Step::Noop, Quit, 2).await);
        Ok(())
    }

    /// Says a command whose answer has to be of this class.
    async fn say(
        &self,
        connection: &mut Connection,
        step: Step,
        command: impl Display,
        class: u16,
    ) -> Result<Reply, Fault> {
        let reply = self.within(step, connection.command(command)).await?;
        accepted(step, reply, class)
    }

    /// One reply, which has to come within the channel's timeout.
    async fn within(
        &self,
        step: Step,
        reply: impl Future<Output = Result<Reply, NoReply>>,
    ) -> Result<Reply, Fault> {
        let reply = self.limited(step, self.timeout, reply).await?;
        reply.map_err(|why| Fault::unanswered(step, &why))
    }

    async fn limited<T>(
        &self,
        step: Step,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        monitor_domain::timeout(&*self.clock, limit, work)
            .await
            .map_err(|_| Fault::late(step, limit))
    }

    /// A fault as the caller is given it. `recipient` is empty for a probe.
    pub(super) fn failure(&self, fault: &Fault, recipient: &str) -> Failure {
        let server = format!("{}:{}", self.address.host, self.address.port);
        fault.failure(&server, recipient, &self.secrets)
    }
}

/// The reply, where it is of the class that the step can go on with.
fn accepted(step: Step, reply: Reply, class: u16) -> Result<Reply, Fault> {
    match reply.class() {
        found if found == class => Ok(reply),
        4 | 5 => Err(Fault::refused(step, &reply)),
        _ => Err(Fault::unexpected(step, &reply)),
    }
}

/// What MAIL FROM has to announce, or that the server cannot take it.
fn parameters(
    offered: &Extensions,
    from: &Mailaddress,
    to: &Mailaddress,
    mail: &[u8],
) -> Result<Vec<MailParameter>, Fault> {
    let mut parameters = Vec::new();
    if needs_utf8(from) || needs_utf8(to) {
        if !offered.smtp_utf8 {
            let words = "the server takes only ASCII before the @ (it does not offer SMTPUTF8)";
            // A sender can be changed. A recipient cannot: no other address reaches this mailbox.
            return Err(if needs_utf8(from) {
                Fault::new(Step::Sender, words)
            } else {
                Fault::new(Step::Recipient, words).into_final()
            });
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.is_ascii() && offered.eight_bit_mime {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}
