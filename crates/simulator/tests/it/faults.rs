//! Each HTTP fault as it shows on the wire, and the server itself.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use monitor_simulator::http::Answer;
use monitor_simulator::{Fault, HttpServer, Request, Times};
use serde_json::json;

use crate::wire::{PATIENCE, connect, get, request, send};

/// Answers each request with its method and path.
async fn echo() -> HttpServer {
    HttpServer::start(|request: &Request| match request.path.as_str() {
        "/nothing" => Answer::status(204),
        path => Answer::json(200, &json!({ "echo": format!("{} {path}", request.method) })),
    })
    .await
}

#[tokio::test]
async fn without_a_fault_the_answer_is_whole() {
    let server = echo().await;
    let raw = get(server.port(), "/a?b=c").unwrap();
    assert_eq!((raw.status, raw.json()), (200, json!({ "echo": "GET /a" })));
    assert_eq!(
        raw.header("Content-Length").unwrap().parse::<usize>().unwrap(),
        raw.body.len()
    );
    let raw = get(server.port(), "/nothing").unwrap();
    assert_eq!(
        (raw.status, raw.header("Content-Length"), raw.body.len()),
        (204, None, 0)
    );

    let received = &server.requests()[0];
    assert_eq!(
        (
            received.method.as_str(),
            received.path.as_str(),
            received.query.as_str()
        ),
        ("GET", "/a", "b=c")
    );
    assert_eq!(received.header("HOST"), Some("test"));
    assert_eq!(
        (
            server.count("GET", "/a"),
            server.count("POST", "/a"),
            server.connections()
        ),
        (1, 0, 2)
    );
}

#[tokio::test]
async fn a_status_with_or_without_headers_so_many_times() {
    let server = echo().await;
    server.fault("/a", Fault::Status(500), Times::N(2));
    server.fault(
        "/a",
        Fault::StatusWith(429, vec![("Retry-After".into(), "7".into())]),
        Times::Once,
    );
    assert_eq!(get(server.port(), "/b").unwrap().status, 200);
    assert_eq!(get(server.port(), "/a").unwrap().status, 500);
    assert_eq!(get(server.port(), "/a?x=1").unwrap().status, 500);
    let limited = get(server.port(), "/a").unwrap();
    assert_eq!((limited.status, limited.header("Retry-After")), (429, Some("7")));
    assert_eq!(get(server.port(), "/a").unwrap().status, 200);
    assert_eq!(server.count("GET", "/a"), 4, "faulty ones are counted");
}

