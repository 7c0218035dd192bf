//! Signing one request.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;
use monitor_requests::{HeaderName, HeaderValue, Request, Secret, Signer};
use url::Origin;

use super::algorithm::{Algorithm, Encoding};
use super::vars;
use crate::template::{Template, Vars};

/// Where the signature goes.
pub(super) enum Place {
    Header(HeaderName),
    Query(String),
}

/// The checked templates.
pub(super) struct Templates {
    pub(super) text: Template,
    pub(super) value: Template,
    pub(super) hmac_key: Template,
    pub(super) derive: Vec<Template>,
    pub(super) add_headers: Vec<(HeaderName, Template)>,
    pub(super) add_query: Vec<(String, Template)>,
    pub(super) place: Place,
}

/// The checked form of [`SignSettings`](super::SignSettings).
pub(super) struct RequestSigner {
    pub(super) origin: Origin,
    /// Those that the client adds to every call.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) key: Secret,
    pub(super) values: Vec<(String, Secret)>,
    pub(super) algorithm: Algorithm,
    pub(super) encode: Encoding,
    pub(super) templates: Templates,
}

impl Signer for RequestSigner {
    fn sign(&self, request: &mut Request, now: DateTime<Utc>) -> Result<(), String> {
        // A sign-in at another host, say: that one knows nothing of the key.
        if request.url.origin() != self.origin {
            return Ok(());
        }
        let Templates {
            text,
            value,
            add_headers,
            add_query,
            place,
            ..
        } = &self.templates;
        self.refuse_conflicts(request)?;
        let mut vars = vars::of(request, &self.headers, now)?;
        for (name, value) in &self.values {
            vars.set(name, value.expose());
        }
        for (name, template) in add_query {
            let value = fill(template, &vars, || format!("add_query.{name}"))?;
            request.url.query_pairs_mut().append_pair(name, &value);
        }
        for (name, template) in add_headers {
            let value = fill(template, &vars, || format!("add_headers.{name}"))?;
            put_header(request, name, &value)?;
        }
        vars::put(&mut vars, request, &self.headers)?;
        let mut with_key = vars.clone();
        with_key.set("key", self.key.expose());
        let text = fill(text, &with_key, || "text".to_owned())?;
        let key = self.hmac_key(&vars, &with_key)?;
        let signature = self.encode.write(&self.algorithm.sign(&key, text.as_bytes()));
        vars.set("signature", &signature);
        let value = fill(value, &vars, || "value".to_owned())?;
        match place {
            Place::Header(name) => put_header(request, name, &value),
            Place::Query(name) => {
                request.url.query_pairs_mut().append_pair(name, &value);
                Ok(())
            }
        }
    }
}

impl RequestSigner {
    fn hmac_key(&self, vars: &Vars, with_key: &Vars) -> Result<Vec<u8>, String> {
        let Templates { hmac_key, derive, .. } = &self.templates;
        let mut key = fill(hmac_key, with_key, || "hmac_key".to_owned())?.into_bytes();
        for (index, template) in derive.iter().enumerate() {
            let text = fill(template, vars, || format!("derive[{index}]"))?;
            key = self.algorithm.sign(&key, text.as_bytes());
        }
        Ok(key)
    }

    /// What the login has put into a request stays as it is.
    fn refuse_conflicts(&self, request: &Request) -> Result<(), String> {
        let Templates {
            add_headers,
            add_query,
            place,
            ..
        } = &self.templates;
        let (header, query) = match place {
            Place::Header(name) => (Some(name), false),
            Place::Query(_) => (None, true),
        };
        let headers = header.into_iter().chain(add_headers.iter().map(|(name, _)| name));
        let proof = request.headers.get(AUTHORIZATION);
        if proof.is_some() && headers.clone().any(|name| *name == AUTHORIZATION) {
            let why = "the sign-in's proof is in the header Authorization already: have the signature go into another";
            return Err(format!("sign.header: {why}"));
        }
        let is_digest = proof.is_some_and(|proof| proof.as_bytes().starts_with(b"Digest "));
        if is_digest && (query || !add_query.is_empty()) {
            let why = "the proof of digest is over the address, which must not change after it: use header and add_headers";
            return Err(format!("sign.query: {why}"));
        }
        Ok(())
    }
}

fn fill(template: &Template, vars: &Vars, key: impl Fn() -> String) -> Result<String, String> {
    template
        .fill(vars)
        .map_err(|why| format!("sign.{}: {why}", key()))
}

fn put_header(request: &mut Request, name: &HeaderName, value: &str) -> Result<(), String> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("sign: the header {name} would have characters that no header may have"))?;
    value.set_sensitive(true);
    request.headers.insert(name.clone(), value);
    Ok(())
}
