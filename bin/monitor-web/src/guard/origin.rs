//! Which sites' pages may change something (against request forgery) and read answers (CORS).

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::problem::{Code, Problem};

/// Refuses a changing request that a browser sent for another site's page. Programs that send neither `Origin` nor
/// `Sec-Fetch-Site`, such as curl, are no browsers and are let through.
pub(crate) fn guard_origin(req: &ServiceRequest, allowed: &[String]) -> Result<(), Problem> {
    if matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let headers = req.headers();
    let good = match headers.get(header::ORIGIN) {
        Some(origin) => {
            let origin = origin.to_str().unwrap_or_default();
            is_allowed(origin, allowed)
                || (is_own(origin, req) && site(headers).is_none_or(|s| s == "same-origin"))
        }
        None => site(headers).is_none_or(|s| s == "same-origin" || s == "none"),
    };
    if good {
        Ok(())
    } else {
        Err(Problem::new(
            Code::CrossOrigin,
            "Another site's page may not change anything here.",
        ))
    }
}

/// The CORS headers for an answer to this request, where its origin is one of `allowed`.
pub(crate) fn cors(req: &ServiceRequest, allowed: &[String]) -> Vec<(header::HeaderName, HeaderValue)> {
    let Some(origin) = req.headers().get(header::ORIGIN) else {
        return Vec::new();
    };
    if !is_allowed(origin.to_str().unwrap_or_default(), allowed) {
        return Vec::new();
    }
    vec![
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, DELETE"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("content-type"),
        ),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ]
}

fn site(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("sec-fetch-site")
        .map(|value| value.to_str().unwrap_or_default())
}

fn is_allowed(origin: &str, allowed: &[String]) -> bool {
    allowed
        .iter()
        .any(|a| a.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

/// Whether the origin is this server under the name in the request; `https` is a proxy in front.
fn is_own(origin: &str, req: &ServiceRequest) -> bool {
    let info = req.connection_info();
    let host = req
        .headers()
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .unwrap_or(info.host());
    let rest = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn check(headers: &[(&'static str, &str)]) -> bool {
        let mut req = TestRequest::post()
            .uri("/reset")
            .insert_header(("host", "localhost:8080"));
        for header in headers {
            req = req.insert_header(*header);
        }
        guard_origin(&req.to_srv_request(), &["https://board.example/".to_owned()]).is_ok()
    }

    #[test]
    fn own_pages_and_programs_may_change_things() {
        assert!(check(&[]));
        assert!(check(&[
            ("origin", "http://localhost:8080"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(check(&[("origin", "http://localhost:8080")]));
        assert!(check(&[("sec-fetch-site", "none")]));
        assert!(check(&[
            ("origin", "https://board.example"),
            ("sec-fetch-site", "cross-site")
        ]));
    }

    #[test]
    fn other_pages_may_not() {
        assert!(!check(&[("origin", "http://evil.example")]));
        assert!(
            !check(&[("origin", "http://localhost:9999")]),
            "another port is another origin"
        );
        assert!(!check(&[("origin", "null")]));
        assert!(!check(&[("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[
            ("origin", "http://localhost:8080"),
            ("sec-fetch-site", "cross-site")
        ]));
    }
}
