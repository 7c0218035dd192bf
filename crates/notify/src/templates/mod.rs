//! Mails and chat messages made from messages: tera templates and their words, embedded in the program and replaceable by a folder.
//!
//! A template decides how a message is shown and never what it says or whether it is sent; nothing here does I/O but read
//! that folder once.

mod body;
mod chat;
mod duration;
mod engine;
mod error;
mod language;
mod picture;
mod text;
mod view;

pub(crate) use body::{BodyTemplate, document};
pub use chat::{ChatLink, ChatTemplate, ChatText, Escape, Form};
pub use engine::{Mail, Templates};
pub use error::TemplateError;
pub use picture::Picture;
pub(crate) use text::cut;

#[cfg(test)]
mod tests;
