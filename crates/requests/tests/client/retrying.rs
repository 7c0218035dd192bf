//! What is sent again, how often, after how long.

use std::time::Duration;

use monitor_requests::{ClientConfig, ErrorKind, Request};

use crate::server::{Reply, Server, answer, client, closed_port, ok};
use crate::time::TestClock;

const SECOND: Duration = Duration::from_secs(1);

/// Attempts have 100 s, so that only back-off sleeps are skipped by a clock that skips up to 90 s.
fn config() -> ClientConfig {
    ClientConfig {
        timeout: 100 * SECOND,
        retries: 3,
        breaker_failures: 0,
        ..ClientConfig::default()
    }
}

fn clock() -> std::sync::Arc<TestClock> {
    TestClock::new(90 * SECOND)
}

#[tokio::test]
async fn a_get_is_tried_again_until_it_is_answered() {
    for bad in [429, 500, 502, 503, 504] {
        let server = Server::start(move |n| if n < 2 { answer(bad, &[], b"") } else { ok("1") }).await;
        let clock = clock();
        let response = client(config(), clock.clone())
            .send(&server.get("/"))
            .await
            .unwrap();
        assert_eq!((response.status.as_u16(), response.attempts), (200, 3), "{bad}");
        let slept = clock.slept();
        assert_eq!(slept.len(), 2);
        assert!(slept[0] <= SECOND / 10 && slept[1] <= SECOND / 5, "{slept:?}");
        assert_eq!(response.elapsed, slept.iter().sum::<Duration>());
    }
}

#[tokio::test]
async fn the_last_answer_is_given_whatever_it_is() {
    let server = Server::start(|_| answer(503, &["Content-Type: text/plain"], b"down")).await;
    let response = client(config(), clock()).send(&server.get("/")).await.unwrap();
    assert_eq!(
        (
            response.status.as_u16(),
            response.attempts,
            response.text().as_str()
        ),
        (503, 4, "down")
    );
    let error = response.require_success().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("answered 503 Service Unavailable: down (4 attempts)"),
        "{error}"
    );
    let none = client(config(), clock())
        .send(&server.get("/").retries(0))
        .await
        .unwrap();
    assert_eq!(none.attempts, 1);
}

#[tokio::test]
async fn answers_that_would_be_the_same_again_are_not_asked_for_again() {
    for status in [200, 204, 301, 400, 401, 403, 404, 501] {
        let server = Server::start(move |_| answer(status, &[], b"")).await;
        let response = client(config(), clock()).send(&server.get("/")).await.unwrap();
        assert_eq!((response.status.as_u16(), server.received().len()), (status, 1));
    }
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_for_a_get_and_not_for_a_post() {
    let script = |n| {
        if n == 0 {
            Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec())
        } else {
            ok("1")
        }
    };
    let server = Server::start(script).await;
    assert_eq!(
        client(config(), clock())
            .send(&server.get("/"))
            .await
            .unwrap()
            .attempts,
        2
    );
    let server = Server::start(script).await;
    let error = client(config(), clock())
        .send(&Request::post(server.url("/")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind.clone(), error.attempts, error.nothing_sent()),
        (ErrorKind::Truncated, 1, false)
    );
    let server = Server::start(script).await;
    let request = Request::post(server.url("/")).idempotent(true);
    assert_eq!(
        client(config(), clock()).send(&request).await.unwrap().attempts,
        2
    );
}

#[tokio::test]
async fn a_post_is_not_repeated_for_a_status_but_is_where_nothing_was_sent() {
    let server = Server::start(|_| answer(503, &[], b"")).await;
    let response = client(config(), clock())
        .send(&Request::post(server.url("/")))
        .await
        .unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (503, 1));
    let url = format!("http://127.0.0.1:{}/", closed_port().await)
        .parse()
        .unwrap();
    let error = client(config(), clock())
        .send(&Request::post(url))
        .await
        .unwrap_err();
    assert!(
        matches!(&error.kind, ErrorKind::Connect(why) if why.contains("refused")),
        "{error}"
    );
    assert_eq!((error.attempts, error.nothing_sent()), (4, true));
}

#[tokio::test]
async fn retry_after_is_waited_for_within_the_budget() {
    let server = Server::start(|n| {
        if n == 0 {
            answer(429, &["Retry-After: 60"], b"")
        } else {
            ok("1")
        }
    })
    .await;
    let clock = clock();
    let response = client(config(), clock.clone())
        .send(&server.get("/"))
        .await
        .unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (200, 2));
    assert_eq!(clock.slept(), [60 * SECOND]);
}

#[tokio::test]
async fn a_date_in_retry_after_is_waited_for_by_the_wall_clock() {
    let date = "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT"; // 10 s after the test clock's start
    let server = Server::start(move |n| {
        if n == 0 {
            answer(503, &[date], b"")
        } else {
            ok("1")
        }
    })
    .await;
    let clock = clock();
    client(config(), clock.clone())
        .send(&server.get("/"))
        .await
        .unwrap();
    assert_eq!(clock.slept(), [10 * SECOND]);
}

#[tokio::test]
async fn a_retry_after_beyond_the_budget_is_left_to_the_caller() {
    // The budget is 100 s × (3 + 1).
    let server = Server::start(|_| answer(503, &["Retry-After: 401"], b"")).await;
    let clock = clock();
    let response = client(config(), clock.clone())
        .send(&server.get("/"))
        .await
        .unwrap();
    assert_eq!((response.attempts, clock.slept().len()), (1, 0));
    assert_eq!(
        response.require_success().unwrap_err().retry_after(),
        Some(401 * SECOND)
    );
}
