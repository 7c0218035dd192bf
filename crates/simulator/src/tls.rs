//! The byte stream under a simulated protocol: plain TCP, or TLS with a certificate made on the spot.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

/// What a simulated server reads from and writes to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Any of them.
pub(crate) type AnyStream = Box<dyn Stream>;

/// How the bytes travel.
#[derive(Clone, Default)]
pub(crate) enum Transport {
    #[default]
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Transport {
    /// The server's side of the handshake, where there is one.
    pub(crate) async fn accept(&self, stream: AnyStream) -> io::Result<AnyStream> {
        match self {
            Transport::Plain => Ok(stream),
            #[cfg(feature = "tls")]
            Transport::Tls(acceptor) => Ok(Box::new(acceptor.accept(stream).await?)),
        }
    }

    /// `http` or `https`.
    pub(crate) fn http_scheme(&self) -> &'static str {
        match self {
            Transport::Plain => "http",
            #[cfg(feature = "tls")]
            Transport::Tls(_) => "https",
        }
    }
}

#[cfg(feature = "tls")]
pub use certificate::{Certificate, CertificateError};

#[cfg(feature = "tls")]
mod certificate {
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
    use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

    use super::Transport;

    /// A certificate could not be made.
    #[derive(Debug, thiserror::Error)]
    pub enum CertificateError {
        /// While it was made or signed.
        #[error("could not make a certificate: {0}")]
        Make(#[from] rcgen::Error),
        /// While the TLS server was set up with it.
        #[error("could not set up TLS: {0}")]
        Tls(#[from] tokio_rustls::rustls::Error),
        /// While the server learned whose clients to let in.
        #[error("could not demand certificates of clients: {0}")]
        Clients(#[from] VerifierBuilderError),
    }

    /// A certificate for `localhost` and `127.0.0.1`, signed by a certificate authority made for it alone.
    #[derive(Clone)]
    pub struct Certificate {
        ca_pem: String,
        server_pem: String,
        client_pem: Option<String>,
        acceptor: TlsAcceptor,
    }

    impl Certificate {
        /// A good one.
        ///
        /// # Errors
        /// The cryptography refused; does not happen in practice.
        pub fn new() -> Result<Certificate, CertificateError> {
            Self::for_names(&["localhost", "127.0.0.1"])
        }

        /// One for other names than the server will be called by, so that clients must refuse it.
        ///
        /// # Errors
        /// A name is not one that a certificate can hold.
        pub fn for_names(names: &[&str]) -> Result<Certificate, CertificateError> {
            Self::make(names, false)
        }

        /// A good one, whose server lets in only clients with a certificate of the same authority: [`client_pem`](Self::client_pem).
        ///
        /// # Errors
        /// The cryptography refused; does not happen in practice.
        pub fn mutual() -> Result<Certificate, CertificateError> {
            Self::make(&["localhost", "127.0.0.1"], true)
        }

        fn make(names: &[&str], is_mutual: bool) -> Result<Certificate, CertificateError> {
            let mut authority = CertificateParams::new(Vec::<String>::new())?;
            authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            authority
                .distinguished_name
                .push(DnType::CommonName, "monitor-simulator authority");
            let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

            let key = KeyPair::generate()?;
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut server = CertificateParams::new(names)?;
            server
                .distinguished_name
                .push(DnType::CommonName, "monitor-simulator");
            let server = server.signed_by(&key, &authority)?;
            let server_pem = server.pem() + &key.serialize_pem();

            let chain = vec![CertificateDer::from(server.der().to_vec())];
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let provider = Arc::new(crypto::ring::default_provider());
            let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()?;
            let mut client_pem = None;
            let config = if is_mutual {
                let key = KeyPair::generate()?;
                let client =
                    CertificateParams::new(vec!["client".to_owned()])?.signed_by(&key, &authority)?;
                client_pem = Some(client.pem() + &key.serialize_pem());
                let mut roots = RootCertStore::empty();
                roots.add(authority.der().clone())?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build()?)
            } else {
                config.with_no_client_auth()
            };
            let config = config.with_single_cert(chain, key)?;
            Ok(Certificate {
                ca_pem: authority.pem(),
                server_pem,
                client_pem,
                acceptor: TlsAcceptor::from(Arc::new(config)),
            })
        }

        /// The authority's certificate, as PEM: what goes into a `ca_file`.
        pub fn ca_pem(&self) -> &str {
            &self.ca_pem
        }

        /// The server's certificate and its key, as PEM: for a server that is another program.
        pub fn server_pem(&self) -> &str {
            &self.server_pem
        }

        /// A client's certificate and its key, as PEM, where the server demands one: what goes into a `client_cert`.
        pub fn client_pem(&self) -> Option<&str> {
            self.client_pem.as_deref()
        }

        pub(crate) fn transport(&self) -> Transport {
            Transport::Tls(self.acceptor.clone())
        }
    }

    impl std::fmt::Debug for Certificate {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Certificate").finish_non_exhaustive()
        }
    }
}
