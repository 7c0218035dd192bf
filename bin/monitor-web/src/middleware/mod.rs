//! What every request passes through, outermost first: [`counts`], then [`headers`], then [`limits`], then [`guards`].

mod counts;
mod guards;
mod headers;
mod limits;

pub(crate) use counts::counts;
pub(crate) use guards::guards;
pub(crate) use headers::headers;
pub(crate) use limits::{InFlight, MAX_BODY, limits};
