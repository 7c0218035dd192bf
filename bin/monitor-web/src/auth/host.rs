//! The `Host` check against DNS rebinding: a foreign name that resolves to 127.0.0.1 lets a foreign page in as if it
//! were ours, and only the name gives it away.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header;

use crate::problem::{Code, Problem};

/// Refuses a request whose `Host` is no name of loopback. One without any is let through: browsers always send it.
pub(crate) fn check_host(req: &ServiceRequest) -> Result<(), Problem> {
    let header = req
        .headers()
        .get(header::HOST)
        .map(|value| value.to_str().unwrap_or_default());
    let named = req
        .uri()
        .authority()
        .map(actix_web::http::uri::Authority::as_str)
        .or(header);
    match named {
        Some(host) if !is_loopback(host) => Err(Problem::new(
            Code::HostNotAllowed,
            "This server only answers to localhost, 127.0.0.1 and [::1], whatever the port.",
        )),
        _ => Ok(()),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    let address = name
        .strip_prefix('[')
        .and_then(|n| n.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (name.ends_with(']') || !name.contains(':')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_loopback() {
        for good in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "[::2]",
            "localhost:x",
            "a@localhost",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
