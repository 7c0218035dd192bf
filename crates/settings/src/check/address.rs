//! Addresses: what to listen on, and where others are.

use std::net::{Ipv4Addr, SocketAddr};

use monitor_requests::server_address;

/// An address to listen on: IP and port, or `localhost` and port.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse().map_err(|_| {
        format!("\"{text}\" is no address to listen on; give IP and port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"")
    })
}

/// Whether only this machine reaches it: 127.0.0.0/8 and `::1`, also written as `::ffff:127.0.0.1`.
pub(super) fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// How people reach the page, as `web.base_url` takes it; without the slash at its end, and escaped.
///
/// # Errors
/// What is wrong with it, and what to give.
pub fn base_url(text: &str) -> Result<String, String> {
    server_address(text.trim()).map(|url| url.as_str().trim_end_matches('/').to_owned())
}

/// An origin as browsers send it: scheme, host, port, nothing else.
pub(super) fn origin(text: &str) -> Result<(), String> {
    let is_origin = server_address(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    if is_origin {
        Ok(())
    } else {
        // The text itself is not repeated: it may hold a password.
        Err("is no origin; give scheme and host alone, such as \"https://intranet.example\"".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(listen("localhost:80").unwrap(), listen("127.0.0.1:80").unwrap());
        assert!(listen("[::1]:8080").unwrap().ip().is_loopback());
        for bad in ["8080", "0.0.0.0", "example.com:80", ":80", "localhost:"] {
            assert!(listen(bad).unwrap_err().contains("IP and port"), "{bad}");
        }
    }

    #[test]
    fn urls_hold_no_secret() {
        assert!(server_address("https://a.example:8443/monitor/").is_ok());
        for bad in [
            "a.example",
            "ftp://a.example",
            "https://",
            "http://u:hunter2@a",
            "http://a/?token=hunter2",
        ] {
            let message = server_address(bad).unwrap_err();
            assert!(!message.contains("hunter2"), "{message}");
        }
        for (text, url) in [
            ("https://a.example", "https://a.example"),
            (" https://A.example/ ", "https://a.example"),
            ("http://a.example:8080/monitor/", "http://a.example:8080/monitor"),
            ("https://a.example/\"b\"", "https://a.example/%22b%22"),
        ] {
            assert_eq!(base_url(text).as_deref(), Ok(url));
        }
        assert!(
            base_url("a.example")
                .unwrap_err()
                .contains("such as \"https://a.example\"")
        );
        assert!(origin("https://intranet.example").is_ok());
        assert!(origin("https://intranet.example/").is_err() && origin("*").is_err());
    }
}
