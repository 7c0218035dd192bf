//! Signatures that gateways demand: over each request as it is sent, with a key that only they and the monitor know.
//!
//! What is signed, with what and where it goes is the config's: `[systems.*] sign`, a key of every kind. Knows no kind of login, and
//! never signs what goes to another host than the system's. `docs/configuration.md` has the known schemes.

mod algorithm;
mod settings;
mod signer;
mod vars;

#[cfg(test)]
mod schemes;

pub use algorithm::{Algorithm, Encoding};
pub use settings::SignSettings;
