//! Reading the answer: whole, limited, cut short, compressed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use monitor_domain::SystemClock;
use monitor_requests::{ClientConfig, ErrorKind, Method, Request, StatusCode};

use crate::server::{Reply, Server, answer, client, ok, single};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn limited(max_body: u64) -> monitor_requests::Client {
    client(
        ClientConfig {
            max_body,
            retries: 0,
            ..ClientConfig::default()
        },
        SystemClock::shared(),
    )
}

#[tokio::test]
async fn a_request_arrives_as_built_and_its_answer_is_read_whole() {
    let server = Server::start(|_| ok(r#"{"total":131}"#)).await;
    let config = ClientConfig {
        headers: [("X-Tenant".to_owned(), "t1".to_owned())].into(),
        ..ClientConfig::default()
    };
    let request = Request::post(server.url("/api?total=3"))
        .json(&serde_json::json!({"kind":"x"}))
        .bearer(&"tok".into());
    let response = client(config, SystemClock::shared())
        .send(&request)
        .await
        .unwrap();
    assert_eq!((response.status, response.attempts), (StatusCode::OK, 1));
    assert_eq!(response.json::<serde_json::Value>().unwrap()["total"], 131);
    let received = server.received().remove(0).to_lowercase();
    assert!(
        received.starts_with("post /api?total=3 http/1.1\r\n"),
        "{received}"
    );
    for part in [
        "authorization: bearer tok\r\n",
        "content-type: application/json\r\n",
        "x-tenant: t1\r\n",
        "user-agent: monitor/",
        "accept-encoding: gzip\r\n",
        "\r\n\r\n{\"kind\":\"x\"}",
    ] {
        assert!(received.contains(part), "{part} not in {received}");
    }
}

#[tokio::test]
async fn userinfo_of_a_url_is_sent_as_basic_authentication_and_a_given_header_wins() {
    let server = Server::start(|_| ok("{}")).await;
    let mut url = server.url("/");
    url.set_username("Aladdin").unwrap();
    url.set_password(Some("open sesame")).unwrap();
    single().send(&Request::get(url.clone())).await.unwrap();
    single()
        .send(&Request::get(url).bearer(&"tok".into()))
        .await
        .unwrap();
    let received = server.received();
    assert!(
        received[0].contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
        "{}",
        received[0]
    );
    assert!(
        received[1].contains("authorization: Bearer tok\r\n") && !received[1].contains("Basic"),
        "{}",
        received[1]
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = Server::start(|_| answer(302, &["Location: /login"], b"")).await;
    let response = single().send(&server.get("/api")).await.unwrap();
    assert_eq!(response.status, StatusCode::FOUND);
    assert_eq!(response.location(), Some(server.url("/login")));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn the_limit_is_inclusive_and_an_announced_excess_is_not_read() {
    let server = Server::start(|_| ok("0123456789")).await;
    assert_eq!(limited(10).send(&server.get("/")).await.unwrap().body.len(), 10);
    let error = limited(9).send(&server.get("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 9 });
    assert!(!error.is_transient());
    // It announces a gigabyte and sends none of it: reading on would never end.
    let server =
        Server::start(|_| Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".to_vec()))
            .await;
    let error = limited(1_000).send(&server.get("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 1_000 });
}

#[tokio::test]
async fn a_body_without_length_is_limited_while_it_is_read() {
    let server = Server::start(|_| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..50 {
            bytes.extend_from_slice(b"64\r\n");
            bytes.extend_from_slice(&[b'x'; 100]);
            bytes.extend_from_slice(b"\r\n");
        }
        Reply::Stall(bytes)
    })
    .await;
    let error = limited(4_999).send(&server.get("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 4_999 });
}

#[tokio::test]
async fn gzip_is_unpacked_and_a_bomb_is_dropped() {
    let server = Server::start(|_| answer(200, &["Content-Encoding: gzip"], &gzip(br#"{"total":1}"#))).await;
    assert_eq!(
        single().send(&server.get("/")).await.unwrap().text(),
        r#"{"total":1}"#
    );
    let bomb = gzip(&vec![0; 20_000_000]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let server = Server::start(move |_| answer(200, &["Content-Encoding: gzip"], &bomb)).await;
    let error = limited(1_000_000).send(&server.get("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge { limit: 1_000_000 });
}

fn packed(encoding: &str, body: Vec<u8>) -> impl Fn(usize) -> Reply + Send + Sync + 'static {
    let header = format!("Content-Encoding: {encoding}");
    move |_| answer(200, &[&header], &body)
}

#[tokio::test]
async fn gzip_is_read_by_each_of_its_names_and_in_several_members() {
    let two = [gzip(br#"{"total":"#), gzip(b"12}")].concat();
    let three = [two.clone(), gzip(b" ")].concat();
    let twice = gzip(&gzip(br#"{"total":12}"#));
    let once = gzip(br#"{"total":12}"#);
    for (encoding, body) in [
        ("GZIP", once.clone()),
        ("x-gzip", once.clone()),
        ("X-GZip", once.clone()),
        ("gzip, identity", once),
        ("gzip", two.clone()),
        ("x-gzip", two),
        ("gzip", three),
        ("gzip, x-gzip", twice),
        ("identity", br#"{"total":12}"#.to_vec()),
        ("", br#"{"total":12}"#.to_vec()),
    ] {
        let server = Server::start(packed(encoding, body)).await;
        let response = single().send(&server.get("/")).await.unwrap();
        assert_eq!(
            response.json::<serde_json::Value>().unwrap()["total"],
            12,
            "{encoding}"
        );
    }
    let server = Server::start(packed("br", Vec::new())).await;
    let empty = single().send(&server.get("/")).await.unwrap();
    assert!(empty.body.is_empty(), "nothing is in no encoding");
}

#[tokio::test]
async fn what_cannot_be_unpacked_says_what_it_is() {
    let good = gzip(br#"{"total":12}"#);
    let mut corrupt = good.clone();
    corrupt[14] ^= 0xff;
    let mut wrong_sum = good.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 0xff;
    for (encoding, body, says) in [
        (
            "br",
            good.clone(),
            r#"in the content encoding "br"; only gzip is read"#,
        ),
        (
            "gzip, deflate",
            good.clone(),
            r#"in the content encoding "deflate"; only gzip"#,
        ),
        (
            "Zstd",
            good.clone(),
            r#"in the content encoding "zstd"; only gzip"#,
        ),
        (
            "hunter2",
            good.clone(),
            "in a content encoding that nobody knows; only gzip is read",
        ),
        ("gzip, gzip, gzip", good.clone(), "encoded 3 times over"),
        (
            "gzip",
            br#"{"total":12}"#.to_vec(),
            "not the gzip that it declares: it begins with something else",
        ),
        (
            "gzip",
            b"3".to_vec(),
            "not the gzip that it declares: it begins with something else",
        ),
        ("GZIP", corrupt, "not the gzip that it declares"),
        ("x-gzip", wrong_sum, "not the gzip that it declares"),
        (
            "gzip",
            [good.clone(), b"rubbish".to_vec()].concat(),
            "not the gzip that it declares",
        ),
    ] {
        let server = Server::start(packed(encoding, body)).await;
        let error = single().send(&server.get("/")).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Decode(_)), "{error}");
        assert!(error.to_string().contains(says), "{encoding}: {error}");
    }
    for length in [1, 5, 12, good.len() - 1] {
        let server = Server::start(packed("gzip", good[..length].to_vec())).await;
        let error = single().send(&server.get("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated, "{length}");
    }
}

#[tokio::test]
async fn no_bomb_gets_through_by_another_name() {
    let half = gzip(&vec![0; 600_000]);
    let inner = gzip(&vec![0; 20_000_000]);
    for (encoding, body) in [
        ("X-GZIP", inner.clone()),
        ("gzip", [half.clone(), half].concat()),
        ("gzip, gzip", gzip(&inner)),
    ] {
        assert!(body.len() < 100_000);
        let server = Server::start(packed(encoding, body)).await;
        let error = limited(1_000_000).send(&server.get("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge { limit: 1_000_000 }, "{encoding}");
    }
}

#[tokio::test]
async fn bad_compression_is_not_a_broken_connection() {
    let server = Server::start(|_| {
        answer(
            200,
            &["Content-Encoding: gzip"],
            b"this is not gzip, whatever it says",
        )
    })
    .await;
    let error = single().send(&server.get("/")).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Decode(_)), "{error}");
}

#[tokio::test]
async fn whatever_ends_early_is_truncated() {
    let packed = gzip(&[b'x'; 10_000]);
    let half = packed.len() / 2;
    let mut short_gzip = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n".to_vec();
    short_gzip.extend_from_slice(&packed[..half]);
    for (what, bytes) in [
        ("no answer at all", Vec::new()),
        ("half a head", b"HTTP/1.1 200 OK\r\nContent-".to_vec()),
        (
            "half a body",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"total\":".to_vec(),
        ),
        (
            "half a chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc".to_vec(),
        ),
        (
            "no last chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n".to_vec(),
        ),
        ("half a gzip", short_gzip),
    ] {
        let server = Server::start(move |_| Reply::Bytes(bytes.clone())).await;
        let error = single().send(&server.get("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated, "{what}: {error}");
        assert!(error.is_transient() && !error.nothing_sent(), "{what}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_said_to_be_so() {
    let server = Server::start(|_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())).await;
    let error = single().send(&server.get("/")).await.unwrap_err();
    assert!(error.to_string().contains("not an HTTP answer"), "{error}");
}

#[tokio::test]
async fn the_answer_to_a_head_announces_what_it_does_not_send() {
    let server = Server::start(|_| {
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX-Total-Count: 7\r\n\r\n".to_vec())
    })
    .await;
    let response = limited(10)
        .send(&Request::new(Method::HEAD, server.url("/")))
        .await
        .unwrap();
    assert_eq!(response.headers["x-total-count"], "7");
}
