//! What a sign-in sends of the account.

use std::collections::BTreeMap;

use monitor_domain::Finding;
use monitor_requests::{Secret, SecretSource};
use serde_json::Value;

use super::call::Body;
use super::settings::{Encode, Extra, FieldNames};
use crate::template::{JsonTemplate, Template, Vars};

/// The names that templates of a sign-in may use.
pub(crate) fn names(has_username: bool, values: &BTreeMap<String, SecretSource>) -> Vec<String> {
    let account = if has_username {
        &["username", "password"][..]
    } else {
        &["password"]
    };
    account
        .iter()
        .map(ToString::to_string)
        .chain(values.keys().cloned())
        .collect()
}

/// The body of the login call: the account's fields and the constant ones, or what `body` says.
pub(crate) fn account_body(
    encode: Encode,
    fields: Fields<'_>,
    names: &[&str],
    findings: &mut Vec<Finding>,
) -> Body {
    let Fields {
        has_username,
        names: account,
        extra,
        body,
    } = fields;
    let mut wrong = |key: String, why: String| findings.push(Finding::new(key, why));
    if let Some(body) = body {
        if *account != FieldNames::default() || !extra.is_empty() {
            wrong(
                "login.body".to_owned(),
                "give either body or fields and extra".to_owned(),
            );
        }
        return match JsonTemplate::parse(body, names) {
            Ok(body) => Body::Json(body),
            Err(why) => {
                wrong("login.body".to_owned(), why);
                Body::None
            }
        };
    }
    let username = account.username.as_deref().unwrap_or("username");
    let password = account.password.as_deref().unwrap_or("password");
    let mut all = Vec::new();
    for (name, template) in [(username, "{{ username }}"), (password, "{{ password }}")] {
        let is_sent = !name.is_empty() && (has_username || template.contains("password"));
        if let Some(template) = is_sent.then(|| Template::parse(template, names).ok()).flatten() {
            all.push((name.to_owned(), JsonTemplate::Text(template)));
        }
    }
    for (name, value) in extra {
        match value.compile(names, name) {
            Ok(value) => {
                all.retain(|(other, _)| other != name);
                all.push((name.clone(), value));
            }
            Err(why) => wrong(format!("login.extra.{name}"), why),
        }
    }
    Body::Fields(encode, all)
}

/// The keys that say what is sent.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) has_username: bool,
    pub(crate) names: &'a FieldNames,
    pub(crate) extra: &'a BTreeMap<String, Extra>,
    pub(crate) body: Option<&'a Value>,
}

/// Puts values where templates find them.
pub(crate) fn put_values(vars: &mut Vars, values: &[(String, Secret)]) {
    for (name, value) in values {
        vars.set_secret(name, value.expose());
    }
}
