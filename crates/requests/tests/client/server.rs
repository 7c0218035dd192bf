//! A raw HTTP/1.1 server: one request a connection, the answer is whatever bytes the test wants.

use std::sync::{Arc, Mutex};

use monitor_domain::{SharedClock, SystemClock};
use monitor_requests::{Client, ClientConfig, Request, Url};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What happens to a connection once its request has been read.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for ever.
    Stall(Vec<u8>),
}

/// A server that runs until the test ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers request number n (from 0) with `script(n)`.
    pub(crate) async fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (script, log) = (Arc::new(script), Arc::clone(&received));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Server { port, received }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        Request::get(self.url(path))
    }

    /// The requests so far: head and body as they came.
    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until `n` requests have come.
    pub(crate) async fn saw(&self, n: usize) {
        until(|| self.received().len() >= n).await;
    }
}

/// Lets everything else run until the condition holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

pub(crate) async fn converse<S, F>(mut stream: S, script: Arc<F>, received: Arc<Mutex<Vec<String>>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    F: Fn(usize) -> Reply + Send + Sync + 'static,
{
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    let number = {
        let mut received = received.lock().unwrap();
        received.push(request);
        received.len() - 1
    };
    let (bytes, stall) = match script(number) {
        Reply::Bytes(bytes) => (bytes, false),
        Reply::Stall(bytes) => (bytes, true),
    };
    // The client may have hung up already, which is what some tests are about.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.flush().await;
    if stall {
        std::future::pending::<()>().await;
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length:")
                        .map(|n| n.trim().to_owned())
                })
                .map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A whole answer with its length.
pub(crate) fn answer(status: u16, headers: &[&str], body: &[u8]) -> Reply {
    let mut head = format!(
        "HTTP/1.1 {status} Whatever\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    Reply::Bytes(bytes)
}

pub(crate) fn ok(body: &str) -> Reply {
    answer(200, &["Content-Type: application/json"], body.as_bytes())
}

/// A port of loopback at which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub(crate) fn client(config: ClientConfig, clock: SharedClock) -> Client {
    Client::new(config, clock).unwrap()
}

/// A client that tries once, on the machine's clock.
pub(crate) fn single() -> Client {
    client(
        ClientConfig {
            retries: 0,
            ..ClientConfig::default()
        },
        SystemClock::shared(),
    )
}
