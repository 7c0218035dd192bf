#![doc = include_str!("../README.md")]

pub mod http;
mod net;
pub mod ports;
mod scenario;
pub mod smtp;
mod systems;
mod tls;

pub use http::{Fault, HttpServer, Request, Times};
pub use scenario::{Scenario, ScenarioOptions, Trajectory, Values, message};
pub use smtp::{Mail, SmtpFault, SmtpSink, Stage};
pub use systems::{Message, SignInRefusal, SystemA, SystemB};
#[cfg(feature = "tls")]
pub use tls::{Certificate, CertificateError};
