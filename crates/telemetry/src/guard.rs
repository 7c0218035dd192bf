//! Who may read `/metrics`: everybody who has the token, and on loopback only requests that name loopback as the host.

use std::net::IpAddr;

use monitor_requests::Secret;

/// Whether `authorization` (the request's header of that name) shows the token as `Bearer TOKEN`. Without a token
/// everybody may read.
pub fn is_allowed(token: Option<&Secret>, authorization: Option<&str>) -> bool {
    let Some(token) = token else { return true };
    authorization
        .and_then(|header| header.split_once(' '))
        .is_some_and(|(scheme, shown)| scheme.eq_ignore_ascii_case("bearer") && token.is(shown.trim_start()))
}

/// Whether a `Host` header (with or without a port) names loopback. A foreign name that resolves to 127.0.0.1 lets a
/// foreign page in as if it were ours; only the name shows it (DNS rebinding).
pub fn is_loopback_name(host: &str) -> bool {
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
    fn the_token_is_required_where_there_is_one() {
        let token = Secret::new("a-token");
        assert!(is_allowed(None, None));
        assert!(is_allowed(Some(&token), Some("Bearer a-token")));
        assert!(
            is_allowed(Some(&token), Some("bearer  a-token")),
            "RFC 7235: any case, 1*SP"
        );
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a-toke",
            "Bearer a-token2",
            "Basic a-token",
            "a-token",
        ] {
            assert!(!is_allowed(Some(&token), Some(wrong)), "{wrong}");
        }
        assert!(!is_allowed(Some(&token), None));
    }

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
            assert!(is_loopback_name(good), "{good}");
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
            assert!(!is_loopback_name(bad), "{bad}");
        }
    }
}
