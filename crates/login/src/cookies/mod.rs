//! The cookies of one session (RFC 6265, as far as a session with one system needs it): what a `Set-Cookie` says, which
//! cookies a request carries, and how long those last that carry the session.
//!
//! Never writes the value of a cookie into a log, and never reads the machine's clock: the jar that comes with the HTTP
//! library does both.

mod cookie;
mod jar;

pub use jar::CookieJar;
pub(crate) use jar::Life;
