//! The server behind every simulated system: scripted faults, a log, a port that stays.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::answer::Answer;
use super::fault::{Fault, Faults, Times};
use super::read::{self, Incoming, Refusal};
use super::request::{Log, Request};
use super::respond::{self, After};
use crate::net::{Service, local, within};
use crate::tls::{AnyStream, Transport};

type Handler = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// An HTTP/1.1 server on 127.0.0.1, for simulating a system of your own.
///
/// It stops when its last clone is dropped. The simulated systems dereference to it, so all of this can be done to them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use monitor_simulator::{Fault, HttpServer, Times, http::Answer};
///
/// let server = HttpServer::start(|request| Answer::error(404, &format!("no {}", request.path))).await;
/// server.fault("/slow", Fault::Hang, Times::Once);
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// # });
/// ```
#[derive(Clone)]
pub struct HttpServer {
    shared: Arc<Shared>,
}

struct Shared {
    service: Service,
    scheme: &'static str,
    core: Arc<Core>,
}

/// What connections share of the server; not the service itself, which must stop when its owners are gone.
struct Core {
    handler: Handler,
    transport: Transport,
    faults: Faults,
    log: Log,
}

impl HttpServer {
    /// Starts on a free port.
    ///
    /// # Panics
    /// When 127.0.0.1 has no free port.
    pub async fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> HttpServer {
        Self::start_on(0, handler)
            .await
            .expect("127.0.0.1 has a free port")
    }

    /// Starts on this port; 0 for a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start_on(
        port: u16,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> io::Result<HttpServer> {
        Self::start_at(local(port), handler)
    }

    /// Starts on this address, which other machines may reach; port 0 for a free one.
    ///
    /// # Errors
    /// The address is none of this machine, or its port is taken.
    pub fn start_at(
        address: SocketAddr,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> io::Result<HttpServer> {
        Self::launch(address, Arc::new(handler), Transport::Plain)
    }

    /// Starts on a free port with TLS.
    ///
    /// # Errors
    /// 127.0.0.1 has no free port.
    #[cfg(feature = "tls")]
    pub async fn start_tls(
        certificate: &crate::Certificate,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> io::Result<HttpServer> {
        Self::launch(local(0), Arc::new(handler), certificate.transport())
    }

    fn launch(address: SocketAddr, handler: Handler, transport: Transport) -> io::Result<HttpServer> {
        let scheme = transport.http_scheme();
        let core = Arc::new(Core {
            handler,
            transport,
            faults: Faults::default(),
            log: Log::default(),
        });
        let connections = core.clone();
        let service = Service::start(
            address,
            Arc::new(move |stream| {
                let core = connections.clone();
                Box::pin(async move { core.serve(stream).await })
            }),
        )?;
        Ok(HttpServer {
            shared: Arc::new(Shared {
                service,
                scheme,
                core,
            }),
        })
    }

    /// `http://127.0.0.1:PORT`, or what else it listens on, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.shared.scheme, self.shared.service.reached_at())
    }

    /// The port, which stays the same over [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub fn port(&self) -> u16 {
        self.shared.service.port()
    }

    /// Scripts a fault for requests whose path (with its query) begins with `path_prefix`, which may name the method as in
    /// `POST /api/login`. Of several that fit, the first added is used up first.
    pub fn fault(&self, path_prefix: &str, fault: Fault, times: Times) {
        self.shared.core.faults.add(path_prefix, fault, times);
    }

    /// Takes all scripted faults back. What hangs or is slow at the moment stays so.
    pub fn clear_faults(&self) {
        self.shared.core.faults.clear();
    }

    /// The last 10,000 requests, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.core.log.requests()
    }

    /// How often this was requested, whatever the answer was.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.shared.core.log.count(method, path)
    }

    /// Waits until this was requested `n` times in all; `false` when it was not within `limit` (real time).
    pub async fn wait_for(&self, method: &str, path: &str, n: usize, limit: Duration) -> bool {
        let (core, mut total) = (self.shared.core.clone(), self.shared.core.log.total());
        let (method, path) = (method.to_owned(), path.to_owned());
        within(limit, async move {
            total
                .wait_for(|_| core.log.count(&method, &path) >= n)
                .await
                .is_ok()
        })
        .await
        .unwrap_or(false)
    }

    /// Waits until `n` requests came in all, to any path; `false` when they did not within `limit` (real time).
    pub async fn wait_for_total(&self, n: usize, limit: Duration) -> bool {
        let mut total = self.shared.core.log.total();
        within(
            limit,
            async move { total.wait_for(|total| *total >= n).await.is_ok() },
        )
        .await
        .unwrap_or(false)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.service.accepted()
    }

    /// Closes the port and all connections, as a server that goes down. Done when they are closed.
    pub async fn stop(&self) {
        self.shared.service.stop().await;
    }

    /// Comes back on the same port, with all it knew.
    ///
    /// # Panics
    /// When another process took the port meanwhile and keeps it for five seconds.
    pub async fn start_again(&self) {
        let started = self.shared.service.start_again().await;
        started.unwrap_or_else(|error| panic!("port {} is not to be had again: {error}", self.port()));
    }
}

impl Core {
    async fn serve(&self, stream: TcpStream) {
        match self.transport.accept(Box::new(stream)).await {
            Ok(mut stream) => {
                if let Err(error) = self.requests(&mut stream).await {
                    log::debug!("a client of a simulated server went away: {error}");
                }
            }
            Err(error) => log::debug!("a TLS handshake with a simulated server failed: {error}"),
        }
    }

    async fn requests(&self, stream: &mut AnyStream) -> io::Result<()> {
        let mut buffer = BytesMut::new();
        loop {
            let Incoming { request, keep_alive } = match read::request(stream, &mut buffer).await {
                Ok(incoming) => incoming,
                Err(Refusal::Gone) => break,
                Err(Refusal::Status(status, why)) => {
                    respond::whole(stream, &Answer::error(status, why)).await?;
                    break;
                }
            };
            let fault = self.faults.take(&request.method, &request.target());
            let answer = fault
                .as_ref()
                .and_then(Fault::instead)
                .unwrap_or_else(|| (self.handler)(&request));
            // After the system acted: a test that waits for this request finds what it did.
            self.log.push(request);
            let after = respond::respond(stream, fault, answer).await?;
            if after == After::Close || !keep_alive {
                break;
            }
        }
        stream.shutdown().await
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
