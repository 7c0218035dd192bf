//! Certificates of clients, a CA of one's own and a proxy, for each kind: what the sign-in and the calls go through.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use monitor_simulator::Certificate;
use monitor_simulator::http::{Answer, Request};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Each kind that signs in or sends a proof, and how many calls one total takes.
const KINDS_AND_CALLS: [(&str, &str, usize); 6] = [
    (
        "json_token",
        "username = 'ann'\npassword = 'hunter2'\nlogin = { path = '/login' }",
        2,
    ),
    ("form_cookie", "username = 'ann'\npassword = 'hunter2'", 2),
    (
        "oauth2",
        "login = { path = '/login', client_id = 'id', client_secret = 'hunter2' }",
        2,
    ),
    ("basic", "username = 'ann'\npassword = 'hunter2'", 1),
    ("bearer", "token = 'proof-1234'", 1),
    ("digest", "username = 'ann'\npassword = 'hunter2'", 2),
];

/// Answers a sign-in of any kind, and readings to whoever shows some proof.
fn answer(request: &Request) -> Answer {
    match (
        request.path.as_str(),
        request.header("authorization").or(request.header("cookie")),
    ) {
        ("/total", Some(_)) => reading(),
        ("/total", None) => Answer::status(401).header(
            "WWW-Authenticate",
            "Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"n\"",
        ),
        _ => {
            let token =
                json!({ "token": "proof-1234", "access_token": "proof-1234", "token_type": "bearer" });
            Answer::json(200, &token).header("Set-Cookie", "sid=proof-1234; Path=/; Secure")
        }
    }
}

/// A proxy that only tunnels (`CONNECT`), for those who show this user and password; and where it was to go to.
async fn tunnel(pair: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let wanted = Arc::<Mutex<Vec<String>>>::default();
    let all = Arc::clone(&wanted);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // A client that gives up is part of the test.
            tokio::spawn(serve(client, pair, Arc::clone(&all)));
        }
    });
    (address, wanted)
}

async fn serve(mut client: TcpStream, pair: &str, wanted: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let expected = format!(
        "proxy-authorization: basic {}",
        STANDARD.encode(pair).to_lowercase()
    );
    wanted
        .lock()
        .unwrap()
        .push(head.lines().next().unwrap_or_default().to_owned());
    if !head.contains(&expected) {
        let refusal =
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return client.write_all(refusal.as_bytes()).await;
    }
    let to = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut server = TcpStream::connect(to).await?;
    client
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}

/// A server that demands a certificate of its clients, and the files of one who has it.
async fn server_and_files() -> (HttpServer, TempDir) {
    let certificate = Certificate::mutual().unwrap();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("ca.pem"), certificate.ca_pem()).unwrap();
    std::fs::write(
        folder.path().join("client.pem"),
        certificate.client_pem().unwrap(),
    )
    .unwrap();
    let server = HttpServer::start_tls(&certificate, answer).await.unwrap();
    (server, folder)
}

fn through(
    server: &HttpServer,
    folder: &TempDir,
    kind: &str,
    keys: &str,
    proxy: Option<&str>,
) -> SystemSettings {
    let mut settings = settings(&server.url(), kind, keys);
    settings.common.ca_file = Some(folder.path().join("ca.pem"));
    settings.common.client_cert = Some(folder.path().join("client.pem"));
    settings.common.proxy = proxy.map(str::to_owned);
    settings
}

fn built(settings: &SystemSettings) -> Arc<System> {
    settings
        .build("shop", &RequestsSettings::default(), TestClock::new())
        .unwrap()
}

#[tokio::test]
async fn each_kind_shows_its_certificate_and_trusts_the_ca_that_it_is_given() {
    let (server, folder) = server_and_files().await;
    for (kind, keys, calls) in KINDS_AND_CALLS {
        let before = server.requests().len();
        let system = built(&through(&server, &folder, kind, keys, None));
        assert_eq!(total(&system).await.unwrap(), 7, "{kind}");
        assert_eq!(server.requests().len() - before, calls, "{kind}");
    }
}

#[tokio::test]
async fn each_kind_goes_through_the_proxy_that_it_is_given() {
    let (server, folder) = server_and_files().await;
    let (proxy, wanted) = tunnel("ann:pro-xy-1").await;
    let connect = format!("connect 127.0.0.1:{} http/1.1", server.port());
    for (kind, keys, calls) in KINDS_AND_CALLS {
        let before = server.requests().len();
        let with = format!("http://ann:pro-xy-1@{proxy}");
        let system = built(&through(&server, &folder, kind, keys, Some(&with)));
        assert_eq!(total(&system).await.unwrap(), 7, "{kind}");
        assert_eq!(server.requests().len() - before, calls, "{kind}");
        let wanted = std::mem::take(&mut *wanted.lock().unwrap());
        assert!(
            !wanted.is_empty() && wanted.iter().all(|line| *line == connect),
            "{kind}: {wanted:?}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_said_with_its_key() {
    let (server, folder) = server_and_files().await;
    let (proxy, _) = tunnel("ann:pro-xy-1").await;
    for (kind, keys, _) in KINDS_AND_CALLS {
        let mut stranger = through(&server, &folder, kind, keys, None);
        stranger.common.client_cert = None;
        let mut distrusting = through(&server, &folder, kind, keys, None);
        distrusting.common.ca_file = None;
        let with = format!("http://ann:other-1@{proxy}");
        let unknown = through(&server, &folder, kind, keys, Some(&with));
        for (settings, says) in [
            (
                stranger,
                "the server wants a certificate from its clients: give client_cert",
            ),
            (distrusting, "give the authority that signed for it as ca_file"),
            (unknown, "proxy"),
        ] {
            let error = total(&built(&settings)).await.unwrap_err();
            // The password went nowhere, so it is not taken for a wrong one.
            assert!(!is_refused(&error), "{kind}: {error}");
            let said = format!("{error} {error:?}");
            assert!(said.contains(says), "{kind}: {said}");
            assert!(!said.contains("hunter2") && !said.contains("other-1"), "{said}");
        }
    }
    assert_eq!(server.requests().len(), 0);
}
