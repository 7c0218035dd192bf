//! Setting up reqwest: whom to trust, whom to be, which proxy, which headers.

use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use monitor_domain::{Finding, with_causes};
use reqwest::{Certificate, ClientBuilder, Identity, NoProxy, Proxy};
use url::Url;

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

/// What a configuration says of TLS, headers and proxies, read.
struct Parts {
    extra: Vec<Certificate>,
    identity: Option<Identity>,
    headers: HeaderMap,
    proxies: Vec<Proxy>,
}

impl Parts {
    /// Reads all of it, or says everything that is wrong with it.
    fn read(config: &ClientConfig) -> Result<Parts, Vec<Finding>> {
        let mut wrong = Vec::new();
        let headers = headers(config, &mut wrong);
        let extra = certificates(config).map_err(|finding| wrong.push(finding));
        let identity = identity(config).map_err(|finding| wrong.push(finding));
        let proxies = proxies(config).map_err(|finding| wrong.push(finding));
        match (extra, identity, proxies) {
            (Ok(extra), Ok(identity), Ok(proxies)) if wrong.is_empty() => Ok(Parts {
                extra,
                identity,
                headers,
                proxies,
            }),
            _ => Err(wrong),
        }
    }
}

/// Everything for which [`build`] would refuse this configuration.
pub(crate) fn check(config: &ClientConfig) -> Vec<Finding> {
    if let Err(wrong) = Parts::read(config) {
        return wrong;
    }
    // Whether certificates are any, and a key is that of its certificate, only shows as they are used.
    let file = match (&config.client_cert, &config.ca_file) {
        (Some(_), _) => "client_cert",
        (None, Some(_)) => "ca_file",
        (None, None) => return Vec::new(),
    };
    match build(config, 0) {
        Ok(_) => Vec::new(),
        Err(BuildError::Settings(wrong)) => wrong,
        Err(BuildError::Tls(why)) => vec![Finding::new(file, format!("cannot be used: {why}"))],
    }
}

/// The HTTP client without our retries, limits and logs, which keeps at most so many idle connections to a host.
pub(crate) fn build(config: &ClientConfig, idle: usize) -> Result<reqwest::Client, BuildError> {
    install_crypto();
    let parts = Parts::read(config).map_err(BuildError::Settings)?;
    let builder = || {
        let mut builder = reqwest::Client::builder()
            .default_headers(parts.headers.clone())
            .connect_timeout(config.connect_timeout)
            .pool_max_idle_per_host(idle)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        if let Some(identity) = &parts.identity {
            builder = builder.identity(identity.clone());
        }
        if !parts.proxies.is_empty() {
            builder = builder.no_proxy();
        }
        parts.proxies.iter().cloned().fold(builder, ClientBuilder::proxy)
    };
    let built = roots::trust(builder, parts.extra.clone());
    built.map_err(|error| BuildError::Tls(with_causes(&error.without_url())))
}

fn certificates(config: &ClientConfig) -> Result<Vec<Certificate>, Finding> {
    let Some(path) = &config.ca_file else {
        return Ok(Vec::new());
    };
    let wrong = |why: &str| Finding::new("ca_file", format!("{} {why}", path.display()));
    let found = Certificate::from_pem_bundle(&read("ca_file", path)?).map_err(|_| wrong("is not PEM"))?;
    if found.is_empty() {
        Err(wrong("has no certificate (-----BEGIN CERTIFICATE-----)"))
    } else {
        Ok(found)
    }
}

