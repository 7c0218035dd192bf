//! One call of a sign-in: where to, and what is sent.

use std::collections::BTreeMap;

use http::header::ACCEPT;
use monitor_domain::Finding;
use monitor_requests::{HeaderName, HeaderValue, Method, Request, Url};
use serde_json::{Map, Value};

use super::bad;
use super::settings::Encode;
use crate::LoginError;
use crate::session::join;
use crate::template::{JsonTemplate, Template, Vars};

/// The keys that say where a call goes.
pub(crate) struct CallSettings<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) url: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) query: &'a BTreeMap<String, String>,
    pub(crate) headers: &'a BTreeMap<String, String>,
}

/// What a call sends.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    Fields(Encode, Vec<(String, JsonTemplate)>),
    Json(JsonTemplate),
}

/// The checked form.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    target: Target,
    method: Method,
    query: Vec<(String, Template)>,
    headers: Vec<(HeaderName, Template)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Target {
    /// Below the system's address.
    Path(Template),
    /// Wherever the config says.
    Url(Url),
}

impl Call {
    /// The call that these keys describe; what is wrong goes to `findings` under `key`.
    pub(crate) fn compile(
        key: &str,
        settings: &CallSettings<'_>,
        body: Body,
        names: &[&str],
        findings: &mut Vec<Finding>,
    ) -> Option<Call> {
        let before = findings.len();
        let mut wrong = |name: &str, why: String| findings.push(Finding::new(format!("{key}.{name}"), why));
        let target = target(settings, names).map_err(|(name, why)| wrong(name, why));
        let default = if matches!(body, Body::None) {
            Method::GET
        } else {
            Method::POST
        };
        let method = settings
            .method
            .map_or(Ok(default), |text| Method::from_bytes(text.as_bytes()));
        let method = method.map_err(|_| wrong("method", "not an HTTP method, such as \"POST\"".to_owned()));
        let mut query = Vec::new();
        for (name, text) in settings.query {
            match Template::parse(text, names) {
                Ok(value) => query.push((name.clone(), value)),
                Err(why) => wrong(&format!("query.{name}"), why),
            }
        }
        let mut headers = Vec::new();
        for (name, text) in settings.headers {
            match (
                HeaderName::from_bytes(name.as_bytes()),
                Template::parse(text, names),
            ) {
                (Ok(name), Ok(value)) => headers.push((name, value)),
                (Err(_), _) => wrong(&format!("headers.{name}"), "not the name of a header".to_owned()),
                (_, Err(why)) => wrong(&format!("headers.{name}"), why),
            }
        }
        match (target, method) {
            (Ok(target), Ok(method)) if findings.len() == before => Some(Call {
                target,
                method,
                query,
                headers,
                body,
            }),
            _ => None,
        }
    }

    /// The address that it goes to.
    pub(crate) fn url(&self, base: &Url, vars: &Vars) -> Result<Url, LoginError> {
        let mut url = match &self.target {
            Target::Url(url) => url.clone(),
            Target::Path(path) => join(base, &path.fill(vars).map_err(bad)?).map_err(bad)?,
        };
        if !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &self.query {
                pairs.append_pair(name, &value.fill(vars).map_err(bad)?);
            }
        }
        Ok(url)
    }

    /// What is sent, `more` fields with it.
    pub(crate) fn request(
        &self,
        base: &Url,
        vars: &Vars,
        more: &[(String, String)],
    ) -> Result<Request, LoginError> {
        // The session has a back-off of its own; the breaker knows of calls that a sign-in may mend.
        let mut request = Request::new(self.method.clone(), self.url(base, vars)?).past_breaker();
        request = match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(&body.fill(vars).map_err(bad)?),
            Body::Fields(encode, fields) => {
                let mut all: Vec<(String, Value)> = Vec::new();
                for (name, value) in more {
                    all.push((name.clone(), Value::from(value.as_str())));
                }
                for (name, value) in fields {
                    // What the config says is sent instead of what the form has.
                    all.retain(|(other, _)| other != name);
                    all.push((name.clone(), value.fill(vars).map_err(bad)?));
                }
                write(request, *encode, &all)
            }
        };
        request.headers.entry(ACCEPT).or_insert(self.accept());
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(&value.fill(vars).map_err(bad)?).map_err(|_| {
                bad(format!(
                    "the header {name} would have characters that no header may have"
                ))
            })?;
            value.set_sensitive(true);
            request = request.header(name.clone(), value);
        }
        Ok(request)
    }

    fn accept(&self) -> HeaderValue {
        match self.body {
            Body::Fields(Encode::Form, _) => {
                HeaderValue::from_static("text/html, application/json;q=0.9, */*;q=0.8")
            }
            Body::Fields(Encode::Json, _) | Body::Json(_) => HeaderValue::from_static("application/json"),
            Body::None => HeaderValue::from_static("*/*"),
        }
    }
}

fn target(settings: &CallSettings<'_>, names: &[&str]) -> Result<Target, (&'static str, String)> {
    match (settings.path, settings.url) {
        (Some(_), Some(_)) => Err(("url", "give either path or url".to_owned())),
        (None, None) => Err((
            "path",
            "missing: the path to call, such as \"/auth/login\"".to_owned(),
        )),
        (Some(path), None) if !path.starts_with('/') => {
            let message = "must begin with \"/\"; the host comes from base_url, and url is for another one";
            Err(("path", message.to_owned()))
        }
        (Some(path), None) => Template::parse(path, names)
            .map(Target::Path)
            .map_err(|why| ("path", why)),
        (None, Some(url)) => {
            // The text itself is not repeated: it may hold a password.
            let url = Url::parse(url).map_err(|error| ("url", format!("not a URL ({error})")))?;
            if !matches!(url.scheme(), "http" | "https")
                || !url.username().is_empty()
                || url.password().is_some()
            {
                let message = "must begin with http:// or https:// and hold no user or password";
                return Err(("url", message.to_owned()));
            }
            Ok(Target::Url(url))
        }
    }
}

fn write(request: Request, encode: Encode, fields: &[(String, Value)]) -> Request {
    match encode {
        Encode::Json => {
            let object: Map<String, Value> = fields.iter().cloned().collect();
            request.json(&object)
        }
        Encode::Form => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pairs: Vec<(String, String)> = fields
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect();
            let pairs: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            request.form(&pairs)
        }
    }
}
