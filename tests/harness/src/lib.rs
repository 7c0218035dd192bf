//! The engine in a test: real simulated systems, a real mail server, a database of its own, and the same assembly as the
//! programs use. It knows no web and starts no process; the end-to-end suite adds those.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::{Arc, Mutex};

use monitor_simulator::http::{Answer, HttpServer, Request};

mod app;
mod clock;
mod config;
mod reload;

pub use app::{Backend, Home, TestApp};
pub use clock::JumpClock;
pub use config::{Config, Upstreams};
pub use reload::ConfigFiles;

/// A system that gives one answer to every call, until the test gives it another.
pub async fn answering(first: Answer) -> (HttpServer, Arc<Mutex<Answer>>) {
    let answer = Arc::new(Mutex::new(first));
    let given = Arc::clone(&answer);
    let server = HttpServer::start(move |_: &Request| given.lock().unwrap().clone()).await;
    (server, answer)
}

/// Waits until `check` gives something, polling often; panics with `what` after some minutes, which only a machine that stands still
/// needs. A check may let scripted time pass: where the machine is busy it is made more seldom, so that no more time passes than the
/// program can use.
pub async fn eventually<T, F, Fut>(what: &str, mut check: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let limit = std::time::Duration::from_secs(180);
    let started = std::time::Instant::now();
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(
            started.elapsed() < limit,
            "did not happen within {limit:?}: {what}"
        );
        breathe().await;
    }
}

/// A moment, and longer where the machine is so busy that a moment takes longer than it should.
async fn breathe() {
    let moment = std::time::Duration::from_millis(10);
    let begun = std::time::Instant::now();
    tokio::time::sleep(moment).await;
    let late = begun.elapsed().saturating_sub(moment * 2);
    tokio::time::sleep(late * 10).await;
}

/// One test on each database: `both!(async fn name(app: TestApp) { … })`. A missing PostgreSQL is skipped, loudly.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp $(, $config:expr)?) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run(backend: $crate::Backend) {
                #[allow(unused_mut)]
                let mut config = $crate::Config::default();
                $( config = $config; )?
                #[allow(unused_mut)]
                let Some(mut $app) = $crate::TestApp::start(backend, config).await else { return };
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run($crate::Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run($crate::Backend::Postgres).await;
            }
        }
    };
}
