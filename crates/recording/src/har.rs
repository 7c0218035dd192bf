//! The HAR format (1.2), as Chrome, Edge, Firefox and proxies write it: what is missing or of another type is taken to be empty.

use chrono::DateTime;
use serde_json::Value;
use url::Url;

use crate::content;
use crate::error::RecordingError;
use crate::exchange::{Encoding, Exchange, Field, RequestBody};
use crate::json::walk;
use crate::limits::{MAX_BODIES, MAX_BODY, MAX_ENTRIES, MAX_FILE, MAX_PAIRS};

/// What a browser recorded.
pub(crate) struct Recording {
    pub(crate) exchanges: Vec<Exchange>,
    /// The program that wrote it, such as `WebInspector`.
    pub(crate) creator: String,
    /// Calls that were not read.
    pub(crate) beyond: usize,
}

impl Recording {
    /// Reads a file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Recording, RecordingError> {
        if bytes.len() > MAX_FILE {
            return Err(RecordingError::TooLarge {
                limit: MAX_FILE / 1024 / 1024,
            });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let har: Value = serde_json::from_slice(bytes)?;
        let log = &har["log"];
        let entries = log["entries"].as_array().ok_or(RecordingError::NotHar)?;
        let mut room = MAX_BODIES;
        let calls = entries.iter().take(MAX_ENTRIES);
        let mut exchanges: Vec<Exchange> = calls.filter_map(|entry| exchange(entry, &mut room)).collect();
        if exchanges.is_empty() {
            return Err(RecordingError::Empty);
        }
        // Firefox writes them in the order of their ends. The sort keeps the order of those without a time.
        if exchanges.iter().all(|one| one.at_ms.is_some()) {
            exchanges.sort_by_key(|one| one.at_ms);
        }
        Ok(Recording {
            exchanges,
            creator: text(&log["creator"]["name"]).to_owned(),
            beyond: entries.len().saturating_sub(MAX_ENTRIES),
        })
    }
}

fn exchange(entry: &Value, room: &mut usize) -> Option<Exchange> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let url = Url::parse(text(&request["url"])).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return None;
    }
    let method = text(&request["method"]).to_ascii_uppercase();
    let headers = pairs(&request["headers"]);
    let answer_headers = pairs(&response["headers"]);
    let content = &response["content"];
    let mime_type = match text(&content["mimeType"]) {
        "" => crate::exchange::find(&answer_headers, "content-type").unwrap_or_default(),
        mime => mime,
    };
    let mime = media_type(mime_type);
    let text = if content::is_text(&mime) {
        let decoded = content::decode(content, mime_type, &answer_headers, MAX_BODY.min(*room));
        *room = room.saturating_sub(decoded.len());
        decoded
    } else {
        String::new()
    };
    let json = if mime.contains("json") || text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
    } else {
        None
    };
    let status = response["status"].as_u64().unwrap_or_default();
    Some(Exchange {
        at_ms: DateTime::parse_from_rfc3339(self::text(&entry["startedDateTime"]))
            .ok()
            .map(|at| at.timestamp_millis()),
        body: request_body(&request["postData"], room),
        cookies: request_cookies(&request["cookies"], &headers),
        set_cookies: set_cookies(&response["cookies"], &answer_headers),
        headers: headers
            .into_iter()
            .filter(|(name, _)| name != "cookie" && !name.starts_with(':'))
            .collect(),
        method: if method.is_empty() {
            "GET".to_owned()
        } else {
            method
        },
        url,
        status: u16::try_from(status).unwrap_or_default(),
        answer_headers,
        mime,
        text,
        json,
        by_script: matches!(self::text(&entry["_resourceType"]), "xhr" | "fetch"),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The media type without its parameters.
fn media_type(text: &str) -> String {
    text.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// `[{"name": …, "value": …}]`, with names in small letters.
fn pairs(list: &Value) -> Vec<(String, String)> {
    named(list)
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}

fn named(list: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |one: &Value| {
        let value = match &one["value"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        Some((one["name"].as_str()?.to_owned(), value))
    };
    list.iter().take(MAX_PAIRS).filter_map(pair)
}

/// Those that the header has, which is what was sent; some programs fill in only the list.
fn request_cookies(list: &Value, headers: &[(String, String)]) -> Vec<(String, String)> {
    let sent = headers.iter().filter(|(name, _)| name == "cookie");
    let sent: Vec<(String, String)> = sent
        .flat_map(|(_, value)| value.split(';'))
        .filter_map(cookie)
        .take(MAX_PAIRS)
        .collect();
    if sent.is_empty() {
        named(list).collect()
    } else {
        sent
    }
}

fn set_cookies(list: &Value, headers: &[(String, String)]) -> Vec<(String, String)> {
    let set = headers.iter().filter(|(name, _)| name == "set-cookie");
    // Firefox puts several into one header, a line each.
    let set: Vec<(String, String)> = set
        .flat_map(|(_, value)| value.lines())
        .filter_map(|line| cookie(line.split(';').next()?))
        .take(MAX_PAIRS)
        .collect();
    if set.is_empty() {
        named(list).collect()
    } else {
        set
    }
}

fn cookie(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once('=')?;
    Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
}

fn request_body(post: &Value, room: &mut usize) -> RequestBody {
    let mime = media_type(text(&post["mimeType"]));
    let sent = text(&post["text"]);
    let sent = if sent.len() <= MAX_BODY.min(*room) {
        sent
    } else {
        ""
    };
    *room = room.saturating_sub(sent.len());
    let is_json =
        mime.contains("json") || (mime != "multipart/form-data" && sent.trim_start().starts_with('{'));
    if is_json && let Ok(json) = serde_json::from_str::<Value>(sent) {
        return RequestBody {
            encoding: Encoding::Json,
            fields: fields(&json),
            json: Some(json),
        };
    }
    let params: Vec<Field> = named(&post["params"])
        .map(|(name, value)| param(&name, &value))
        .collect();
    let fields: Vec<Field> = match mime.as_str() {
        "application/x-www-form-urlencoded" if !sent.is_empty() => {
            url::form_urlencoded::parse(sent.as_bytes())
                .take(MAX_PAIRS)
                .map(|(name, value)| Field::form(&name, &value))
                .collect()
        }
        _ => params,
    };
    let encoding = match mime.as_str() {
        "application/x-www-form-urlencoded" => Encoding::Form,
        "" if fields.is_empty() && sent.is_empty() => Encoding::None,
        _ => Encoding::Other,
    };
    RequestBody {
        encoding,
        fields,
        json: None,
    }
}

/// Chrome leaves `params` encoded as they were sent, Firefox does not; what is encoded is shown by its signs.
fn param(name: &str, value: &str) -> Field {
    let decode = |text: &str| {
        let one = format!("x={text}");
        if !text.contains('%') || text.contains(['&', '=']) {
            return text.to_owned();
        }
        let pair = url::form_urlencoded::parse(one.as_bytes()).next();
        pair.map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
    };
    Field::form(&decode(name), &decode(value))
}

/// The scalars of a document.
fn fields(json: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    walk(json, |path, value| {
        if fields.len() < MAX_PAIRS && !value.is_object() && !value.is_array() && !path.is_empty() {
            fields.push(Field {
                path: path.to_vec(),
                value: value.clone(),
            });
        }
    });
    fields
}