fn identity(config: &ClientConfig) -> Result<Option<Identity>, Finding> {
    let Some(cert) = &config.client_cert else {
        return match &config.client_key {
            Some(_) => Err(Finding::new(
                "client_key",
                "is set and client_cert is not: set both, or neither",
            )),
            None => Ok(None),
        };
    };
    let mut pem = read("client_cert", cert)?;
    if let Some(key) = &config.client_key {
        pem.push(b'\n');
        pem.extend(read("client_key", key)?);
    }
    let identity = Identity::from_pem(&pem).map_err(|_| {
        let message = format!(
            "{} with client_key must hold a certificate and its key, as PEM",
            cert.display()
        );
        Finding::new("client_cert", message)
    })?;
    Ok(Some(identity))
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, Finding> {
    std::fs::read(path)
        .map_err(|error| Finding::new(key, format!("{} cannot be read: {error}", path.display())))
}

/// Those that can be sent; the others are said to be `wrong`.
fn headers(config: &ClientConfig, wrong: &mut Vec<Finding>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let agent = concat!("monitor/", env!("CARGO_PKG_VERSION"));
    headers.insert(http::header::USER_AGENT, HeaderValue::from_static(agent));
    headers.insert(http::header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    for (name, value) in &config.headers {
        let why = match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            (Ok(name), Ok(mut value)) => {
                // It may be an API key: keep it out of every Debug output.
                value.set_sensitive(true);
                headers.insert(name, value);
                continue;
            }
            (Err(_), _) => "cannot be sent: that is no header name",
            (_, Err(_)) => "cannot be sent: the value has forbidden characters, such as a line feed",
        };
        wrong.push(Finding::new(format!("headers.{name}"), why));
    }
    headers
}

/// The configured proxy, or those of the environment. Empty where there is none: then reqwest takes the platform's.
fn proxies(config: &ClientConfig) -> Result<Vec<Proxy>, Finding> {
    // An address may hold a password and is not repeated.
    let wrong = |whose: &str| {
        let what = "must be the address of an HTTP proxy, such as \"http://proxy.example:3128\"";
        Finding::new("proxy", format!("{whose}{what}"))
    };
    if let Some(address) = &config.proxy {
        let proxy = Proxy::all(address).map_err(|_| wrong(""))?;
        // One with another scheme would be left out without a word.
        let is_other =
            Url::parse(address).is_ok_and(|url| url.has_host() && !matches!(url.scheme(), "http" | "https"));
        return if is_other {
            Err(wrong(""))
        } else {
            Ok(vec![proxy.no_proxy(NoProxy::from_env())])
        };
    }
    let variable = |names: [&'static str; 2]| {
        let found = names
            .iter()
            .find_map(|name| Some((*name, std::env::var(name).ok()?)));
        found.filter(|(_, value)| !value.trim().is_empty())
    };
    let except = match variable(["NO_PROXY", "no_proxy"]) {
        Some((_, more)) => format!("{LOOPBACK},{more}"),
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
        if let Some((name, address)) = variable(names) {
            let proxy = proxy(address).map_err(|_| wrong(&format!("environment variable {name} ")))?;
            proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
        }
    }
    Ok(proxies)
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
        let proxy = |address: &str| ClientConfig {
            proxy: Some(address.to_owned()),
            ..config()
        };
        let not_pem = || Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into());
        let no_proxy = "proxy: must be the address of an HTTP proxy";
        let cases = [
            (
                header("x key", "hunter2"),
                "headers.x key: cannot be sent: that is no header name",
            ),
            (
                header("x-key", "hunter2\n"),
                "headers.x-key: cannot be sent: the value has forbidden characters",
            ),
            (proxy("http://u:hunter2@["), no_proxy),
            (proxy("http://u:hunter2@proxy.example:99999"), no_proxy),
            (proxy("::::"), no_proxy),
            (proxy(""), no_proxy),
            (proxy("ftp://hunter2"), no_proxy),
            (proxy("socks5://u:hunter2@proxy.example"), no_proxy),
            (
                ClientConfig {
                    client_key: Some("k.pem".into()),
                    ..config()
                },
                "client_key: is set and client_cert is not",
            ),
            (
                ClientConfig {
                    ca_file: Some("/no/such.pem".into()),
                    ..config()
                },
                "ca_file: /no/such.pem cannot be read",
            ),
            (
                ClientConfig {
                    ca_file: not_pem(),
                    ..config()
                },
                "has no certificate",
            ),
            (
                ClientConfig {
                    client_cert: not_pem(),
                    ..config()
                },
                "must hold a certificate and its key",
            ),
        ];
        for (config, says) in cases {
            let error = build(&config, 0).unwrap_err();
            let found = check(&config);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(error, BuildError::Settings(found));
            let error = error.to_string();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
        let mut all = header("x key", "v");
        all.proxy = Some(String::new());
        all.ca_file = Some("/no/such.pem".into());
        let keys: Vec<_> = check(&all).into_iter().map(|finding| finding.field).collect();
        assert_eq!(keys, ["headers.x key", "ca_file", "proxy"]);
    }

    #[test]
    fn what_is_good_to_check_can_be_built() {
        for proxy in [
            "http://proxy.example:3128",
            "https://u:p@proxy.example",
            "proxy.example:3128",
            "localhost:3128",
            "http://[::1]:3128/",
        ] {
            let config = ClientConfig {
                proxy: Some(proxy.to_owned()),
                headers: [("X-Tenant".to_owned(), "密钥 t1".to_owned())].into(),
                ..ClientConfig::default()
            };
            assert_eq!(check(&config), [], "{proxy}");
            assert!(build(&config, 0).is_ok(), "{proxy}");
        }
    }

    /// PEM all right, and no certificate, or the key of another one: that shows only as they are used.
    #[test]
    fn certificates_that_cannot_be_used_are_found_by_the_check() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        let pair = || rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (one, other) = (pair(), pair());
        let none = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = file("one.key", &one.signing_key.serialize_pem());
        let config = |ca: &str, cert: &str| ClientConfig {
            ca_file: file("ca.pem", ca),
            client_cert: file("cert.pem", cert),
            client_key: key.clone(),
            ..ClientConfig::default()
        };
        assert_eq!(check(&config(&one.cert.pem(), &one.cert.pem())), []);
        let only_ca = ClientConfig {
            ca_file: file("none.pem", none),
            ..ClientConfig::default()
        };
        for (config, key) in [
            (only_ca, "ca_file"),
            (config(&one.cert.pem(), &other.cert.pem()), "client_cert"),
        ] {
            let found = check(&config);
            assert!(matches!(build(&config, 0), Err(BuildError::Tls(_))));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].field == key && found[0].message.starts_with("cannot be used: "),
                "{found:?}"
            );
        }
    }
}
