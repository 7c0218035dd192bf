//! The mail server from the outside: its inbox, its faults, its port.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::fault::{Script, SmtpFault};
use super::mail::Mail;
use super::session::Session;
use crate::http::Times;
use crate::net::{Service, local, lock, within};
use crate::tls::Transport;

/// Mails kept; older ones go.
const KEEP: usize = 10_000;

/// Bytes of mails kept; older ones go.
const KEEP_BYTES: usize = 64 << 20;

/// An SMTP server on 127.0.0.1 (RFC 5321 with SIZE, PIPELINING, 8BITMIME, SMTPUTF8; on demand AUTH PLAIN and LOGIN, and TLS). It
/// keeps the last 10,000 mails, at most 64 MiB of them, and stops when its last clone is dropped.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use monitor_simulator::{SmtpFault, SmtpSink, Stage, Times};
///
/// let smtp = SmtpSink::start().await;
/// // The first mail is refused for now, the second accepted.
/// smtp.script(SmtpFault::reply(Stage::MailFrom, 451, "try again later"), Times::Once);
/// assert!(smtp.url().starts_with("smtp://127.0.0.1:"));
/// assert!(smtp.mails().is_empty());
/// # });
/// ```
#[derive(Clone)]
pub struct SmtpSink {
    shared: Arc<Shared>,
}

struct Shared {
    service: Service,
    core: Arc<Core>,
}

/// What sessions see of the server.
pub(super) struct Core {
    pub(super) script: Script,
    /// User name and password that must be given, if any.
    pub(super) login: Option<(String, String)>,
    /// TLS on demand.
    pub(super) starttls: Option<Transport>,
    /// TLS from the first byte.
    implicit: Option<Transport>,
    inbox: Mutex<Inbox>,
    received: watch::Sender<usize>,
    pub(super) transactions: AtomicUsize,
}

#[derive(Default)]
struct Inbox {
    mails: VecDeque<Mail>,
    bytes: usize,
}

/// What the server demands of its clients; from [`SmtpSink::builder`].
#[derive(Clone)]
pub struct SmtpBuilder {
    address: SocketAddr,
    login: Option<(String, String)>,
    starttls: Option<Transport>,
    implicit: Option<Transport>,
}

impl SmtpSink {
    /// Starts on a free port, demanding nothing.
    ///
    /// # Panics
    /// When 127.0.0.1 has no free port.
    pub async fn start() -> SmtpSink {
        Self::start_on(0).await.expect("127.0.0.1 has a free port")
    }

