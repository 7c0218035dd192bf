//! What a connection to a mail server is encrypted with, and which certificates it accepts.

use std::path::Path;
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use super::url::{Address, Security};

/// How connections to one server are encrypted.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// Why a connection could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// What came is no TLS.
    #[error("the server answers in clear and not with TLS")]
    Clear,
    #[error("the server closed the connection")]
    Closed,
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Other(std::io::Error),
}

impl Tls {
    /// For connections to `address`: trusts the machine's authorities, or the Mozilla list where the machine has none,
    /// and those in `ca_file`. Nothing for a connection in clear.
    pub(super) fn new(address: &Address, ca_file: Option<&Path>) -> Result<Option<Tls>, String> {
        if address.security == Security::None {
            return Ok(None);
        }
        let verifier = trusting(ca_file)?;
        let config = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let name = ServerName::try_from(address.host.clone()).map_err(|error| error.to_string())?;
        Ok(Some(Tls {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        }))
    }

    /// Encrypts a connection.
    pub(super) async fn encrypt<S>(&self, stream: S) -> Result<TlsStream<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connecting = self.connector.connect(self.name.clone(), stream);
        connecting.await.map_err(|error| {
            let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            match cause {
                Some(Error::InvalidMessage(_)) => TlsError::Clear,
                _ if error.kind() == std::io::ErrorKind::UnexpectedEof => TlsError::Closed,
                Some(cause) => TlsError::Refused(monitor_requests::tls_error(cause)),
                None => TlsError::Other(error),
            }
        })
    }
}

/// What trusts the machine's authorities and those in `ca_file`, or what is wrong with that file.
pub(super) fn trusting(ca_file: Option<&Path>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    monitor_requests::install_crypto();
    let own = ca_file.map(certificates).transpose()?.unwrap_or_default();
    verifier(own).map_err(|error| match ca_file {
        Some(path) => format!("{} cannot be used: {error}", path.display()),
        None => error.to_string(),
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |why: String| format!("{} {why}", path.display());
    let pem = std::fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| failed(format!("is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(failed(
            "has no certificate (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(found)
}

fn verifier(own: Vec<CertificateDer<'static>>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let provider = CryptoProvider::get_default()
        .cloned()
        .ok_or_else(|| Error::General("no TLS provider is installed".to_owned()))?;
    if let Ok(verifier) = Verifier::new_with_extra_roots(own.iter().cloned(), provider.clone()) {
        return Ok(Arc::new(verifier));
    }
    let mut roots = RootCertStore::empty();
    for certificate in own {
        roots.add(certificate)?;
    }
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    Ok(verifier)
}
