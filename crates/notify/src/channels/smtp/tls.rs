//! What a connection to a mail server is encrypted with, and which certificates it accepts.

use std::path::Path;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};

use super::url::{Address, Security};

/// The certificates to trust: those of the machine's authorities, or of the Mozilla list where the machine has none, and
/// of those in `ca_file`. Nothing for a connection in clear.
pub(super) fn parameters(address: &Address, ca_file: Option<&Path>) -> Result<Option<TlsParameters>, String> {
    if address.security == Security::None {
        return Ok(None);
    }
    monitor_requests::install_crypto();
    let mut own = Vec::new();
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(format!("{}: holds no PEM certificate", path.display()));
        }
        own.push(Certificate::from_pem(&pem).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    let build = |store| {
        let mut builder = TlsParameters::builder(address.host.clone()).certificate_store(store);
        for certificate in &own {
            builder = builder.add_root_certificate(certificate.clone());
        }
        builder.build()
    };
    build(CertificateStore::Default)
        .or_else(|_| build(CertificateStore::WebpkiRoots))
        .map(Some)
        .map_err(|error| error.to_string())
}
