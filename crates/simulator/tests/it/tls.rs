//! TLS on the wire: a client that trusts the authority gets through, another does not.

use std::sync::Arc;

use monitor_simulator::{Certificate, SmtpSink, SystemA};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

fn connector(certificate: &Certificate) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(certificate.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn secured(trusting: &Certificate, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
    connector(trusting)
        .connect(ServerName::try_from("127.0.0.1").unwrap(), stream)
        .await
}

async fn tcp(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Sends a line and reads until the end of a reply.
async fn say(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), line: &str) -> String {
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut reply = String::new();
    let mut buffer = [0; 1024];
    let is_last = |line: &str| line.as_bytes().get(3) == Some(&b' ');
    while !(reply.ends_with('\n') && reply.lines().last().is_some_and(is_last)) {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the connection ended after {reply:?}");
        reply.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    reply
}

#[tokio::test]
async fn a_system_is_reached_by_who_trusts_it() {
    let certificate = Certificate::new().unwrap();
    let a = SystemA::start_tls(&certificate).await.unwrap();
    assert!(a.url().starts_with("https://127.0.0.1:"));
    let mut stream = secured(&certificate, tcp(a.port()).await).await.unwrap();
    stream
        .write_all(b"GET /api/totals/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");

    let other = Certificate::new().unwrap();
    assert!(
        secured(&other, tcp(a.port()).await).await.is_err(),
        "another authority"
    );
    let misnamed = Certificate::for_names(&["other.example"]).unwrap();
    let other = SystemA::start_tls(&misnamed).await.unwrap();
    assert!(
        secured(&misnamed, tcp(other.port()).await).await.is_err(),
        "another name"
    );
}

#[tokio::test]
async fn mail_over_tls_from_the_first_byte_and_after_starttls() {
    let certificate = Certificate::new().unwrap();
    let smtps = SmtpSink::builder()
        .implicit_tls(&certificate)
        .login("m", "s")
        .start()
        .await
        .unwrap();
    assert!(smtps.url().starts_with("smtps://"));
    let mut stream = secured(&certificate, tcp(smtps.port()).await).await.unwrap();
    assert!(say(&mut stream, "EHLO test\r\n").await.contains("220"));

    let smtp = SmtpSink::builder()
        .starttls(&certificate)
        .login("m", "s")
        .start()
        .await
        .unwrap();
    assert!(smtp.url().starts_with("smtp+starttls://"));
    let mut stream = tcp(smtp.port()).await;
    assert!(say(&mut stream, "").await.starts_with("220 "));
    let clear = say(&mut stream, "EHLO test\r\n").await;
    assert!(clear.contains("STARTTLS") && !clear.contains("AUTH"), "{clear}");
    assert!(
        say(&mut stream, "MAIL FROM:<a@b.c>\r\n")
            .await
            .starts_with("530 ")
    );
    assert!(say(&mut stream, "STARTTLS\r\n").await.starts_with("220 "));
    let mut stream = secured(&certificate, stream).await.unwrap();
    let encrypted = say(&mut stream, "EHLO test\r\n").await;
    assert!(
        encrypted.contains("AUTH PLAIN LOGIN") && !encrypted.contains("STARTTLS"),
        "{encrypted}"
    );
    assert!(
        say(&mut stream, "AUTH PLAIN AG0Acw==\r\n")
            .await
            .starts_with("235 ")
    );
    assert!(
        say(&mut stream, "MAIL FROM:<a@b.c>\r\n")
            .await
            .starts_with("250 ")
    );
}
