//! What a message says: one event, complete, in a form that every channel can render, and the only ways to make one. Its
//! JSON is what is stored until it is delivered.
//!
//! It knows no channel, no template and no database, and has no words of its own: the text comes from the caller.

mod event;
mod notification;
mod parts;
mod sample;

pub use event::Event;
pub use notification::Notification;
pub use parts::{AlertFacts, MessageIds, MetricInfo};
