//! A small HTTP/1.1 server that can misbehave on the wire in ways a proper server library prevents.

mod answer;
mod fault;
mod read;
mod request;
mod respond;
mod server;

pub use answer::Answer;
pub(crate) use answer::SIGN_IN_PAGE;
pub use fault::{Fault, Times};
pub use request::Request;
pub use server::HttpServer;
