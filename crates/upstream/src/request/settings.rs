//! The keys that say what is requested, which several sections have.

use std::collections::BTreeMap;

use monitor_domain::Finding;
use monitor_login::{
    BodyRule, BodySettings, Call, CallBody, CallSettings, JsonTemplate, StepSettings, Template,
};
use serde_json::Value;

use super::variables::{OF_DETAILS, OF_FETCH, OF_ITEM, OF_LIST, sample};
use super::{Chain, Identity, NamedStep, bare};

/// Those keys, as a section has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestKeys<'a> {
    pub(crate) system: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) query: &'a BTreeMap<String, String>,
    pub(crate) headers: &'a BTreeMap<String, String>,
    pub(crate) body: Option<&'a Value>,
    pub(crate) steps: &'a [StepSettings],
}

impl RequestKeys<'_> {
    /// The chain of a fetch; what is wrong goes to `errors`.
    pub(crate) fn of_fetch(&self, errors: &mut Vec<Finding>) -> Option<Chain> {
        self.reading(&OF_FETCH, errors)
    }

    /// That of a fetch whose answer is a list of items.
    pub(crate) fn of_list(&self, errors: &mut Vec<Finding>) -> Option<Chain> {
        self.reading(&OF_LIST, errors)
    }

    fn reading(&self, names: &[&str], errors: &mut Vec<Finding>) -> Option<Chain> {
        if self.system.is_none() {
            errors.push(Finding::new("system", "missing: name the system to read from"));
        }
        self.compile(names, "/api/totals/x", errors)
    }

    /// That of details; the metric may be an item of a list.
    pub(crate) fn of_details(&self, is_item: bool, errors: &mut Vec<Finding>) -> Option<Chain> {
        if self.system.is_none() {
            errors.push(Finding::new(
                "system",
                "missing: name the system that explains alerts",
            ));
        }
        let names: &[&str] = if is_item { &OF_ITEM } else { &OF_DETAILS };
        self.compile(names, "/api/alerts/x?total={{ total }}", errors)
    }

    fn compile(&self, names: &[&str], example: &str, errors: &mut Vec<Finding>) -> Option<Chain> {
        let before = errors.len();
        match self.path {
            None => errors.push(Finding::new(
                "path",
                format!("missing: the path to request, such as \"{example}\""),
            )),
            Some(path) => check_path(path, errors),
        }
        let method = check_method(self.method, errors);
        let steps = self.steps(names, errors);
        let (steps, known) = steps;
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let body = body(self.body, &known, errors);
        let settings = CallSettings {
            // What is missing was said above; the rest is checked all the same.
            path: self.path.filter(|path| path.starts_with('/')).or(Some("/")),
            url: None,
            method: method.or(Some("GET")),
            query: self.query,
            headers: self.headers,
        };
        let call = Call::compile("", &settings, body, &known, errors);
        let sample = sample(names);
        if let Some(call) = &call {
            call.try_fill("", &sample, errors);
        }
        for step in &steps {
            step.step.call.try_fill(&step.step.key, &sample, errors);
        }
        if errors.len() > before {
            return None;
        }
        Some(Chain {
            path: self.path.unwrap_or_default().to_owned(),
            steps,
            call: call?,
            identity: self.identity(),
        })
    }

    /// The calls before, and all names that are known after them.
    fn steps(&self, names: &[&str], errors: &mut Vec<Finding>) -> (Vec<NamedStep>, Vec<String>) {
        for (index, step) in self.steps.iter().enumerate() {
            let mut wrong =
                |key: &str, why: String| errors.push(Finding::new(format!("steps[{index}].{key}"), why));
            if step.url.is_some() {
                let message = "a step calls the same system as what comes after it: give a path";
                wrong("url", message.to_owned());
            }
            for name in step.take.keys().filter(|name| names.contains(&name.as_str())) {
                wrong(
                    &format!("take.{name}"),
                    format!("templates have something called {name} already; give it another name"),
                );
            }
        }
        let known = names.iter().map(ToString::to_string).collect();
        let (steps, known) = StepSettings::compile_all("steps", self.steps, known, errors);
        // Those that are wrong are left out, but then nobody uses what is left.
        let named = steps.into_iter().zip(self.steps).enumerate();
        let named = named.map(|(index, (step, settings))| {
            let path = settings.path.clone().unwrap_or_default();
            let method = step.call.method();
            NamedStep {
                name: format!("step {} ({method} {})", index + 1, bare(&path)),
                path,
                step,
            }
        });
        (named.collect(), known)
    }

    fn identity(&self) -> Identity {
        let steps: Vec<_> = self
            .steps
            .iter()
            .map(|step| {
                let call = (&step.path, &step.method, &step.query, &step.headers);
                (call, &step.fields, step.encode, &step.body, &step.ok, &step.take)
            })
            .collect();
        let call = (
            self.system,
            self.path,
            self.method,
            self.query,
            self.headers,
            self.body,
        );
        Identity(format!("{call:?} {steps:?}").into())
    }
}

fn body(body: Option<&Value>, names: &[&str], errors: &mut Vec<Finding>) -> CallBody {
    let parsed = match body {
        None => Ok(CallBody::None),
        Some(Value::String(text)) => Template::parse(text, names).map(CallBody::Text),
        Some(json) => JsonTemplate::parse(json, names).map(CallBody::Json),
    };
    parsed.unwrap_or_else(|why| {
        errors.push(Finding::new("body", why));
        CallBody::None
    })
}

pub(crate) fn check_path(path: &str, errors: &mut Vec<Finding>) {
    if !path.starts_with('/') || path.starts_with("//") {
        // It is not repeated: with a query it may hold an API key.
        errors.push(Finding::new(
            "path",
            "is not a path: start it with one \"/\"; the host comes from the system's base_url",
        ));
    }
}

fn check_method<'a>(method: Option<&'a str>, errors: &mut Vec<Finding>) -> Option<&'a str> {
    match method? {
        known @ ("GET" | "POST" | "PUT" | "HEAD" | "DELETE" | "PATCH") => Some(known),
        other => {
            errors.push(Finding::new(
                "method",
                format!("no method \"{other}\"; there are GET, POST, PUT, PATCH"),
            ));
            None
        }
    }
}

pub(crate) fn compile_ok(ok: Option<&BodySettings>, errors: &mut Vec<Finding>) -> Option<BodyRule> {
    match ok?.compile("ok") {
        Ok(rule) => Some(rule),
        Err(finding) => {
            errors.push(finding);
            None
        }
    }
}
