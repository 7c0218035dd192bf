//! Timeouts and connections that do not come about, each reported as what it is.

use std::time::Duration;

use monitor_domain::SystemClock;
use monitor_requests::{ClientConfig, ErrorKind, HeaderValue, Phase, Request, Url};
use tokio::net::TcpListener;

use crate::server::{Reply, Server, client, single};
use crate::time::TestClock;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_timeout_says_what_was_waited_for_and_covers_the_body_too() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".to_vec();
    for (sent, phase, says) in [
        (
            Vec::new(),
            Phase::FirstByte,
            "timed out after 5s waiting for the first byte",
        ),
        (head, Phase::Body, "timed out after 5s while reading the body"),
    ] {
        let server = Server::start(move |_| Reply::Stall(sent.clone())).await;
        let clock = TestClock::new(Duration::ZERO);
        let client = client(
            ClientConfig {
                retries: 0,
                ..ClientConfig::default()
            },
            clock.clone(),
        );
        let request = server.get("/slow");
        let call = tokio::spawn(async move { client.send(&request).await });
        server.saw(1).await;
        // The head, where there is one, must have been read before time runs out.
        tokio::time::sleep(Duration::from_millis(30)).await;
        clock.advance(5 * SECOND - Duration::from_millis(1));
        tokio::task::yield_now().await;
        assert!(!call.is_finished());
        clock.advance(Duration::from_millis(1));
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(
            error.kind,
            ErrorKind::Timeout {
                phase,
                after: 5 * SECOND
            }
        );
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.is_transient() && !error.nothing_sent());
        assert_eq!(error.elapsed, 5 * SECOND);
        assert_eq!(clock.sleepers(), 0, "nothing goes on waiting");
    }
}

#[tokio::test]
async fn a_request_may_have_its_own_timeout() {
    let server = Server::start(|_| Reply::Stall(Vec::new())).await;
    let error = single()
        .send(&server.get("/").timeout(Duration::from_millis(20)))
        .await
        .unwrap_err();
    let after = Duration::from_millis(20);
    assert_eq!(
        error.kind,
        ErrorKind::Timeout {
            phase: Phase::FirstByte,
            after
        }
    );
}

#[tokio::test]
async fn connecting_has_a_limit_of_its_own_in_which_nothing_was_sent() {
    // Accepts the connection and never says a word of TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect_timeout = Duration::from_millis(50);
    let config = ClientConfig {
        connect_timeout,
        retries: 0,
        ..ClientConfig::default()
    };
    let url = Url::parse(&format!("https://127.0.0.1:{port}/")).unwrap();
    let error = client(config, SystemClock::shared())
        .send(&Request::post(url))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        ErrorKind::Timeout {
            phase: Phase::Connect,
            after: connect_timeout
        }
    );
    assert!(error.nothing_sent());
    drop(listener);
}

#[tokio::test]
async fn a_name_without_address_is_dns() {
    // RFC 6761, 6.4: .invalid never resolves.
    let url = Url::parse("http://no-such-host.invalid/").unwrap();
    let error = single().send(&Request::get(url)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Dns, "{error}");
    assert!(error.is_transient() && error.nothing_sent());
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_an_error_and_no_panic() {
    let ftp = Request::get(Url::parse("ftp://127.0.0.1/").unwrap());
    let none = Request::get(Url::parse("data:text/plain,x").unwrap());
    let split = Request::get(Url::parse("http://127.0.0.1/").unwrap()).bearer(&"hunter2\n".into());
    for request in [ftp, none, split] {
        let error = single().send(&request).await.unwrap_err();
        assert!(error.nothing_sent(), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[tokio::test]
async fn errors_and_their_debug_hold_no_secret_of_the_request() {
    let server = Server::start(|_| Reply::Bytes(Vec::new())).await;
    let mut url = server.url("/p?access_token=hunter2&n=1#hunter3");
    url.set_password(Some("hunter4")).unwrap();
    let request = Request::post(url)
        .bearer(&"hunter5".into())
        .header("x-api-key".parse().unwrap(), HeaderValue::from_static("hunter6"))
        .form(&[("password", "hunter7")]);
    let error = single().send(&request).await.unwrap_err();
    let shown = format!("{error} {error:?} {request:?}");
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(shown.contains("/p?access_token&n"), "{shown}");
    let secret = Request::post(server.url("/hooks/hunter8")).secret_url();
    let error = single().send(&secret).await.unwrap_err();
    assert!(
        !format!("{error} {error:?} {secret:?}").contains("hunter"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_request_keeps_is_shown_neither_of_it_nor_of_its_answer() {
    let ticket = "hunter9/+a b-hunter9";
    let server = Server::start(|_| {
        let echo = "no hunter9/+a b-hunter9, hunter9%2F%2Ba%20b-hunter9 at /t/hunter9%2f%2Ba%20b-hunter9/x";
        let head = "HTTP/1.1 404 Not Found\r\nLocation: /t/hunter9%2F%2Ba%20b-hunter9/y\r\n";
        Reply::Bytes(format!("{head}Content-Length: {}\r\n\r\n{echo}", echo.len()).into())
    })
    .await;
    let url = server.url("/t/hunter9%2F%2Ba%20b-hunter9/x?n=1");
    let request = Request::get(url).with_secrets([ticket.into()]);
    let response = single().send(&request).await.unwrap();
    let shown = format!(
        "{request:?} {response:?} {} {}",
        response.shown_url(),
        response.shown_location().unwrap()
    );
    let error = response.require_success().unwrap_err();
    let shown = format!("{shown} {error} {error:?} {}", request.shown_path());
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(
        error.to_string().contains("/t/[redacted]/x?n: answered 404"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("no [redacted], [redacted] at /t/[redacted]/x"),
        "{error}"
    );
}
