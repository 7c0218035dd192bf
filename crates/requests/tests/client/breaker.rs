//! The breaker as a caller sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use monitor_requests::{ClientConfig, ErrorKind};

use crate::server::{Reply, Server, answer, client};
use crate::time::TestClock;

const SECOND: Duration = Duration::from_secs(1);

fn config(retries: u32) -> ClientConfig {
    ClientConfig {
        retries,
        timeout: 100 * SECOND,
        ..ClientConfig::default()
    }
}

/// A server whose status can be changed.
async fn changing(first: u16) -> (Server, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(first));
    let now = Arc::clone(&status);
    (
        Server::start(move |_| answer(now.load(Ordering::SeqCst), &[], b"")).await,
        status,
    )
}

#[tokio::test]
async fn a_host_that_fails_is_left_alone_and_then_tried_by_one() {
    let (server, status) = changing(500).await;
    let clock = TestClock::new(SECOND);
    let client = client(config(0), clock.clone());
    for _ in 0..5 {
        assert_eq!(client.send(&server.get("/")).await.unwrap().status.as_u16(), 500);
    }
    clock.advance(3 * SECOND);
    let error = client.send(&server.get("/")).await.unwrap_err();
    assert!(
        matches!(error.kind, ErrorKind::CircuitOpen { retry_in, .. } if retry_in == 7 * SECOND),
        "{error}"
    );
    assert_eq!((error.attempts, error.retry_after()), (0, Some(7 * SECOND)));
    assert!(error.is_transient() && error.nothing_sent());
    assert_eq!(server.received().len(), 5, "nothing was sent");

    clock.advance(7 * SECOND);
    assert_eq!(client.send(&server.get("/")).await.unwrap().status.as_u16(), 500);
    assert!(
        client.clone().send(&server.get("/")).await.is_err(),
        "copies share the breaker"
    );

    clock.advance(10 * SECOND);
    status.store(200, Ordering::SeqCst);
    for _ in 0..3 {
        assert!(client.send(&server.get("/")).await.unwrap().status.is_success());
    }
}

#[tokio::test]
async fn while_one_tries_the_others_are_told_to_wait() {
    let server = Server::start(|n| {
        if n < 5 {
            answer(500, &[], b"")
        } else {
            Reply::Stall(Vec::new())
        }
    })
    .await;
    let clock = TestClock::new(SECOND);
    let client = client(config(0), clock.clone());
    for _ in 0..5 {
        client.send(&server.get("/")).await.unwrap();
    }
    clock.advance(10 * SECOND);
    let (trying, request) = (client.clone(), server.get("/"));
    let trial = tokio::spawn(async move { trying.send(&request).await });
    server.saw(6).await;
    assert!(matches!(
        client.send(&server.get("/")).await.unwrap_err().kind,
        ErrorKind::CircuitOpen { .. }
    ));
    // Given up by its caller, the trial leaves no lock behind.
    trial.abort();
    assert!(trial.await.unwrap_err().is_cancelled());
    let request = server.get("/");
    let next = tokio::spawn(async move { client.send(&request).await });
    server.saw(7).await;
    next.abort();
}

#[tokio::test]
async fn retrying_ends_when_the_breaker_opens_with_the_answer_that_opened_it() {
    let (server, _) = changing(503).await;
    let clock = TestClock::new(5 * SECOND);
    let client = client(config(20), clock.clone());
    let response = client.send(&server.get("/")).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (503, 5));
    assert_eq!(clock.slept().len(), 4, "and does not sleep on it");
}

#[tokio::test]
async fn answers_to_a_bad_request_do_not_count_against_the_host() {
    for status in [404, 401, 429] {
        let (server, _) = changing(status).await;
        let client = client(config(0), TestClock::new(SECOND));
        for _ in 0..10 {
            assert_eq!(
                client.send(&server.get("/")).await.unwrap().status.as_u16(),
                status
            );
        }
    }
}
