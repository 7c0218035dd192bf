//! A TCP proxy that a test can freeze.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes between its clients and one server, until it is frozen: then it goes on to accept connections and to take
/// bytes, which the operating system acknowledges, and passes nothing on. No connection breaks, and nobody is answered.
/// What was taken is passed on at the thaw. It ends, and with it its connections, when it is dropped.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
/// let proxy = monitor_testkit::Proxy::start(server.local_addr().unwrap()).await.unwrap();
/// let client = tokio::net::TcpStream::connect(proxy.address()).await;
/// assert!(client.is_ok());
/// proxy.freeze();
/// # });
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    is_frozen: watch::Sender<bool>,
}

impl Proxy {
    /// A proxy of `server` on a free port of loopback.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(server: SocketAddr) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (is_frozen, frozen) = watch::channel(false);
        tokio::spawn(async move {
            let mut ended = frozen.clone();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((client, _)) = accepted else { return };
                        tokio::spawn(serve(client, server, frozen.clone()));
                    }
                    () = end(&mut ended) => return,
                }
            }
        });
        Ok(Proxy { address, is_frozen })
    }

    /// Where its clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same URL, with this proxy as its server.
    pub fn url(&self, url: &str) -> String {
        let (before, after) = url.rsplit_once('@').unwrap_or(("", url));
        let rest = after.find('/').map_or("", |at| after.split_at(at).1);
        format!("{before}@{}{rest}", self.address)
    }

    /// From now on no byte is passed on.
    pub fn freeze(&self) {
        self.is_frozen.send_replace(true);
    }

    /// Goes on, with what was taken meanwhile.
    pub fn thaw(&self) {
        self.is_frozen.send_replace(false);
    }
}

/// Waits until the proxy is dropped.
async fn end(frozen: &mut watch::Receiver<bool>) {
    while frozen.changed().await.is_ok() {}
}

async fn serve(client: TcpStream, server: SocketAddr, frozen: watch::Receiver<bool>) {
    let mut thawed = frozen.clone();
    if thawed.wait_for(|is_frozen| !is_frozen).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut ended = frozen.clone();
    tokio::select! {
        () = async {
            tokio::join!(
                pass(from_client, to_server, frozen.clone()),
                pass(from_server, to_client, frozen.clone()),
            );
        } => {}
        () = end(&mut ended) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut frozen: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut bytes).await.unwrap_or(0);
        if frozen.wait_for(|is_frozen| !is_frozen).await.is_err() {
            return;
        }
        if read == 0 {
            // The other side may still have something to say.
            let _: io::Result<()> = to.shutdown().await;
            return;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
