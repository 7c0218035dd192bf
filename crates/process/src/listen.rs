//! Opening a listener, and what to say where that cannot be done.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

/// Listens on an address. `remedy` says what is to be changed for another one, such as "set web.bind to another address".
///
/// # Errors
/// Why it cannot be listened on, with the address and the remedy; the kind is the system's.
pub fn listen(address: SocketAddr, remedy: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| cannot_listen(&error, address, remedy))
}

/// What [`listen`] says of this error, for who listens by other means.
pub fn cannot_listen(error: &io::Error, address: SocketAddr, remedy: &str) -> io::Error {
    let why = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there, maybe another monitor; stop that one".to_owned()
        }
        ErrorKind::AddrNotAvailable => "this machine does not have this address".to_owned(),
        ErrorKind::PermissionDenied => {
            format!("{error}; ports below 1024 are mostly kept for root")
        }
        _ => error.to_string(),
    };
    io::Error::new(
        error.kind(),
        format!("cannot listen on {address}: {why}, or {remedy}"),
    )
}

/// The same address with another port, for an example.
pub fn another_port(address: SocketAddr) -> SocketAddr {
    let port = match address.port() {
        0 | u16::MAX => 8081,
        port => port + 1,
    };
    SocketAddr::new(address.ip(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: SocketAddr) -> (ErrorKind, String) {
        let error = listen(address, "set it to another one").unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn a_taken_port_is_named_with_what_to_do() {
        for host in ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"] {
            // A machine without IPv6 has nothing to take there.
            let Ok(taken) = listen(host.parse().unwrap(), "") else {
                continue;
            };
            let address = taken.local_addr().unwrap();
            let (kind, text) = refused(address);
            assert_eq!(kind, ErrorKind::AddrInUse);
            let expected = format!(
                "cannot listen on {address}: another program listens there, maybe another monitor; stop that one, or set \
                 it to another one"
            );
            assert_eq!(text, expected);
            drop(taken);
            assert!(listen(address, "").is_ok(), "free again");
        }
    }

    #[test]
    fn another_port_is_another() {
        for (one, other) in [
            ("127.0.0.1:8080", "127.0.0.1:8081"),
            ("[::1]:80", "[::1]:81"),
            ("127.0.0.1:65535", "127.0.0.1:8081"),
            ("127.0.0.1:0", "127.0.0.1:8081"),
        ] {
            assert_eq!(another_port(one.parse().unwrap()).to_string(), other);
        }
    }

    #[test]
    fn an_address_of_another_machine_is_no_taken_port() {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let (kind, text) = refused("192.0.2.1:8080".parse().unwrap());
        assert_eq!(kind, ErrorKind::AddrNotAvailable);
        assert!(
            text.contains("this machine does not have this address, or set it"),
            "{text}"
        );
    }
}
