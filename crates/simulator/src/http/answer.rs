//! What a simulated system answers.

use bytes::Bytes;

/// The page that a system shows to a client that is not signed in.
pub(crate) const SIGN_IN_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Sign in</title></head>\n\
<body><h1>Please sign in</h1>\n<form method=\"post\" action=\"/login\">\n\
<input name=\"username\"><input name=\"password\" type=\"password\"><button>Sign in</button>\n\
</form></body></html>\n";

/// One answer, before any [`Fault`](super::Fault) is done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers but for `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body; must be empty for a 204.
    pub body: Bytes,
}

impl Answer {
    /// A status without a body.
    pub fn status(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// A body of any type.
    pub fn body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
        Answer {
            body: body.into(),
            ..Answer::status(status)
        }
        .header("Content-Type", content_type)
    }

    /// JSON.
    pub fn json(status: u16, value: &serde_json::Value) -> Answer {
        Answer::body(status, "application/json", value.to_string())
    }

    /// An error as a JSON object.
    pub fn error(status: u16, message: &str) -> Answer {
        Answer::json(status, &serde_json::json!({ "error": message }))
    }

    /// A page.
    pub fn html(status: u16, page: &str) -> Answer {
        Answer::body(status, "text/html; charset=utf-8", page.to_owned())
    }

    /// A 302 to another address.
    pub fn redirect(location: &str) -> Answer {
        Answer::status(302).header("Location", location)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}
