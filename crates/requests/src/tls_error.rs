//! What to do about a TLS connection that was not made.

use rustls::{AlertDescription, CertificateError, Error};

/// The error in rustls' words, and what to do about it where that is known.
pub fn tls_error(error: &Error) -> String {
    match advice(error) {
        Some(advice) => format!("{error}; {advice}"),
        None => error.to_string(),
    }
}

fn advice(error: &Error) -> Option<&'static str> {
    use AlertDescription::{
        AccessDenied, BadCertificate, CertificateRequired, CertificateUnknown, UnknownCA,
    };
    match error {
        Error::InvalidCertificate(why) => of_certificate(why),
        Error::InvalidMessage(_) => Some("what answers there does not speak TLS"),
        Error::AlertReceived(CertificateRequired) => {
            Some("the server wants a certificate from its clients: give client_cert")
        }
        Error::AlertReceived(BadCertificate | UnknownCA | CertificateUnknown | AccessDenied) => {
            Some("the server does not take client_cert, or wants one and there is none")
        }
        _ => None,
    }
}

fn of_certificate(why: &CertificateError) -> Option<&'static str> {
    match why {
        CertificateError::UnknownIssuer => {
            Some("if the server is the right one, give the authority that signed for it as ca_file")
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            Some("have the certificate renewed, or set this machine's clock")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("call the server by a name that its certificate has")
        }
        // webpki's, which rustls passes on as it is.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Some(
            "the server shows the certificate of an authority (CA:TRUE), which no server may: have that authority sign \
             one for the server, and give the authority as ca_file",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[test]
    fn what_to_do_is_said_where_it_is_known() {
        #[derive(Debug, thiserror::Error)]
        #[error("CaUsedAsEndEntity")]
        struct Authority;
        let certificate = Error::InvalidCertificate;
        for (error, advice) in [
            (certificate(CertificateError::UnknownIssuer), "as ca_file"),
            (certificate(CertificateError::Expired), "this machine's clock"),
            (certificate(CertificateError::NotValidYet), "this machine's clock"),
            (certificate(CertificateError::NotValidForName), "by a name"),
            (
                certificate(CertificateError::Other(OtherError(Arc::new(Authority)))),
                "CA:TRUE",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                "give client_cert",
            ),
        ] {
            let text = tls_error(&error);
            assert!(
                text.starts_with(&error.to_string()) && text.contains(advice),
                "{text}"
            );
        }
        let other = Error::General("odd".to_owned());
        assert_eq!(tls_error(&other), other.to_string());
    }
}