    /// Starts on this port; 0 for a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start_on(port: u16) -> io::Result<SmtpSink> {
        Self::builder().port(port).start().await
    }

    /// For a server that wants a password or TLS.
    pub fn builder() -> SmtpBuilder {
        SmtpBuilder {
            address: local(0),
            login: None,
            starttls: None,
            implicit: None,
        }
    }

    /// The port, which stays the same over [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub fn port(&self) -> u16 {
        self.shared.service.port()
    }

    /// `smtp://127.0.0.1:PORT`, or what else it listens on, and `smtps://…` and `smtp+starttls://…` where that is what it speaks.
    pub fn url(&self) -> String {
        let core = &self.shared.core;
        let scheme = match (&core.implicit, &core.starttls) {
            (Some(_), _) => "smtps",
            (None, Some(_)) => "smtp+starttls",
            (None, None) => "smtp",
        };
        format!("{scheme}://{}", self.shared.service.reached_at())
    }

    /// The mails that are kept, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.shared.core.inbox).mails.iter().cloned().collect()
    }

    /// How many mails were accepted in all.
    pub fn received(&self) -> usize {
        *self.shared.core.received.borrow()
    }

    /// Waits until `n` mails were accepted in all, or `limit` (real time) is over, and gives [`mails`](Self::mails): a test
    /// checks how many there are.
    pub async fn wait_for(&self, n: usize, limit: Duration) -> Vec<Mail> {
        let mut received = self.shared.core.received.subscribe();
        within(limit, async move {
            received.wait_for(|received| *received >= n).await.is_ok()
        })
        .await;
        self.mails()
    }

    /// Forgets the mails (not their number).
    pub fn clear(&self) {
        *lock(&self.shared.core.inbox) = Inbox::default();
    }

    /// Scripts a fault. Of several that fit, the first added is used up first.
    pub fn script(&self, fault: SmtpFault, times: Times) {
        self.shared.core.script.add(fault, times);
    }

    /// Takes all scripted faults back. What hangs at the moment stays so.
    pub fn clear_script(&self) {
        self.shared.core.script.clear();
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.service.accepted()
    }

    /// How many mails were begun (`MAIL FROM`), whatever became of them.
    pub fn transactions(&self) -> usize {
        self.shared.core.transactions.load(Ordering::Relaxed)
    }

    /// Closes the port and all connections, as a server that goes down. Done when they are closed.
    pub async fn stop(&self) {
        self.shared.service.stop().await;
    }

    /// Comes back on the same port, with its inbox and script.
    ///
    /// # Panics
    /// When another process took the port meanwhile and keeps it for five seconds.
    pub async fn start_again(&self) {
        let started = self.shared.service.start_again().await;
        started.unwrap_or_else(|error| panic!("port {} is not to be had again: {error}", self.port()));
    }
}

impl SmtpBuilder {
    /// Listens on this port.
    #[must_use]
    pub fn port(self, port: u16) -> SmtpBuilder {
        self.address(local(port))
    }

    /// Listens on this address, which other machines may reach; port 0 for a free one.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> SmtpBuilder {
        self.address = address;
        self
    }

    /// Takes mails only after `AUTH` with these.
    #[must_use]
    pub fn login(mut self, username: &str, password: &str) -> SmtpBuilder {
        self.login = Some((username.to_owned(), password.to_owned()));
        self
    }

    /// Takes logins and mails only after `STARTTLS`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn starttls(mut self, certificate: &crate::Certificate) -> SmtpBuilder {
        self.starttls = Some(certificate.transport());
        self
    }

    /// Speaks TLS from the first byte.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn implicit_tls(mut self, certificate: &crate::Certificate) -> SmtpBuilder {
        self.implicit = Some(certificate.transport());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(self) -> io::Result<SmtpSink> {
        let core = Arc::new(Core {
            script: Script::default(),
            login: self.login,
            starttls: self.starttls,
            implicit: self.implicit,
            inbox: Mutex::default(),
            received: watch::Sender::new(0),
            transactions: AtomicUsize::new(0),
        });
        let sessions = core.clone();
        let service = Service::start(
            self.address,
            Arc::new(move |stream| {
                let core = sessions.clone();
                Box::pin(async move {
                    let transport = core.implicit.clone().unwrap_or_default();
                    let served = match transport.accept(Box::new(stream)).await {
                        Ok(stream) => Session::new(core, stream).run().await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = served {
                        log::debug!("a client of the SMTP sink went away: {error}");
                    }
                })
            }),
        )?;
        Ok(SmtpSink {
            shared: Arc::new(Shared { service, core }),
        })
    }
}

impl Core {
    pub(super) fn keep(&self, mail: Mail) {
        {
            let mut inbox = lock(&self.inbox);
            inbox.bytes += mail.raw.len();
            inbox.mails.push_back(mail);
            while inbox.mails.len() > KEEP || inbox.bytes > KEEP_BYTES {
                let Some(oldest) = inbox.mails.pop_front() else {
                    break;
                };
                inbox.bytes -= oldest.raw.len();
            }
        }
        self.received.send_modify(|received| *received += 1);
    }
}

impl fmt::Debug for SmtpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSink")
            .field("url", &self.url())
            .field("received", &self.received())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SmtpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpBuilder")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
