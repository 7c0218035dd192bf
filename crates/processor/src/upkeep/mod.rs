//! What a worker does for itself: its sign of life, removing what is old, calling the dead man's switch, saying again to channels
//! that forget what fires. It reads no metric and decides nothing of whom to notify.

mod aging;
mod dead_mans_switch;
mod janitor;
mod pruning;
mod pushed;
mod restate;
mod round;

pub(crate) use dead_mans_switch::run as run_dead_mans_switch;
pub(crate) use janitor::{heartbeat, run as run_janitor, sign_off};
pub(crate) use restate::{run as run_restating, run_once as restate_once};
