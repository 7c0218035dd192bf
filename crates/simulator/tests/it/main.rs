//! The simulated systems on the wire: their protocols, and every fault as a client sees it.

// Clippy knows test functions, but not the helpers beside them.
#![allow(clippy::unwrap_used)]

mod faults;
mod smtp;
mod systems;
#[cfg(feature = "tls")]
mod tls;
mod wire;
