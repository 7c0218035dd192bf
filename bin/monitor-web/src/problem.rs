//! The one place that turns errors into HTTP: RFC 9457 `application/problem+json` with a stable `code`.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use monitor_domain::counted;
use monitor_model::DbError;
use serde::Serialize;

/// The largest body taken, in bytes; no route needs a larger one.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// What went wrong, for programs: these words never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// There is nothing at this path.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// The `Host` header names a host that this server is not.
    HostNotAllowed,
    /// The token is missing or wrong.
    Unauthorized,
    /// Another site's page tried to change something.
    CrossOrigin,
    /// A query parameter cannot be understood.
    BadQuery,
    /// What was sent cannot be understood, or demands what cannot be.
    BadBody,
    /// The change does not fit what is there: somebody else was first.
    Conflict,
    /// The request's body is larger than any that is taken.
    BodyTooLarge,
    /// The answer was not ready in time.
    TimedOut,
    /// No more live connections are taken.
    TooManyStreams,
    /// No more values of this metric are taken until some are judged.
    TooManyValues,
    /// The database cannot be reached, or is locked.
    DatabaseUnavailable,
    /// The database's tables are not up to date.
    NotMigrated,
    /// A fault of this program; its log says more.
    Internal,
}

impl Code {
    /// The word as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::NotFound => "not-found",
            Code::MethodNotAllowed => "method-not-allowed",
            Code::HostNotAllowed => "host-not-allowed",
            Code::Unauthorized => "unauthorized",
            Code::CrossOrigin => "cross-origin",
            Code::BadQuery => "bad-query",
            Code::BadBody => "bad-body",
            Code::Conflict => "conflict",
            Code::BodyTooLarge => "body-too-large",
            Code::TimedOut => "timed-out",
            Code::TooManyStreams => "too-many-streams",
            Code::TooManyValues => "too-many-values",
            Code::DatabaseUnavailable => "database-unavailable",
            Code::NotMigrated => "not-migrated",
            Code::Internal => "internal",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::HostNotAllowed => StatusCode::MISDIRECTED_REQUEST,
            Code::Unauthorized => StatusCode::UNAUTHORIZED,
            Code::CrossOrigin => StatusCode::FORBIDDEN,
            Code::BadQuery | Code::BadBody => StatusCode::BAD_REQUEST,
            Code::Conflict => StatusCode::CONFLICT,
            Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::TimedOut | Code::TooManyStreams | Code::DatabaseUnavailable | Code::NotMigrated => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Code::TooManyValues => StatusCode::TOO_MANY_REQUESTS,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error as it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What kind of error.
    pub code: Code,
    /// What happened this time and what to do, for people. Reveals nothing of the inside.
    pub detail: String,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
        }
    }

    /// The body is larger than [`MAX_BODY`].
    pub(crate) fn body_too_large() -> Problem {
        Problem::new(
            Code::BodyTooLarge,
            format!("A body may have up to {}.", counted(MAX_BODY, "byte")),
        )
    }

    /// SQLite's file is not the one that this process has open.
    pub(crate) fn file_replaced() -> Problem {
        Problem::new(
            Code::DatabaseUnavailable,
            "The database file was deleted or replaced: restart the web, which opens the file that is then there.",
        )
    }

    /// The answer.
    pub fn response(&self) -> HttpResponse {
        let status = self.code.status();
        let mut answer = HttpResponse::build(status);
        answer.content_type("application/problem+json");
        // Here too, for errors that end outside of the middleware that sets them.
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&status) {
            answer.insert_header((header::RETRY_AFTER, "5"));
        }
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        answer.json(Body {
            r#type: format!("urn:monitor:problem:{}", self.code.as_str()),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl From<DbError> for Problem {
    /// The cause goes to the log; the answer says which of two it is: the database's fault for now, or this program's.
    fn from(error: DbError) -> Problem {
        log::error!("request failed: {error}");
        if matches!(error, DbError::FileReplaced { .. }) {
            return Problem::file_replaced();
        }
        if error.is_transient() || matches!(error, DbError::Closed | DbError::Unsuitable { .. }) {
            Problem::new(
                Code::DatabaseUnavailable,
                "The database cannot be used just now. Try again shortly.",
            )
        } else {
            Problem::new(
                Code::Internal,
                "The database answered with an error. The server's log says which.",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_problem_is_answered_as_problem_json() {
        let response = Problem::new(Code::TimedOut, "Not ready within 30 s.").response();
        assert_eq!(response.status(), 503);
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            "application/problem+json"
        );
        assert_eq!(response.headers().get("retry-after").unwrap(), "5");
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        assert_eq!(
            body,
            r#"{"type":"urn:monitor:problem:timed-out","title":"Service Unavailable","status":503,"code":"timed-out","detail":"Not ready within 30 s."}"#
        );
    }

    #[test]
    fn database_errors_reveal_nothing_of_the_inside() {
        let problem = Problem::from(DbError::Locked {
            cause: "database is locked /secret/path".into(),
        });
        assert_eq!(problem.code, Code::DatabaseUnavailable);
        assert!(!problem.to_string().contains("secret"));
        for unavailable in [
            DbError::NoAnswer {
                after: std::time::Duration::from_secs(12),
            },
            DbError::Unsuitable {
                url: "postgres://secret".into(),
                why: "secret".into(),
            },
        ] {
            let problem = Problem::from(unavailable);
            assert_eq!(problem.code, Code::DatabaseUnavailable);
            assert!(!problem.to_string().contains("secret"));
        }
        let replaced = Problem::from(DbError::FileReplaced {
            url: "sqlite:/secret".into(),
        });
        assert_eq!(replaced, Problem::file_replaced());
        assert!(replaced.detail.contains("restart the web"), "{replaced}");
        assert_eq!(Problem::from(DbError::NotFound).code, Code::Internal);
    }
}
