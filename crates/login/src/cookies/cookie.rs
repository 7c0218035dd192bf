//! One cookie: read from a `Set-Cookie` header, and where it goes (RFC 6265).

use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_requests::{Secret, Url, parse_http_date};

/// One cookie, with where it may go and how long.
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: Secret,
    /// The host that set it, or the domain it was set for.
    pub(crate) domain: String,
    pub(crate) host_only: bool,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    /// When it was set (monotonic).
    pub(crate) set: Duration,
    /// When it ends (monotonic); none for a session cookie.
    pub(crate) ends: Option<Duration>,
}

impl Cookie {
    /// Whether it goes to this address at this monotonic instant.
    pub(crate) fn fits(&self, url: &Url, now: Duration) -> bool {
        self.belongs(url, now) && (!self.secure || url.scheme() == "https")
    }

    /// Whether only that it is `Secure` keeps it from this address.
    pub(crate) fn is_withheld(&self, url: &Url, now: Duration) -> bool {
        self.belongs(url, now) && !self.fits(url, now)
    }

    fn belongs(&self, url: &Url, now: Duration) -> bool {
        let host = url.host_str().unwrap_or_default();
        let domain = if self.host_only {
            host == self.domain
        } else {
            is_within(host, &self.domain)
        };
        domain && self.ends.is_none_or(|ends| ends > now) && path_matches(url.path(), &self.path)
    }
}

/// One `Set-Cookie` (RFC 6265, 5.2 and 5.3); nothing for one that is to be ignored.
pub(crate) fn parse(line: &str, url: &Url, now: Duration, server_now: DateTime<Utc>) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let host = url.host_str()?;
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: Secret::new(value.trim()),
        domain: host.to_owned(),
        host_only: true,
        path: default_path(url.path()).to_owned(),
        secure: false,
        http_only: false,
        set: now,
        ends: None,
    };
    let (mut max_age, mut expires) = (None, None);
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "max-age" => max_age = parse_max_age(value).or(max_age),
            "expires" => expires = parse_expires(value).or(expires),
            "domain" => {
                let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                if !domain.is_empty() {
                    if !is_within(host, &domain) {
                        return None;
                    }
                    cookie.host_only = host == domain && url.domain().is_none();
                    cookie.domain = domain;
                }
            }
            "path" if value.starts_with('/') => cookie.path = value.to_owned(),
            "secure" => cookie.secure = true,
            "httponly" => cookie.http_only = true,
            _ => {}
        }
    }
    // `Max-Age` has precedence over `Expires` (5.3, 3).
    let life =
        max_age.or_else(|| expires.map(|at: DateTime<Utc>| (at - server_now).to_std().unwrap_or_default()));
    cookie.ends = life.map(|life| now.saturating_add(life));
    (!cookie.name.is_empty()).then_some(cookie)
}

fn parse_max_age(value: &str) -> Option<Duration> {
    if value
        .strip_prefix('-')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    {
        return Some(Duration::ZERO);
    }
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))))
}

/// A date of HTTP, or Netscape's `Wed, 09-Jun-2031 10:18:14 GMT`, which is what many servers still send.
fn parse_expires(value: &str) -> Option<DateTime<Utc>> {
    parse_http_date(value).or_else(|| {
        let date = chrono::NaiveDateTime::parse_from_str(value, "%a, %d-%b-%Y %H:%M:%S GMT");
        date.ok().map(|date| date.and_utc())
    })
}

/// RFC 6265, 5.1.4.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(last) => &path[..last],
    }
}

/// RFC 6265, 5.1.4.
fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// Whether the host is the domain or below it (RFC 6265, 5.1.3). An address is below nothing.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    host == domain
        || (host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
            && host.parse::<std::net::Ipv4Addr>().is_err())
}
