//! Where the web may listen while nobody has to sign in.

use std::io;
use std::net::{SocketAddr, TcpListener};

/// The address is one that other machines may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to listen on {0}: other machines could reach it, and sign-in is not built yet, so anybody there could \
     delete records and sound the alarm. Set [web] bind to a loopback address such as \"127.0.0.1:{port}\" and come \
     in through a tunnel: ssh -L {port}:127.0.0.1:{port} HOST", port = .0.port()
)]
pub struct BindError(
    /// The address.
    pub SocketAddr,
);

/// Says whether the web may listen on `address`: only on loopback (127.0.0.0/8, `::1`).
///
/// # Errors
/// [`BindError`], which says what to do instead.
pub fn check_bind(address: SocketAddr) -> Result<(), BindError> {
    if address.ip().to_canonical().is_loopback() {
        Ok(())
    } else {
        Err(BindError(address))
    }
}

/// Opens the listener to give to [`serve`](crate::serve).
///
/// # Errors
/// An address off loopback (`PermissionDenied`, holding a [`BindError`]), or why the system refuses it and which key
/// changes it.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    check_bind(address).map_err(|e| io::Error::new(io::ErrorKind::PermissionDenied, e))?;
    let another = monitor_process::another_port(address);
    monitor_process::listen(
        address,
        &format!("set web.bind to another address, in the config or as MONITOR__WEB__BIND={another}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_will_do() {
        for good in [
            "127.0.0.1:8080",
            "127.9.9.9:1",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(check_bind(good.parse().unwrap()).is_ok(), "{good}");
        }
        for bad in [
            "0.0.0.0:8080",
            "[::]:8080",
            "192.168.1.5:80",
            "[::ffff:10.0.0.1]:80",
        ] {
            assert!(check_bind(bad.parse().unwrap()).is_err(), "{bad}");
        }
        let taken = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = listen(taken.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let error = error.to_string();
        assert!(error.contains("another program listens there"), "{error}");
        assert!(error.contains("set web.bind to another address"), "{error}");
        let error = listen("0.0.0.0:8080".parse().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(
            error.to_string().contains("ssh -L 8080:127.0.0.1:8080 HOST"),
            "{error}"
        );
    }
}
