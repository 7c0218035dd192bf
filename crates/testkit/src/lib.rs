#![doc = include_str!("../README.md")]

mod clock;
pub mod demo;
pub mod http;
mod net;
pub mod ports;
pub mod postgres;
pub mod promtool;
pub mod require;
pub mod robot;
pub mod smtp;
mod systems;
mod tls;

pub use clock::ScriptedClock;
pub use http::{Fault, HttpServer, Seen, Times};
pub use require::{require, skip};
pub use smtp::{Mail, SmtpFault, SmtpSink, Stage};
pub use systems::{Message, SignInRefusal, SystemA, SystemB};
#[cfg(feature = "tls")]
pub use tls::{Certificate, CertificateError};
