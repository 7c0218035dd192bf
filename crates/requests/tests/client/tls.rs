//! TLS with certificates of our own: trusted, not trusted, demanded.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use monitor_domain::SystemClock;
use monitor_requests::{Client, ClientConfig, ErrorKind, Request, Url, install_crypto};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{client, converse, ok};

/// A CA, and a folder with its certificate and what it signed, as PEM files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Authority {
        install_crypto();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.path().join(name))
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        (cert, key)
    }

    /// A server that shows a certificate for `name` and answers everything with `1`.
    async fn serve(&self, name: &str, ask_for_certificate: bool) -> Url {
        let (cert, key) = self.sign(name);
        let builder = ServerConfig::builder();
        let builder = if ask_for_certificate {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from(self.issuer.der().to_vec()))
                .unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = builder.with_single_cert(vec![cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, Arc::new(|_| ok("1")), Arc::new(Mutex::default())).await;
                    }
                });
            }
        });
        Url::parse(&format!("https://localhost:{port}/")).unwrap()
    }
}

fn with(config: ClientConfig) -> Client {
    client(ClientConfig { retries: 0, ..config }, SystemClock::shared())
}

#[tokio::test]
async fn an_unknown_ca_is_refused_as_tls_and_trusted_once_given() {
    let ca = Authority::new();
    let url = ca.serve("localhost", false).await;
    let error = with(ClientConfig::default())
        .send(&Request::get(url.clone()))
        .await
        .unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Tls(_)), "{error}");
    assert!(error.is_transient() && error.nothing_sent());
    let said = error.to_string();
    assert!(said.contains("TLS failed: invalid peer certificate"), "{said}");
    assert!(
        said.contains("give the authority that signed for it as ca_file"),
        "{said}"
    );
    let trusting = with(ClientConfig {
        ca_file: ca.file("ca.pem"),
        ..ClientConfig::default()
    });
    assert!(
        trusting
            .send(&Request::get(url))
            .await
            .unwrap()
            .status
            .is_success()
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let ca = Authority::new();
    let url = ca.serve("other.example", false).await;
    let client = with(ClientConfig {
        ca_file: ca.file("ca.pem"),
        ..ClientConfig::default()
    });
    let error = client.send(&Request::get(url)).await.unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Tls(_)), "{error}");
    let says = "call the server by a name that its certificate has";
    assert!(error.to_string().contains(says), "{error}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_demands_one() {
    let ca = Authority::new();
    let url = ca.serve("localhost", true).await;
    let (cert, key) = ca.sign("client");
    std::fs::write(ca.folder.path().join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(ca.folder.path().join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(
        ca.folder.path().join("both.pem"),
        cert.pem() + &key.serialize_pem(),
    )
    .unwrap();
    let base = || ClientConfig {
        ca_file: ca.file("ca.pem"),
        ..ClientConfig::default()
    };

    let error = with(base()).send(&Request::get(url.clone())).await.unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Tls(_)), "{error}");
    let says = "the server wants a certificate from its clients: give client_cert";
    assert!(error.to_string().contains(says), "{error}");
    let two = ClientConfig {
        client_cert: ca.file("cert.pem"),
        client_key: ca.file("key.pem"),
        ..base()
    };
    assert!(
        with(two)
            .send(&Request::get(url.clone()))
            .await
            .unwrap()
            .status
            .is_success()
    );
    let one = ClientConfig {
        client_cert: ca.file("both.pem"),
        ..base()
    };
    assert!(
        with(one)
            .send(&Request::get(url))
            .await
            .unwrap()
            .status
            .is_success()
    );
}
