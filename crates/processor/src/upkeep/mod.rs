//! What a worker does for itself: its sign of life, removing what is old, calling the dead man's switch. It reads no metric and
//! notifies nobody.

mod aging;
mod dead_mans_switch;
mod janitor;
mod pruning;
mod pushed;
mod round;

pub(crate) use dead_mans_switch::run as run_dead_mans_switch;
pub(crate) use janitor::{heartbeat, run as run_janitor, sign_off};
