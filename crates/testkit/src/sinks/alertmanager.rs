//! Alertmanager's API of version 2: github.com/prometheus/alertmanager api/v2/openapi.yaml and api/v2/api.go. Of several alerts it keeps
//! those that are right, and answers 400 if one is not.

use chrono::{DateTime, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Map, Value, json};

use super::{Provider, Taken};

/// An Alertmanager.
#[derive(Clone, Debug, Default)]
pub struct Alertmanager {
    token: Option<String>,
}

impl Alertmanager {
    /// One that everybody may post to.
    pub fn open() -> Alertmanager {
        Alertmanager::default()
    }

    /// One behind a proxy that wants to know who calls.
    pub fn with_token(token: &str) -> Alertmanager {
        Alertmanager {
            token: Some(token.to_owned()),
        }
    }
}

/// The answer of its OpenAPI layer to what is not in form.
fn misshapen(words: &str) -> Answer {
    Answer::json(422, &json!({ "code": 602, "message": words }))
}

fn texts(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|all| all.values().all(Value::is_string))
}

fn is_label(name: &str) -> bool {
    let mut all = name.chars();
    let is_first = |one: char| one.is_ascii_alphabetic() || one == '_';
    all.next().is_some_and(is_first) && all.all(|one| is_first(one) || one.is_ascii_digit())
}

/// What is wrong with an alert that is in form.
fn wrong(alert: &Value, now: DateTime<Utc>) -> Result<Option<String>, String> {
    let labels = texts(&alert["labels"]).ok_or("labels in body is required")?;
    let none = Value::Object(Map::new());
    let annotations = alert.get("annotations").unwrap_or(&none);
    let annotations = texts(annotations).ok_or("annotations in body must be of type object")?;
    let time = |name: &str| match alert.get(name) {
        None => Ok(None),
        Some(time) => {
            let time = time
                .as_str()
                .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
            time.map(Some)
                .ok_or(format!("{name} in body must be of type date-time"))
        }
    };
    let starts = time("startsAt")?.map_or(now, |at| at.to_utc());
    let ends = time("endsAt")?.map(|at| at.to_utc());
    if alert
        .get("generatorURL")
        .is_some_and(|url| !url.as_str().is_some_and(|url| url.contains("://")))
    {
        return Err("generatorURL in body must be of type uri".to_owned());
    }
    if ends.is_some_and(|ends| ends < starts) {
        return Ok(Some("start time must be before end time".to_owned()));
    }
    // Those that are empty are left out before they are counted.
    if labels.values().all(|value| value == "") {
        return Ok(Some("at least one label pair required".to_owned()));
    }
    let names = labels.keys().chain(annotations.keys());
    let bad = names
        .filter(|name| !is_label(name))
        .map(|name| format!("invalid label set: invalid name {name:?}"));
    Ok(bad.into_iter().next())
}

impl Provider for Alertmanager {
    fn path(&self) -> String {
        String::new()
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        let right = self.token.as_ref().map(|token| format!("Bearer {token}"));
        if right.is_some() && request.header("authorization") != right.as_deref() {
            return Err(Answer::error(401, "Unauthorized"));
        }
        if request.path != "/api/v2/alerts" {
            return Err(Answer::error(404, "path was not found"));
        }
        let is_json = request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Err(Answer::json(
                415,
                &json!({ "code": 415, "message": "unsupported media type" }),
            ));
        }
        let body: Value = request.json().ok_or_else(|| {
            Answer::json(
                400,
                &json!({ "code": 400, "message": "parsing alerts body failed" }),
            )
        })?;
        let alerts = body
            .as_array()
            .ok_or_else(|| misshapen("alerts in body must be of type array"))?;
        let mut errors = Vec::new();
        for alert in alerts {
            errors.extend(wrong(alert, now).map_err(|words| misshapen(&words))?);
        }
        if !errors.is_empty() {
            return Err(Answer::json(400, &Value::from(errors.join("; "))));
        }
        let shown = |alert: &Value| {
            let all = [&alert["labels"], &alert["annotations"]].into_iter();
            let all = all.filter_map(Value::as_object).flatten();
            let lines = all.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default()));
            let link = alert["generatorURL"].as_str().unwrap_or_default().to_owned();
            lines.chain([link]).collect::<Vec<_>>().join("\n")
        };
        Ok(Taken {
            text: alerts.iter().map(shown).collect::<Vec<_>>().join("\n"),
            markup: String::new(),
            body: body.clone(),
        })
    }

    fn thanks(&self) -> Answer {
        Answer::status(200)
    }
}
