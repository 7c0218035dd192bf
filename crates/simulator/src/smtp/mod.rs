//! A mail server that keeps what it is given and fails as scripted.

mod auth;
mod data;
mod fault;
mod mail;
mod session;
mod sink;

pub use fault::{SmtpFault, Stage};
pub use mail::Mail;
pub use sink::{SmtpBuilder, SmtpSink};
