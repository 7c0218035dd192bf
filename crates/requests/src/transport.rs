//! Setting up reqwest: whom to trust, whom to be, which proxy, which headers.

use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, ClientBuilder, Identity, NoProxy, Proxy};

use crate::{BuildError, ClientConfig, roots};

/// What no proxy of the environment is used for.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

type MakeProxy = fn(String) -> reqwest::Result<Proxy>;

/// Makes rustls with ring the TLS of this process, unless there is one already.
///
/// [`Client::new`](crate::Client::new) does this too; call it first thing in `main` where other libraries use rustls.
pub fn install_crypto() {
    // The error only says that there is a provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// The HTTP client without our retries, limits and logs, which keeps at most so many idle connections to a host.
pub(crate) fn build(config: &ClientConfig, idle: usize) -> Result<reqwest::Client, BuildError> {
    install_crypto();
    let extra = match &config.ca_file {
        Some(path) => certificates(path)?,
        None => Vec::new(),
    };
    let identity = identity(config)?;
    let headers = headers(config)?;
    let proxies = proxies(config)?;
    let builder = || {
        let mut builder = reqwest::Client::builder()
            .default_headers(headers.clone())
            .connect_timeout(config.connect_timeout)
            .pool_max_idle_per_host(idle)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        if let Some(identity) = &identity {
            builder = builder.identity(identity.clone());
        }
        if !proxies.is_empty() {
            builder = builder.no_proxy();
        }
        proxies.iter().cloned().fold(builder, ClientBuilder::proxy)
    };
    let built = roots::trust(builder, extra);
    built.map_err(|error| BuildError::Tls(describe(error)))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, BuildError> {
    let failed = |reason: String| BuildError::CaFile {
        path: path.display().to_string(),
        reason,
    };
    let pem = std::fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|_| failed("is not PEM".to_owned()))?;
    if found.is_empty() {
        Err(failed(
            "has no certificate (-----BEGIN CERTIFICATE-----)".to_owned(),
        ))
    } else {
        Ok(found)
    }
}

fn identity(config: &ClientConfig) -> Result<Option<Identity>, BuildError> {
    let Some(cert) = &config.client_cert else {
        return if config.client_key.is_some() {
            Err(BuildError::KeyWithoutCert)
        } else {
            Ok(None)
        };
    };
    let failed = |path: &Path, reason: String| BuildError::ClientCert {
        path: path.display().to_string(),
        reason,
    };
    let mut pem = Vec::new();
    for path in [Some(cert), config.client_key.as_ref()].into_iter().flatten() {
        let part = std::fs::read(path).map_err(|error| failed(path, format!("cannot be read: {error}")))?;
        pem.extend_from_slice(&part);
        pem.push(b'\n');
    }
    let identity = Identity::from_pem(&pem).map_err(|_| {
        failed(
            cert,
            "with client_key must hold a certificate and its key, as PEM".to_owned(),
        )
    })?;
    Ok(Some(identity))
}

fn headers(config: &ClientConfig) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::new();
    let agent = concat!("monitor/", env!("CARGO_PKG_VERSION"));
    headers.insert(http::header::USER_AGENT, HeaderValue::from_static(agent));
    headers.insert(http::header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    for (name, value) in &config.headers {
        let failed = |reason| BuildError::Header {
            name: name.clone(),
            reason,
        };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| failed("that is no header name"))?;
        let mut value =
            HeaderValue::from_str(value).map_err(|_| failed("the value has forbidden characters"))?;
        // It may be an API key: keep it out of every Debug output.
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// The configured proxy, or those of the environment. Empty where there is none: then reqwest takes the platform's.
fn proxies(config: &ClientConfig) -> Result<Vec<Proxy>, BuildError> {
    if let Some(address) = &config.proxy {
        let proxy = Proxy::all(address).map_err(|_| BuildError::Proxy)?;
        return Ok(vec![proxy.no_proxy(NoProxy::from_env())]);
    }
    let variable = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| std::env::var(name).ok());
        value.filter(|value| !value.trim().is_empty())
    };
    let except = match variable(["NO_PROXY", "no_proxy"]) {
        Some(more) => format!("{LOOPBACK},{more}"),
        None => LOOPBACK.to_owned(),
    };
    let mut proxies = Vec::new();
    // Servers that run CGI pass a client's `Proxy:` header as HTTP_PROXY: only the small letters are safe.
    let plain: [&str; 2] = if std::env::var_os("REQUEST_METHOD").is_some() {
        ["http_proxy"; 2]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let kinds: [(_, MakeProxy); 3] = [
        (["HTTPS_PROXY", "https_proxy"], |address| Proxy::https(address)),
        (plain, |address| Proxy::http(address)),
        (["ALL_PROXY", "all_proxy"], |address| Proxy::all(address)),
    ];
    for (names, proxy) in kinds {
        if let Some(address) = variable(names) {
            let proxy = proxy(address).map_err(|_| BuildError::Proxy)?;
            proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
        }
    }
    Ok(proxies)
}

fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_configuration_is_named_without_its_secrets() {
        let config = ClientConfig::default;
        let header = |name: &str, value: &str| ClientConfig {
            headers: [(name.to_owned(), value.to_owned())].into(),
            ..config()
        };
        let cases = [
            (
                header("x key", "hunter2"),
                "headers: \"x key\" cannot be sent: that is no header name",
            ),
            (
                header("x-key", "hunter2\n"),
                "headers: \"x-key\" cannot be sent: the value has forbidden characters",
            ),
            (
                ClientConfig {
                    proxy: Some("http://u:hunter2@[".to_owned()),
                    ..config()
                },
                "proxy: must be an address",
            ),
            (
                ClientConfig {
                    client_key: Some("k.pem".into()),
                    ..config()
                },
                "client_key is set and client_cert is not",
            ),
            (
                ClientConfig {
                    ca_file: Some("/no/such.pem".into()),
                    ..config()
                },
                "ca_file /no/such.pem: cannot be read",
            ),
            (
                ClientConfig {
                    ca_file: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()),
                    ..config()
                },
                "has no certificate",
            ),
            (
                ClientConfig {
                    client_cert: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()),
                    ..config()
                },
                "must hold a certificate and its key",
            ),
        ];
        for (config, says) in cases {
            let error = build(&config, 0).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }
}
