//! What is required of every request before a handler runs, whatever its sender: the address it comes in by, its host,
//! its origin, its size and time; and the headers of every answer. It never decides who somebody is: that is `auth`.
//!
//! Requests pass [`counts`], then [`headers`], then [`limits`], then [`gate`].

mod bind;
mod counts;
mod gate;
mod headers;
mod host;
mod limits;
mod origin;

pub use bind::{BindError, check_bind, listen};
pub(crate) use counts::counts;
#[cfg(test)]
pub(crate) use gate::BY_TOKEN_ALONE;
pub(crate) use gate::gate;
pub(crate) use headers::headers;
pub(crate) use limits::limits;
