//! Ports that a simulated server may leave and come back to.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Below what Linux (from 32768) and macOS (from 49152) hand to outgoing connections.
///
/// A server that is stopped and started again on a port from that range may find it taken by some connection; and a client
/// that keeps trying such a port while nobody listens can be given the same port as its own and *connect to itself*.
const RANGE: std::ops::Range<u16> = 15_000..32_000;

/// Binds a free port with `bind`, by preference one that no outgoing connection will ever be given.
pub(crate) fn bind_any<T>(bind: impl Fn(u16) -> io::Result<T>) -> io::Result<T> {
    let mut random = fastrand::Rng::new();
    for _ in 0..64 {
        if let Ok(bound) = bind(random.u16(RANGE)) {
            return Ok(bound);
        }
    }
    bind(0)
}

/// A port of 127.0.0.1 that was free a moment ago, for a program that has to be given one.
///
/// # Errors
/// When the machine has no free port.
pub fn free_port() -> io::Result<u16> {
    bind_any(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?
        .local_addr()
        .map(|address| address.port())
}
