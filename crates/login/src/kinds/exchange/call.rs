//! One call as the config describes it: where to, and what is sent. Of a sign-in, or before what is read.

use std::collections::BTreeMap;

use http::header::ACCEPT;
use monitor_domain::Finding;
use monitor_requests::{Bytes, HeaderName, HeaderValue, Method, Request, Url, http_address};
use serde_json::{Map, Value};

use super::bad;
use super::settings::Encode;
use crate::LoginError;
use crate::session::join;
use crate::template::{JsonTemplate, Template, Vars};

/// The keys that say where a call goes.
#[derive(Clone, Copy, Debug)]
pub struct CallSettings<'a> {
    /// Path and query below the system's address.
    pub path: Option<&'a str>,
    /// The whole address instead.
    pub url: Option<&'a str>,
    /// HTTP method; by default that which fits the body.
    pub method: Option<&'a str>,
    /// More query parameters.
    pub query: &'a BTreeMap<String, String>,
    /// More headers.
    pub headers: &'a BTreeMap<String, String>,
}

/// What a call sends.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing.
    None,
    /// Fields, as JSON or as a form.
    Fields(Encode, Vec<(String, JsonTemplate)>),
    /// JSON.
    Json(JsonTemplate),
    /// A text as it is.
    Text(Template),
}

/// The checked form of the keys that describe a call.
#[derive(Clone, Debug)]
pub struct Call {
    target: Target,
    method: Method,
    query: Vec<(String, Template)>,
    /// With the name as the config has it.
    headers: Vec<(String, HeaderName, Template)>,
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
    /// The call that these keys describe, whose templates may use `names`; what is wrong goes to `findings` under `key`.
    pub fn compile(
        key: &str,
        settings: &CallSettings<'_>,
        body: Body,
        names: &[&str],
        findings: &mut Vec<Finding>,
    ) -> Option<Call> {
        let before = findings.len();
        let mut wrong = |name: &str, why: String| findings.push(Finding::new(place(key, name), why));
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
                (Ok(header), Ok(value)) => headers.push((name.clone(), header, value)),
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

    /// Fills in every template that uses nothing but what `vars` has, so that a mistake is found when the config is read.
    pub fn try_fill(&self, key: &str, vars: &Vars, findings: &mut Vec<Finding>) {
        let mut check = |name: String, result: Result<(), String>| {
            if let Err(why) = result {
                findings.push(Finding::new(place(key, &name), why));
            }
        };
        if let Target::Path(path) = &self.target {
            check("path".to_owned(), path.try_fill(vars));
        }
        for (name, value) in &self.query {
            check(format!("query.{name}"), value.try_fill(vars));
        }
        for (name, header, value) in &self.headers {
            let filled = match value.is_plain() {
                true => value
                    .fill(vars)
                    .and_then(|text| header_value(header, &text).map(drop)),
                false => value.try_fill(vars),
            };
            check(format!("headers.{name}"), filled);
        }
        match &self.body {
            Body::None => {}
            Body::Json(body) => check("body".to_owned(), body.try_fill(vars)),
            Body::Text(body) => check("body".to_owned(), body.try_fill(vars)),
            Body::Fields(_, fields) => {
                for (name, value) in fields {
                    check(format!("fields.{name}"), value.try_fill(vars));
                }
            }
        }
    }

    /// The method that it is sent with.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The address that it goes to; `below` makes one of a path.
    ///
    /// # Errors
    /// Why there is none: a template that cannot be filled in, or what `below` says.
    pub fn url<E: From<BadCall>>(
        &self,
        vars: &Vars,
        below: impl FnOnce(&str) -> Result<Url, E>,
    ) -> Result<Url, E> {
        let mut url = match &self.target {
            Target::Url(url) => url.clone(),
            Target::Path(path) => below(&path.fill(vars).map_err(BadCall)?)?,
        };
        if !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &self.query {
                pairs.append_pair(name, &value.fill(vars).map_err(BadCall)?);
            }
        }
        Ok(url)
    }

    /// What is sent to that address: the body and the headers, as far as the config says.
    ///
    /// # Errors
    /// Why it cannot be made, without a value.
    pub fn request(&self, url: Url, vars: &Vars) -> Result<Request, BadCall> {
        self.build(url, vars, &[])
    }

    fn build(&self, url: Url, vars: &Vars, more: &[(String, String)]) -> Result<Request, BadCall> {
        let mut request = Request::new(self.method.clone(), url).with_secrets(vars.secrets().iter().cloned());
        request = match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(&body.fill(vars).map_err(BadCall)?),
            Body::Text(body) => {
                let text = Bytes::from(body.fill(vars).map_err(BadCall)?);
                request.body("text/plain; charset=utf-8", text)
            }
            Body::Fields(encode, fields) => {
                let mut all: Vec<(String, Value)> = Vec::new();
                for (name, value) in more {
                    all.push((name.clone(), Value::from(value.as_str())));
                }
                for (name, value) in fields {
                    // What the config says is sent instead of what the form has.
                    all.retain(|(other, _)| other != name);
                    all.push((name.clone(), value.fill(vars).map_err(BadCall)?));
                }
                write(request, *encode, &all)
            }
        };
        for (_, name, value) in &self.headers {
            let value = header_value(name, &value.fill(vars).map_err(BadCall)?).map_err(BadCall)?;
            request = request.header(name.clone(), value);
        }
        Ok(request)
    }

    /// What a sign-in sends, `more` fields with it.
    pub(crate) fn sign_in(
        &self,
        base: &Url,
        vars: &Vars,
        more: &[(String, String)],
    ) -> Result<Request, LoginError> {
        let url = self.url(vars, |path| join(base, path).map_err(bad))?;
        // The session has a back-off of its own; the breaker knows of calls that a sign-in may mend.
        let mut request = self.build(url, vars, more)?.past_breaker();
        request.headers.entry(ACCEPT).or_insert(self.accept());
        for (_, name, _) in &self.headers {
            if let Some(value) = request.headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
        Ok(request)
    }

    fn accept(&self) -> HeaderValue {
        match self.body {
            Body::Fields(Encode::Form, _) => {
                HeaderValue::from_static("text/html, application/json;q=0.9, */*;q=0.8")
            }
            Body::Fields(Encode::Json, _) | Body::Json(_) => HeaderValue::from_static("application/json"),
            Body::None | Body::Text(_) => HeaderValue::from_static("*/*"),
        }
    }
}

/// Why a call cannot be made of its templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCall(pub String);

impl From<BadCall> for LoginError {
    fn from(error: BadCall) -> LoginError {
        bad(error.0)
    }
}

/// Where a key of a call stands.
fn place(key: &str, name: &str) -> String {
    if key.is_empty() {
        name.to_owned()
    } else {
        format!("{key}.{name}")
    }
}

fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text)
        .map_err(|_| format!("the header {name} would have characters that no header may have"))
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
            let url = http_address(url, "https://sso.example/login").map_err(|why| ("url", why))?;
            if !url.username().is_empty() || url.password().is_some() {
                let message = "must not hold a user or password; they have keys of their own";
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
