//! A scripted mail server, with the steps that a sink does not have: signing in, and TLS at either moment.

use std::sync::{Arc, Mutex, MutexGuard};

use monitor_requests::install_crypto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What to do instead of what a good server does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// Answers this line, or these.
    Reply(&'static str),
    /// Answers exactly this.
    Bytes(&'static [u8]),
    /// Answers exactly this and closes the connection.
    Last(&'static [u8]),
    /// Closes the connection without an answer.
    Drop,
    /// Takes the mail, then closes the connection without an answer.
    TakeAndDrop,
    /// Never answers.
    Hang,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) raw: Vec<u8>,
}

#[derive(Default)]
struct State {
    rules: Vec<(&'static str, Action)>,
    mails: Vec<Taken>,
    lines: Vec<String>,
    connections: usize,
    hung: Arc<Notify>,
}

#[derive(Clone, Default)]
struct Options {
    tls: Option<TlsAcceptor>,
    starttls: Option<TlsAcceptor>,
    auth: bool,
}

/// The server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) async fn start() -> Server {
        Self::serve(Options::default()).await
    }

    /// Offers to sign in with PLAIN.
    pub(crate) async fn with_auth() -> Server {
        Self::serve(Options {
            auth: true,
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn with_tls(certificate: &Certificate) -> Server {
        Self::serve(Options {
            tls: Some(certificate.acceptor.clone()),
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn with_starttls(certificate: &Certificate) -> Server {
        let starttls = Some(certificate.acceptor.clone());
        Self::serve(Options {
            starttls,
            auth: true,
            ..Options::default()
        })
        .await
    }

    async fn serve(options: Options) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                let (state, options) = (shared.clone(), options.clone());
                tokio::spawn(async move {
                    // A client that hangs up is part of the tests.
                    let stream: AnyStream = match &options.tls {
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => return,
                        },
                        None => Box::new(stream),
                    };
                    let _ = converse(stream, &state, &options).await;
                });
            }
        });
        Server { port, state }
    }

    /// The next time a line begins with `at` (`CONNECT` for the greeting, `.` for the end of a mail), do this. Rules
    /// are used up one by one.
    pub(crate) fn next(&self, at: &'static str, action: Action) {
        self.state().rules.push((at, action));
    }

    pub(crate) fn mails(&self) -> Vec<Taken> {
        self.state().mails.clone()
    }

    /// Every command that was given.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state().connections
    }

    /// Ends when a client has come to an [`Action::Hang`].
    pub(crate) async fn hung(&self) {
        let hung = self.state().hung.clone();
        hung.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
type AnyStream = Box<dyn Stream>;

/// One connection. `None` when it is over.
async fn converse(stream: AnyStream, state: &Mutex<State>, options: &Options) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut is_encrypted = options.tls.is_some();
    let (mut from, mut to) = (String::new(), Vec::new());
    answer(&mut stream, state, "CONNECT", "220 mail.test ESMTP").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        state.lock().unwrap().lines.push(line.clone());
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let mut reply = "250-mail.test\r\n250-8BITMIME".to_owned();
                if options.starttls.is_some() && !is_encrypted {
                    reply += "\r\n250-STARTTLS";
                }
                if options.auth {
                    reply += "\r\n250-AUTH PLAIN";
                }
                answer(&mut stream, state, &line, &(reply + "\r\n250 SIZE 1000000")).await?;
            }
            "STARTTLS" => {
                answer(&mut stream, state, &line, "220 go ahead").await?;
                let Some(acceptor) = &options.starttls else {
                    // A server that goes on in clear.
                    stream.write_all(b"500 what is this\r\n").await.ok()?;
                    continue;
                };
                let encrypted = acceptor.accept(stream.into_inner()).await.ok()?;
                stream = BufReader::new(Box::new(encrypted));
                is_encrypted = true;
            }
            "MAIL" => {
                from = line;
                to.clear();
                answer(&mut stream, state, &from, "250 ok").await?;
            }
            "RCPT" => {
                if answer(&mut stream, state, &line, "250 ok")
                    .await?
                    .starts_with('2')
                {
                    to.push(line);
                }
            }
            "DATA" => {
                if answer(&mut stream, state, &line, "354 go ahead")
                    .await?
                    .starts_with('3')
                {
                    let raw = read_mail(&mut stream).await?;
                    let action = take_rule(state, ".");
                    if matches!(
                        action,
                        None | Some(Action::TakeAndDrop | Action::Bytes(_) | Action::Last(_))
                    ) {
                        state.lock().unwrap().mails.push(Taken {
                            from: from.clone(),
                            to: to.clone(),
                            raw,
                        });
                    }
                    act(&mut stream, action, "250 taken").await?;
                }
            }
            "QUIT" => {
                answer(&mut stream, state, &line, "221 bye").await?;
                return None;
            }
            "AUTH" => drop(answer(&mut stream, state, &line, "235 welcome").await?),
            _ => drop(answer(&mut stream, state, &line, "250 ok").await?),
        }
    }
}

/// The mail up to the single dot, with the doubled dots made single again (RFC 5321 section 4.5.2).
async fn read_mail(stream: &mut BufReader<AnyStream>) -> Option<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

fn take_rule(state: &Mutex<State>, line: &str) -> Option<Action> {
    let mut state = state.lock().unwrap();
    let index = state.rules.iter().position(|(at, _)| line.starts_with(at))?;
    let action = state.rules.remove(index).1;
    if matches!(action, Action::Hang) {
        state.hung.notify_one();
    }
    Some(action)
}

async fn answer(
    stream: &mut BufReader<AnyStream>,
    state: &Mutex<State>,
    line: &str,
    good: &str,
) -> Option<String> {
    act(stream, take_rule(state, line), good).await
}

async fn act(stream: &mut BufReader<AnyStream>, action: Option<Action>, good: &str) -> Option<String> {
    let text = match action {
        None => good,
        Some(Action::Reply(text)) => text,
        Some(Action::Bytes(bytes) | Action::Last(bytes)) => {
            stream.write_all(bytes).await.ok()?;
            stream.flush().await.ok()?;
            let is_last = matches!(action, Some(Action::Last(_)));
            return (!is_last).then(|| String::from_utf8_lossy(bytes).into_owned());
        }
        Some(Action::Drop | Action::TakeAndDrop) => return None,
        Some(Action::Hang) => {
            // Until the client hangs up.
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
            return None;
        }
    };
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    Some(text.to_owned())
}

/// A certificate for one name, and the authority that signed it.
pub(crate) struct Certificate {
    pub(crate) authority: tempfile::NamedTempFile,
    acceptor: TlsAcceptor,
}

impl Certificate {
    pub(crate) fn for_name(name: &str) -> Certificate {
        install_crypto();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), issuer.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let chain = vec![CertificateDer::from(signed.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Certificate {
            authority,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}
