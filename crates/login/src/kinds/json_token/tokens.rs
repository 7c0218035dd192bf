//! Where a token and its life are in an answer.

use std::time::Duration;

use http::HeaderName;
use monitor_domain::counted;
use monitor_requests::{Response, Secret};
use serde_json::Value;

use super::super::exchange::bad;
use super::settings::ExpiresUnit;
use crate::JsonPath;
use crate::LoginError;

/// Where token and life are in an answer.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) at: TokenAt,
    pub(super) expires_in: JsonPath,
    pub(super) unit: ExpiresUnit,
}

#[derive(Clone)]
pub(super) enum TokenAt {
    /// The first of these that there is.
    Json(Vec<JsonPath>),
    Header(HeaderName),
}

impl Tokens {
    /// The token of an answer and its life. Nothing of the answer is quoted: one of its values is the token.
    pub(super) fn read(&self, response: &Response) -> Result<(Secret, Option<Duration>), LoginError> {
        let says = |what: &str| bad(format!("the answer to the sign-in {what}"));
        let json = || -> Result<Value, LoginError> {
            if response.is_html() {
                return Err(says("is an HTML page, not JSON"));
            }
            let text = response
                .utf8()
                .map_err(|why| says(&format!("cannot be read: {why}")))?;
            serde_json::from_slice(&text).map_err(|_| says("is not JSON"))
        };
        let (token, json) = match &self.at {
            TokenAt::Header(name) => {
                let token = response.headers.get(name).and_then(|value| value.to_str().ok());
                let token = token.filter(|token| !token.is_empty());
                let token = token.ok_or_else(|| says(&format!("has no header {name}")))?;
                (token.to_owned(), json().unwrap_or_default())
            }
            TokenAt::Json(paths) => {
                let json = json()?;
                (find(paths, &json).map_err(|why| says(&why))?, json)
            }
        };
        // What follows a scheme that the answer itself writes.
        let token = token.strip_prefix("Bearer ").unwrap_or(&token);
        Ok((Secret::new(token), self.life(&json)))
    }

    /// The life, if it is given in a way that is understood.
    fn life(&self, json: &Value) -> Option<Duration> {
        let number = match self.expires_in.query(json).first()? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let seconds = match self.unit {
            ExpiresUnit::Seconds => number,
            ExpiresUnit::Milliseconds => number / 1_000.0,
        };
        // Zero and less is how some say "it does not end"; what is too large to express does not end either.
        (seconds > 0.0)
            .then(|| Duration::try_from_secs_f64(seconds).ok())
            .flatten()
    }
}

fn find(paths: &[JsonPath], json: &Value) -> Result<String, String> {
    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let nodes: Vec<&Value> = paths
        .iter()
        .map(|path| path.query(json).all())
        .find(|nodes| !nodes.is_empty())
        .unwrap_or_default();
    match nodes.as_slice() {
        [Value::String(token)] if !token.is_empty() => Ok(token.clone()),
        [_] => Err(format!("has a {} that is not a text", names[0])),
        [] => Err(format!("has no {}", names.join(" and no "))),
        several => Err(format!(
            "has {} at {}; it must be one",
            counted(several.len(), "value"),
            names[0]
        )),
    }
}
