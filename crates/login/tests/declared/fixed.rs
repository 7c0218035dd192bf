//! `basic`, `bearer` and `digest`: nothing is signed in to, and each call is a try of the password.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use monitor_simulator::http::{Answer, Request};

use super::*;

fn is_basic(request: &Request, password: &str) -> bool {
    let pair = STANDARD.encode(format!("ann:{password}"));
    request.header("authorization") == Some(&format!("Basic {pair}"))
}

async fn basic_server() -> HttpServer {
    server(
        |request| match (is_basic(request, PASSWORD), request.path.as_str()) {
            (false, _) | (_, "/private") => {
                Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"")
            }
            _ => reading(),
        },
    )
    .await
}

#[tokio::test]
async fn user_and_password_go_along_with_every_call() {
    let server = basic_server().await;
    let keys = format!("username = 'ann'\npassword = '{PASSWORD}'");
    let system = system(&server.url(), "basic", &keys, &TestClock::new());
    for _ in 0..3 {
        assert_eq!(total(&system).await.unwrap(), 7);
    }
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn sixty_metrics_with_a_wrong_password_are_one_wrong_try() {
    let server = basic_server().await;
    let clock = TestClock::new();
    let system = system(
        &server.url(),
        "basic",
        "username = 'ann'\npassword = 'wrong one'",
        &clock,
    );
    let calls = (0..60).map(|_| total(&system));
    for result in futures_util::future::join_all(calls).await {
        let error = result.unwrap_err();
        assert!(is_refused(&error), "{error}");
    }
    assert_eq!(server.requests().len(), 1);
    for (minutes, tries) in [(1, 2), (1, 2), (2, 3), (8, 3), (1, 4)] {
        clock.advance(Duration::from_secs(60 * minutes));
        assert!(is_refused(&total(&system).await.unwrap_err()));
        assert_eq!(server.requests().len(), tries, "after 1, then 3, then 9 minutes");
    }
}

#[tokio::test]
async fn a_path_that_is_refused_whatever_the_password_ends_no_other() {
    let server = basic_server().await;
    let keys = format!("username = 'ann'\npassword = '{PASSWORD}'");
    let system = system(&server.url(), "basic", &keys, &TestClock::new());
    assert_eq!(total(&system).await.unwrap(), 7);
    let error = system
        .call(Call::get(system.url("/private").unwrap()))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::SignedOut { .. }), "{error}");
    assert_eq!(total(&system).await.unwrap(), 7);
}

#[tokio::test]
async fn a_fixed_token_goes_into_its_header() {
    for (keys, header, value) in [
        ("", "authorization", "Bearer t-1234567"),
        ("header = 'X-Api-Key'", "x-api-key", "t-1234567"),
        (
            "header = 'X-Api-Key'\nscheme = 'Key'",
            "x-api-key",
            "Key t-1234567",
        ),
        ("scheme = ''", "authorization", "t-1234567"),
    ] {
        let server = server(move |request| match request.header(header) == Some(value) {
            true => reading(),
            false => Answer::status(401),
        })
        .await;
        let keys = format!("token = 't-1234567'\n{keys}");
        let system = system(&server.url(), "bearer", &keys, &TestClock::new());
        assert_eq!(total(&system).await.unwrap(), 7, "{keys}");
    }
}

/// A server of RFC 7616 that gives a new nonce after `uses` calls.
async fn digest_server(algorithm: &'static str, uses: usize) -> HttpServer {
    let counted = Mutex::new((1_usize, 0_usize));
    server(move |request| {
        let mut counted = counted.lock().unwrap();
        let nonce = format!("nonce{}", counted.0);
        let sent = request.header("authorization").unwrap_or_default();
        let has = |part: &str| sent.contains(part);
        // What proves the password is checked against an implementation of its own in the real-server test.
        let is_it = has("Digest ")
            && has(&format!("nonce=\"{nonce}\""))
            && has("username=\"ann\"")
            && has("uri=\"/total\"");
        if is_it && counted.1 < uses {
            counted.1 += 1;
            return reading();
        }
        if is_it {
            *counted = (counted.0 + 1, 0);
        }
        let nonce = format!("nonce{}", counted.0);
        let challenge = format!(
            "Digest realm=\"r\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", opaque=\"o\""
        );
        Answer::status(401).header("WWW-Authenticate", &challenge)
    })
    .await
}

#[tokio::test]
async fn a_digest_answers_the_challenge_and_the_next_ones() {
    for algorithm in ["MD5", "SHA-256"] {
        let server = digest_server(algorithm, 2).await;
        let keys = "username = 'ann'\npassword = 'hunter2'";
        let system = system(&server.url(), "digest", keys, &TestClock::new());
        for _ in 0..5 {
            assert_eq!(total(&system).await.unwrap(), 7, "{algorithm}");
        }
        // One challenge at the start and one for each nonce that was used up.
        assert_eq!(server.requests().len(), 5 + 3, "{algorithm}");
        let sent = format!("{:?}", server.requests());
        assert!(!sent.contains("hunter2"));
    }
}
