//! The keys that describe calls of a sign-in.

use std::collections::BTreeMap;
use std::fmt;

use monitor_domain::Finding;
use monitor_requests::{Secret, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Step;
use super::call::{Body, Call, CallSettings};
use super::take::TakeSettings;
use crate::BuildError;
use crate::session::BodySettings;
use crate::template::{JsonTemplate, Template, check_name};

/// How the fields of a call are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encode {
    /// A JSON object.
    #[default]
    Json,
    /// A form, as a web page sends it.
    Form,
}

/// The names of the fields that carry the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldNames {
    /// That of the name. Default `"username"`; `""` sends none.
    pub username: Option<String>,
    /// That of the password. Default `"password"`; `""` sends none.
    pub password: Option<String>,
}

/// A constant field: a text (which may be a template), a number, a truth value, or a secret of the environment or a file.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Extra {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// A text, or `{ env = "NAME" }` or `{ file = "/path" }`.
    Text(SecretSource),
}

/// One call of `steps`, made before the one that counts; what it takes from its answer the later ones may use.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepSettings {
    /// Path and query below the system's `base_url`, a template.
    pub path: Option<String>,
    /// The whole address instead, where it is another host; of a sign-in only.
    pub url: Option<String>,
    /// HTTP method. Default `"GET"`, and `"POST"` with `fields` or `body`.
    pub method: Option<String>,
    /// More query parameters; the values are templates. Default: none.
    pub query: BTreeMap<String, String>,
    /// More request headers; the values are templates. Default: none.
    pub headers: BTreeMap<String, String>,
    /// Fields to send; the values are templates. Default: none.
    pub fields: BTreeMap<String, String>,
    /// How `fields` are written, `"json"` or `"form"`. Default `"json"`.
    pub encode: Encode,
    /// The body instead of `fields`, sent as JSON; its texts are templates.
    pub body: Option<Value>,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0] }`. Default: any answer with a 2xx status is good.
    pub ok: Option<BodySettings>,
    /// What later calls use of its answer, by name: `{ ticket = "$.data.ticket" }` (a JSONPath), or `{ ticket = { header = "X-Ticket" } }`,
    /// `{ cookie = "sid" }`, `{ regex = "…" }`, `{ input = "csrf" }` (a field of a form on a page), `{ select = "#shop", attribute =
    /// "data-id" }` (a CSS selector; without `attribute` the text).
    pub take: BTreeMap<String, TakeSettings>,
}

impl StepSettings {
    /// The checked form; `names` are what its templates may use.
    fn compile(&self, key: &str, names: &[&str], findings: &mut Vec<Finding>) -> Option<Step> {
        let before = findings.len();
        let body = match (&self.body, self.fields.is_empty()) {
            (Some(_), false) => {
                findings.push(Finding::new(format!("{key}.body"), "give either body or fields"));
                Body::None
            }
            (Some(body), true) => match JsonTemplate::parse(body, names) {
                Ok(body) => Body::Json(body),
                Err(why) => {
                    findings.push(Finding::new(format!("{key}.body"), why));
                    Body::None
                }
            },
            (None, true) => Body::None,
            (None, false) => {
                let fields = self.fields.iter();
                let fields = fields.filter_map(|(name, text)| match Template::parse(text, names) {
                    Ok(value) => Some((name.clone(), JsonTemplate::Text(value))),
                    Err(why) => {
                        findings.push(Finding::new(format!("{key}.fields.{name}"), why));
                        None
                    }
                });
                Body::Fields(self.encode, fields.collect())
            }
        };
        let settings = CallSettings {
            path: self.path.as_deref(),
            url: self.url.as_deref(),
            method: self.method.as_deref(),
            query: &self.query,
            headers: &self.headers,
        };
        let call = Call::compile(key, &settings, body, names, findings);
        let ok = self
            .ok
            .as_ref()
            .map(|ok| ok.compile(&format!("{key}.ok")))
            .transpose();
        let ok = ok.map_err(|finding| findings.push(finding)).ok().flatten();
        let mut take = Vec::new();
        for (name, settings) in &self.take {
            findings.extend(check_name(&format!("{key}.take.{name}"), name));
            match settings.compile(&format!("{key}.take.{name}")) {
                Ok(compiled) => take.push((name.clone(), compiled)),
                Err(finding) => findings.push(finding),
            }
        }
        (findings.len() == before)
            .then_some(call)
            .flatten()
            .map(|call| Step {
                key: key.to_owned(),
                call,
                ok,
                take,
            })
    }

    /// All steps, each with the names that those before it took; and all names that are known after the last. What is wrong goes
    /// to `findings` under `key`, such as `login.steps`.
    pub fn compile_all(
        key: &str,
        steps: &[StepSettings],
        mut names: Vec<String>,
        findings: &mut Vec<Finding>,
    ) -> (Vec<Step>, Vec<String>) {
        let mut compiled = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            compiled.extend(step.compile(&format!("{key}[{index}]"), &known, findings));
            names.extend(step.take.keys().cloned());
        }
        (compiled, names)
    }
}

impl Extra {
    /// What is sent in the field `name`; `names` are what its template may use.
    ///
    /// # Errors
    /// What is wrong with its template.
    pub(crate) fn compile(&self, names: &[&str], name: &str) -> Result<JsonTemplate, String> {
        Ok(match self {
            Extra::Bool(value) => JsonTemplate::Other(Value::from(*value)),
            Extra::Whole(value) => JsonTemplate::Other(Value::from(*value)),
            Extra::Text(SecretSource::Plain(text)) => {
                JsonTemplate::Text(Template::parse(text.expose(), names)?)
            }
            Extra::Text(_) => {
                let hidden = hidden_name(name);
                JsonTemplate::Text(Template::parse(&format!("{{{{ {hidden} }}}}"), &[&hidden])?)
            }
        })
    }

    /// Where it is to be had, if it is not in the config itself.
    fn secret(&self) -> Option<&SecretSource> {
        match self {
            Extra::Text(source) if !source.is_plain() => Some(source),
            _ => None,
        }
    }
}

/// The name under which a secret of a field is among the values; none that a config can have.
fn hidden_name(field: &str) -> String {
    field
        .bytes()
        .fold("extra_".to_owned(), |name, byte| format!("{name}_{byte:02x}"))
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Debug for StepSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepSettings")
            .field("method", &self.method)
            .field("take", &self.take.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The secrets among constant fields and values.
pub(crate) fn secrets<'a>(
    extra: &'a BTreeMap<String, Extra>,
    values: &'a BTreeMap<String, SecretSource>,
) -> impl Iterator<Item = SecretKey<'a>> {
    let key = |key, source, warn_if_plain| SecretKey {
        key,
        source,
        warn_if_plain,
    };
    let extra = extra.values().filter_map(Extra::secret);
    let extra = extra.map(move |source| key("login.extra", source, true));
    extra.chain(
        values
            .values()
            .map(move |source| key("login.values", source, true)),
    )
}

/// The values, and the secrets among the constant fields, read from where they are.
///
/// # Errors
/// [`BuildError::Secret`]
pub(crate) fn resolve_values(
    extra: &BTreeMap<String, Extra>,
    values: &BTreeMap<String, SecretSource>,
) -> Result<Vec<(String, Secret)>, BuildError> {
    let extra = extra
        .iter()
        .filter_map(|(name, value)| Some((hidden_name(name), "login.extra", value.secret()?)));
    let values = values
        .iter()
        .map(|(name, source)| (name.clone(), "login.values", source));
    let resolve = |(name, key, source)| Ok((name, BuildError::resolve(key, source)?));
    extra.chain(values).map(resolve).collect()
}
