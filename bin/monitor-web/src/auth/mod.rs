//! Who may do what. Sign-in is not built yet: so the web only listens on loopback, answers to loopback's names only,
//! and lets no other site's page change anything.

mod bind;
mod host;
mod operator;
mod origin;

pub use bind::{BindError, check_bind, listen};
pub(crate) use host::check_host;
pub(crate) use operator::Operator;
pub(crate) use origin::{cors, guard_origin};
