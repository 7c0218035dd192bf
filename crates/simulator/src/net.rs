//! What all simulated servers share: a runtime of their own and a listener that stops and comes back on its port.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::ports::bind_any;

/// Connections open at once; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 4096;

/// How long [`Service::start_again`] waits for its port.
const PORT_PATIENCE: Duration = Duration::from_secs(5);

/// What is done with a connection.
pub(crate) type Serve = Arc<dyn Fn(TcpStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// The servers' runtime: a test that blocks its own thread, pauses its time or ends its runtime does not touch them.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("simulator").enable_all();
        builder
            .build()
            .expect("a process that cannot have two more threads cannot run tests either")
    })
}

/// Waits in real time, on the servers' runtime: the caller's may be paused or have no timer.
pub(crate) async fn within<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let waiting = runtime().spawn(async move { tokio::time::timeout(limit, work).await.ok() });
    waiting.await.ok().flatten()
}

/// A listener, by preference on 127.0.0.1. It stops when dropped.
pub(crate) struct Service {
    address: SocketAddr,
    serve: Serve,
    accepted: Arc<AtomicUsize>,
    running: Mutex<Option<Running>>,
}

struct Running {
    // Dropping it stops the accept loop as well.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Service {
    /// Listens on `address`, or on any free port of it for 0.
    pub(crate) fn start(address: SocketAddr, serve: Serve) -> io::Result<Service> {
        let listener = if address.port() == 0 {
            bind_any(|port| bind(SocketAddr::new(address.ip(), port)))?
        } else {
            bind(address)?
        };
        let service = Service {
            address: listener.local_addr()?,
            serve,
            accepted: Arc::default(),
            running: Mutex::new(None),
        };
        service.run(listener);
        Ok(service)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where a client on this machine reaches it.
    pub(crate) fn reached_at(&self) -> SocketAddr {
        let mut address = self.address;
        match address {
            SocketAddr::V4(any) if any.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(any) if any.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        address
    }

    /// How many connections were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Closes the listener and all connections; done when they are closed. Nothing when stopped already.
    pub(crate) async fn stop(&self) {
        let running = lock(&self.running).take();
        if let Some(Running { stop, task }) = running {
            // A loop that ended by itself has nobody who listens.
            let _ = stop.send(());
            drop(task.await);
        }
    }

    /// Listens again on the same port. Nothing when it runs.
    pub(crate) async fn start_again(&self) -> io::Result<()> {
        if lock(&self.running).is_some() {
            return Ok(());
        }
        let address = self.address;
        let patient = runtime().spawn(async move {
            let start = tokio::time::Instant::now();
            loop {
                match bind(address) {
                    Err(error)
                        if error.kind() == io::ErrorKind::AddrInUse && start.elapsed() < PORT_PATIENCE =>
                    {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    done => return done,
                }
            }
        });
        self.run(patient.await.map_err(io::Error::other)??);
        Ok(())
    }

    fn run(&self, listener: TcpListener) {
        let (stop, stopped) = oneshot::channel();
        let task = runtime().spawn(accept(
            listener,
            self.serve.clone(),
            self.accepted.clone(),
            stopped,
        ));
        *lock(&self.running) = Some(Running { stop, task });
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("address", &self.address)
            .field("running", &lock(&self.running).is_some())
            .finish()
    }
}

/// A test that panicked while it held a lock leaves nothing half done in any of our states.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port of 127.0.0.1.
pub(crate) fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    // Sets SO_REUSEADDR: closed connections of a moment ago do not keep the port.
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let _in_runtime = runtime().enter();
    TcpListener::from_std(listener)
}

async fn accept(
    listener: TcpListener,
    serve: Serve,
    count: Arc<AtomicUsize>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    // Small answers must not wait for acknowledgements; where this fails, the connection is gone.
                    drop(stream.set_nodelay(true));
                    connections.spawn(serve(stream));
                }
                Err(error) => {
                    log::warn!("a simulated server could not accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}