#[tokio::test]
async fn a_delayed_head() {
    let server = echo().await;
    server.fault("/", Fault::DelayHead(Duration::from_millis(60)), Times::Once);
    let start = Instant::now();
    assert_eq!(get(server.port(), "/").unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_slow_body_comes_after_its_head() {
    let server = echo().await;
    let slow = Duration::from_millis(200);
    server.fault("/", Fault::SlowBody(slow), Times::Once);
    let mut stream = connect(server.port());
    let start = Instant::now();
    stream.write_all(&request("GET", "/", &[], "")).unwrap();
    let mut read = Vec::new();
    while !read.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    // The head's last byte was sent alone: nothing of the body is there yet, or at least not all of it.
    let mut body = Vec::new();
    let mut pieces = 0;
    let mut piece = [0; 1024];
    loop {
        match stream.read(&mut piece).unwrap() {
            0 => break,
            length => body.extend_from_slice(&piece[..length]),
        }
        pieces += 1;
    }
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
        json!({ "echo": "GET /" })
    );
    assert!(
        start.elapsed() >= slow && pieces > 1,
        "{pieces} pieces in {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_truncated_body_and_one_that_never_was() {
    let server = echo().await;
    server.fault("/", Fault::Truncate, Times::Always);
    for path in ["/a", "/nothing"] {
        let raw = get(server.port(), path).unwrap();
        let announced: usize = raw.header("Content-Length").unwrap().parse().unwrap();
        assert_eq!(raw.status, 200);
        assert_eq!(raw.body.len(), announced / 2, "{raw:?}");
    }
}

#[tokio::test]
async fn html_a_redirect_and_any_body() {
    let server = echo().await;
    server.fault("/", Fault::Html, Times::Once);
    server.fault("/", Fault::Redirect("/login?next=1".into()), Times::Once);
    server.fault(
        "/",
        Fault::Body("application/json".into(), "{\"total\":\"many\"}".into()),
        Times::Once,
    );
    let html = get(server.port(), "/").unwrap();
    assert_eq!(
        (html.status, html.header("Content-Type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(html.text().contains("<form"));
    let redirect = get(server.port(), "/").unwrap();
    assert_eq!(
        (redirect.status, redirect.header("Location")),
        (302, Some("/login?next=1"))
    );
    assert_eq!(
        get(server.port(), "/").unwrap().json(),
        json!({ "total": "many" })
    );
}

#[tokio::test]
async fn a_huge_body_tells_no_length_and_is_json_to_its_end() {
    let server = echo().await;
    server.fault("/", Fault::Huge(3_000_000), Times::Once);
    let raw = get(server.port(), "/").unwrap();
    assert_eq!(raw.header("Content-Length"), None);
    let body = raw.unchunked();
    assert!(body.len() >= 3_000_000);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
        json!({ "total": 1 })
    );
}

#[tokio::test]
async fn a_gzip_bomb_is_small_until_it_is_unpacked() {
    let server = echo().await;
    server.fault("/", Fault::GzipBomb(20_000_000), Times::Once);
    let raw = get(server.port(), "/").unwrap();
    assert_eq!(raw.header("Content-Encoding"), Some("gzip"));
    assert!(raw.body.len() < 200_000, "{} bytes", raw.body.len());
    let mut body = Vec::new();
    // Checks the sum and the length at the end as well.
    flate2::read::GzDecoder::new(raw.unchunked().as_slice())
        .read_to_end(&mut body)
        .unwrap();
    assert!(body.len() >= 20_000_000);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
        json!({ "total": 1 })
    );
}

#[tokio::test]
async fn closed_at_once_and_an_answer_that_is_lost() {
    let server = echo().await;
    server.fault("/", Fault::CloseAtOnce, Times::Once);
    server.fault("/", Fault::LoseAnswer, Times::Once);
    assert!(get(server.port(), "/").is_none());
    assert!(get(server.port(), "/").is_none());
    assert_eq!(get(server.port(), "/").unwrap().status, 200);
}

#[tokio::test]
async fn a_hanging_answer_never_comes_and_holds_up_nobody_else() {
    let server = echo().await;
    server.fault("GET /", Fault::Hang, Times::Once);
    let mut hanging = connect(server.port());
    hanging.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    hanging.write_all(&request("GET", "/", &[], "")).unwrap();
    assert!(server.wait_for("GET", "/", 1, PATIENCE).await);
    let nothing = hanging.read(&mut [0]).unwrap_err();
    assert!(
        matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{nothing}"
    );
    assert_eq!(get(server.port(), "/").unwrap().status, 200);
}

#[tokio::test]
async fn faults_are_taken_back_and_meant_for_one_method() {
    let server = echo().await;
    server.fault("POST /", Fault::Status(503), Times::Always);
    assert_eq!(get(server.port(), "/").unwrap().status, 200);
    assert_eq!(send(server.port(), "POST", "/", &[], "{}").unwrap().status, 503);
    server.clear_faults();
    assert_eq!(send(server.port(), "POST", "/", &[], "{}").unwrap().status, 200);
}

#[tokio::test]
async fn down_is_refused_and_back_is_the_same_port() {
    let server = echo().await;
    let port = server.port();
    let mut open = connect(port);
    open.write_all(b"GET /kept HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    assert!(open.read(&mut [0; 1024]).unwrap() > 0);

    server.stop().await;
    server.stop().await;
    assert_eq!(
        open.read(&mut [0; 1024]).unwrap_or(0),
        0,
        "open connections are closed"
    );
    assert_eq!(
        TcpStream::connect(("127.0.0.1", port)).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );

    server.start_again().await;
    assert_eq!((server.port(), get(port, "/").unwrap().status), (port, 200));
    assert_eq!(server.count("GET", "/kept"), 1, "it remembers");

    let taken = HttpServer::start_on(port, |_| Answer::status(204)).await;
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::AddrInUse);

    let another = server.clone();
    drop(server);
    assert_eq!(get(port, "/").unwrap().status, 200, "one owner is left");
    drop(another);
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(start.elapsed() < PATIENCE, "a dropped server still listens");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn requests_follow_one_another_on_a_connection_and_bodies_come_in_chunks() {
    let server = echo().await;
    let mut stream = connect(server.port());
    let two = "POST /one HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n\
        GET /two HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    stream.write_all(two.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert!(
        answers.contains("POST /one") && answers.ends_with("{\"echo\":\"GET /two\"}"),
        "{answers}"
    );
    assert_eq!(server.requests()[0].body, "abcde");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn nonsense_is_refused_and_the_server_lives() {
    let server = echo().await;
    for (nonsense, status) in [
        ("\u{1}\u{2} nonsense\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_owned(), "400"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n".to_owned(),
            "413",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n".to_owned(),
            "413",
        ),
        (format!("GET / HTTP/1.1\r\nLong: {}", "x".repeat(70_000)), "431"),
    ] {
        let mut stream = connect(server.port());
        stream.write_all(nonsense.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{nonsense:.60}: {answer}"
        );
    }
    assert_eq!(get(server.port(), "/").unwrap().status, 200);
}

#[test]
fn a_server_outlives_the_runtime_it_was_started_on() {
    let server = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(echo());
    assert_eq!(get(server.port(), "/").unwrap().status, 200);
}
