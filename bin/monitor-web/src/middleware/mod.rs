//! What every request passes through, outermost first: [`headers`], then [`limits`], then [`guards`].

mod guards;
mod headers;
mod limits;

pub(crate) use guards::guards;
pub(crate) use headers::headers;
pub(crate) use limits::{InFlight, MAX_BODY, limits};
