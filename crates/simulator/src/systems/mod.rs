//! The reference upstream systems of the design, on loopback: A with totals, B with messages and the alarm.

mod data;
mod messages;
mod sessions;
mod system_a;
mod system_b;

pub use messages::Message;
pub use system_a::SystemA;
pub use system_b::{SignInRefusal, SystemB};
