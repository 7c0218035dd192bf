//! One call of a recording and its answer.

use serde_json::Value;
use url::Url;

/// A request and its answer, as far as they are of use.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// When it was sent, in milliseconds since 1970.
    pub(crate) at_ms: Option<i64>,
    pub(crate) method: String,
    pub(crate) url: Url,
    /// Of the request; names in small letters, cookies not among them.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) body: RequestBody,
    pub(crate) status: u16,
    /// Of the answer; names in small letters.
    pub(crate) answer_headers: Vec<(String, String)>,
    pub(crate) set_cookies: Vec<(String, String)>,
    /// The media type of the answer, without parameters, in small letters.
    pub(crate) mime: String,
    pub(crate) text: String,
    /// The text, where it is JSON.
    pub(crate) json: Option<Value>,
    /// Whether the browser said that a script made the call.
    pub(crate) by_script: bool,
}

/// What a request sent.
#[derive(Clone, Default)]
pub(crate) struct RequestBody {
    pub(crate) encoding: Encoding,
    pub(crate) fields: Vec<Field>,
    /// The whole document, where it is JSON.
    pub(crate) json: Option<Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    #[default]
    None,
    Form,
    Json,
    /// Neither of them, such as multipart or XML.
    Other,
}

/// One scalar of a request.
#[derive(Clone)]
pub(crate) struct Field {
    /// The way to it in a JSON document; of a form its name alone.
    pub(crate) path: Vec<Step>,
    pub(crate) value: Value,
}

/// One step into a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl Field {
    pub(crate) fn form(name: &str, value: &str) -> Field {
        Field {
            path: vec![Step::Key(name.to_owned())],
            value: Value::String(value.to_owned()),
        }
    }

    /// Its last name.
    pub(crate) fn name(&self) -> &str {
        let keys = self.path.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        keys.into_iter().next().unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }
}

impl Exchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn answer_header(&self, name: &str) -> Option<&str> {
        find(&self.answer_headers, name)
    }

    /// `https://shop.example:8443`
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_html(&self) -> bool {
        self.mime == "text/html" || self.mime == "application/xhtml+xml"
    }

    /// Where a redirect leads.
    pub(crate) fn redirect(&self) -> Option<Url> {
        let to = (300..400)
            .contains(&self.status)
            .then(|| self.answer_header("location"))??;
        self.url.join(to).ok()
    }
}

pub(crate) fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|(other, _)| other == name)?;
    Some(&pair.1)
}
