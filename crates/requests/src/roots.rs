//! Which certificate authorities are trusted: those of the machine, or Mozilla's where it has none, and those of a `ca_file`.
//!
//! Where the machine's are files (Linux and the BSDs), they are read once a process and not once a client: there may be
//! hundreds of them.

use reqwest::{Certificate, Client, ClientBuilder};

/// The client of `builder`, which trusts these besides those of the machine.
pub(crate) fn trust(builder: impl Fn() -> ClientBuilder, extra: Vec<Certificate>) -> reqwest::Result<Client> {
    platform::trust(builder, extra)
}

#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
mod platform {
    use std::sync::OnceLock;

    use monitor_domain::counted;

    use super::{Certificate, Client, ClientBuilder, built_in};

    pub(super) fn trust(
        builder: impl Fn() -> ClientBuilder,
        extra: Vec<Certificate>,
    ) -> reqwest::Result<Client> {
        let all = extra.into_iter().chain(machine().iter().cloned());
        builder().tls_certs_only(all).build()
    }

    fn machine() -> &'static [Certificate] {
        static ROOTS: OnceLock<Vec<Certificate>> = OnceLock::new();
        ROOTS.get_or_init(|| {
            let found = load();
            if found.is_empty() {
                super::log_built_in();
                built_in().collect()
            } else {
                found
            }
        })
    }

    /// One that cannot be used is left out, as rustls does: it must not keep the others from being used.
    fn load() -> Vec<Certificate> {
        let read = rustls_native_certs::load_native_certs();
        for error in read.errors {
            log::warn!("a CA certificate of this machine cannot be read: {error}");
        }
        let all = read.certs.len();
        let mut store = rustls::RootCertStore::empty();
        let usable: Vec<Certificate> = read
            .certs
            .into_iter()
            .filter(|der| store.add(der.clone()).is_ok())
            .filter_map(|der| Certificate::from_der(&der).ok())
            .collect();
        if usable.len() < all {
            let ignored = all - usable.len();
            log::warn!(
                "{} of this machine cannot be used",
                counted(ignored, "CA certificate")
            );
        }
        usable
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_machine_is_read_once() {
            assert!(!machine().is_empty());
            assert!(std::ptr::eq(machine(), machine()));
        }
    }
}

#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
mod platform {
    use std::sync::OnceLock;

    use super::{Certificate, Client, ClientBuilder, built_in};

    pub(super) fn trust(
        builder: impl Fn() -> ClientBuilder,
        extra: Vec<Certificate>,
    ) -> reqwest::Result<Client> {
        if machine_has_any() {
            builder().tls_certs_merge(extra).build()
        } else {
            builder()
                .tls_certs_only(extra.into_iter().chain(built_in()))
                .build()
        }
    }

    /// Whether there is a CA store: without one reqwest cannot even be set up for plain HTTP.
    fn machine_has_any() -> bool {
        static FOUND: OnceLock<bool> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let found = Client::builder().no_proxy().build().is_ok();
            if !found {
                super::log_built_in();
            }
            found
        })
    }
}

fn log_built_in() {
    log::info!("this machine has no CA certificates; trusting the built-in ones of Mozilla");
}

fn built_in() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_certificates_make_a_client() {
        crate::install_crypto();
        assert!(built_in().count() > 100);
        assert!(Client::builder().tls_certs_only(built_in()).build().is_ok());
    }
}
