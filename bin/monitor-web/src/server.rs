//! Serving the web on a listener until it is to stop.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::ServiceConfig;
use monitor_domain::counted;
use tokio_util::sync::CancellationToken;

use crate::app::app;
use crate::context::WebContext;
use crate::guard::check_bind;
use crate::presence;
use crate::state::WebState;

/// Threads that answer; there is little to compute.
const WORKERS: usize = 2;
/// Connections at once on each of them, live ones among them.
const CONNECTIONS: usize = 2_048;
/// How long a client may take to send a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(75);
/// How long requests under way may take at the end. With the second of actix, of `presence` and of closing the database
/// it is within the 10 s that supervisors are set to.
const FINISH: Duration = Duration::from_secs(6);

/// Serves the web on `listener` until `shutdown`: then nothing new is taken, requests under way are finished, live
/// connections are closed, and it returns. While it serves it is in the table `worker`, with the role `web`. `extra` adds
/// routes, which pass the same guard as its own; a [`RouteTable`](crate::RouteTable) makes them say who may call them.
///
/// It handles no signals: the caller does, and cancels `shutdown`.
///
/// # Errors
/// A listener off loopback (`PermissionDenied`, see [`BindError`](crate::BindError)), page templates with mistakes
/// (`InvalidInput`), or what the system said.
pub async fn serve(
    listener: TcpListener,
    ctx: WebContext,
    extra: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    shutdown: CancellationToken,
) -> io::Result<()> {
    check_bind(listener.local_addr()?).map_err(|e| io::Error::new(io::ErrorKind::PermissionDenied, e))?;
    let live = shutdown.child_token();
    let (presence, db, clock) = (ctx.presence.clone(), ctx.db.clone(), ctx.clock.clone());
    let started = WebState::start(ctx, live.clone()).await;
    let state = started.map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let in_flight = state.in_flight.clone();
    let server = HttpServer::new(move || app(state.clone(), extra.clone()))
        .workers(WORKERS)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD)
        .keep_alive(IDLE)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
    let presence = tokio::spawn(presence::keep(presence, db, clock, live.clone()));
    let handle = server.handle();
    let stopper = async move {
        shutdown.cancelled().await;
        handle.pause().await;
        // actix would also wait for idle connections to close, which they do not; so the requests are counted here.
        let finished = async {
            while in_flight.count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            log::warn!("cut off at the end: {}", counted(in_flight.count(), "request"));
        }
        handle.stop(false).await;
    };
    tokio::pin!(server);
    let result = tokio::select! {
        result = &mut server => result,
        () = stopper => server.await,
    };
    live.cancel();
    if let Err(error) = presence.await {
        log::error!("the task that keeps this web on the list of processes failed: {error}");
    }
    result
}
