//! The `Host` check against DNS rebinding: a foreign name that resolves to 127.0.0.1 lets a foreign page in as if it
//! were ours, and only the name gives it away.

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use monitor_telemetry::is_loopback_name;

use crate::problem::{Code, Problem};

/// Refuses a request whose `Host` is no name of loopback. One without any is let through: browsers always send it.
pub(crate) fn check_host(req: &ServiceRequest) -> Result<(), Problem> {
    let header = req
        .headers()
        .get(header::HOST)
        .map(|value| value.to_str().unwrap_or_default());
    let named = req
        .uri()
        .authority()
        .map(actix_web::http::uri::Authority::as_str)
        .or(header);
    match named {
        Some(host) if !is_loopback_name(host) => Err(Problem::new(
            Code::HostNotAllowed,
            "This server only answers to localhost, 127.0.0.1 and [::1], whatever the port.",
        )),
        _ => Ok(()),
    }
}
