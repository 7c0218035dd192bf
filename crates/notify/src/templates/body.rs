//! Bodies that the config writes: a template over the fields of a message, which writes them so that its format stays whole.

use std::io::{self, Write};
use std::sync::Arc;

use monitor_domain::{Language, Severity};
use serde::Serialize;
use serde_json::{Map, Value};
use tera::{Context, Filter, Kwargs, State, Tera};

use super::chat::{ChatTemplate, Form};
use super::engine::{engine, samples};
use super::error::broken;
use crate::{Event, MetricInfo, Notification};

/// The name of the template in errors.
const NAME: &str = "body";
/// The version of the document. A field may be added without another.
const VERSION: u32 = 1;

/// The body of a request, by a template of the config.
#[derive(Clone)]
pub(crate) struct BodyTemplate {
    tera: Arc<Tera>,
}

/// What a body is written in, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Form,
    Xml,
    Text,
}

impl BodyTemplate {
    /// Compiles a template, and tries it with every event.
    ///
    /// # Errors
    /// Where it is wrong, or that what it writes is no JSON.
    pub(crate) fn new(text: &str, content_type: &str) -> Result<BodyTemplate, String> {
        let format = Format::of(content_type);
        let mut tera = engine();
        tera.autoescape_on(vec![NAME]);
        tera.set_escape_fn(format.escape());
        tera.register_filter("json", Json);
        tera.add_raw_template(NAME, text)
            .map_err(|error| broken("".as_ref(), NAME, &error).to_string())?;
        let template = BodyTemplate { tera: Arc::new(tera) };
        for language in Language::ALL {
            for event in Event::ALL {
                for sample in samples(event, language) {
                    let body = template.render(&context(&sample, Map::new(), language))?;
                    if format == Format::Json
                        && let Err(error) = serde_json::from_str::<Value>(&body)
                    {
                        return Err(format!(
                            "writes no JSON for {event}: {error}; a value that may be missing is written {{{{ value | json }}}}"
                        ));
                    }
                }
            }
        }
        Ok(template)
    }

    /// Writes a body.
    ///
    /// # Errors
    /// Why the template cannot.
    pub(crate) fn render(&self, fields: &Map<String, Value>) -> Result<String, String> {
        Context::from_serialize(fields)
            .and_then(|context| self.tera.render(NAME, &context))
            .map_err(|error| broken("".as_ref(), NAME, &error).to_string())
    }
}

/// The fields of a template: those of the document, the language, and the words of `words` that the document does not have.
pub(crate) fn context(
    notification: &Notification,
    words: Map<String, Value>,
    language: Language,
) -> Map<String, Value> {
    let mut fields = words;
    fields.extend(document(notification));
    fields.insert("lang".to_owned(), Value::from(language.tag()));
    // What is missing in the document is none in a template: it may show it.
    if let Some(Value::Object(metric)) = fields.get_mut("metric") {
        metric.entry("runbook").or_insert(Value::Null);
    }
    for name in ["event_word", "severity_word", "headline"] {
        fields.entry(name).or_insert_with(|| Value::from(""));
    }
    fields
}

/// A message as the JSON that programs read.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    id: &'a str,
    event: Event,
    severity: Severity,
    metric: &'a MetricInfo,
    state: Option<&'static str>,
    since: Option<String>,
    value: Option<Value>,
    previous: Option<Value>,
    change: Option<Value>,
    threshold: Option<Value>,
    lasted_seconds: Option<u64>,
    reason: &'a str,
    text: &'a str,
    messages: Vec<&'a str>,
    message_count: usize,
    at: String,
    alert_id: Option<i64>,
    url: Option<&'a str>,
}

/// A message as the JSON that programs read. Its fields are documented with the kinds that send it.
pub(crate) fn document(notification: &Notification) -> Map<String, Value> {
    let (value, previous) = (notification.value, notification.previous);
    let change = value.zip(previous);
    let change = change.map(|(value, previous)| monitor_domain::Number::difference(value, previous).0);
    let lines = notification.text.lines().filter(|line| !line.trim().is_empty());
    let messages: Vec<&str> = match &notification.messages[..] {
        [] => lines.collect(),
        several => several.iter().map(String::as_str).collect(),
    };
    let document = Document {
        version: VERSION,
        id: &notification.id,
        event: notification.event,
        severity: notification.severity,
        metric: &notification.metric,
        state: notification.state(),
        since: notification.since.map(time),
        value: value.map(number),
        previous: previous.map(number),
        change: change.map(number),
        threshold: notification.threshold.map(number),
        lasted_seconds: notification.lasted().map(|lasted| lasted.as_secs()),
        reason: &notification.reason,
        text: &notification.text,
        messages,
        message_count: notification.message_count(),
        at: time(notification.at),
        alert_id: notification.alert_id,
        url: notification.url.as_deref(),
    };
    match serde_json::to_value(document) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// A whole number without a fraction; what is no number is none.
fn number(value: f64) -> Value {
    serde_json::from_str(&monitor_domain::Number(value).to_string()).unwrap_or(Value::Null)
}

impl Format {
    fn of(content_type: &str) -> Format {
        let kind = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Format::Form,
            kind if kind == "application/json" || kind.ends_with("+json") => Format::Json,
            kind if kind == "text/html" || kind.ends_with("/xml") || kind.ends_with("+xml") => Format::Xml,
            _ => Format::Text,
        }
    }

    fn escape(self) -> super::Escape {
        match self {
            Format::Json => json_string,
            Format::Form => form_value,
            Format::Xml => Form::html,
            Format::Text => Form::plain,
        }
    }
}

/// The inside of a string of JSON.
fn json_string(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let quoted = Value::from(text).to_string();
    out.write_all(&quoted.as_bytes()[1..quoted.len() - 1])
}

fn form_value(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    out.write_all(encoded.as_bytes())
}

/// `{{ value | json }}`: any value as JSON, with its quotes.
struct Json;

impl Filter<tera::Value, tera::TeraResult<String>> for Json {
    fn call(&self, value: tera::Value, _: Kwargs, _: &State) -> tera::TeraResult<String> {
        if value.is_undefined() {
            return Err(tera::Error::message("there is no such field"));
        }
        serde_json::to_string(&value).map_err(|error| tera::Error::message(error.to_string()))
    }

    fn is_safe(&self) -> bool {
        true
    }
}

impl ChatTemplate {
    /// The fields of a template of the config for a message.
    pub(crate) fn body_fields(&self, notification: &Notification, language: Language) -> Map<String, Value> {
        context(notification, self.fields(notification, language), language)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::engine::sample;
    use super::*;

    fn written(template: &str, content_type: &str, text: &str) -> String {
        let mut notification = sample(Event::Alert);
        notification.text = text.to_owned();
        let template = BodyTemplate::new(template, content_type).unwrap();
        template
            .render(&context(&notification, Map::new(), Language::English))
            .unwrap()
    }

    #[test]
    fn whatever_others_wrote_the_format_stays_whole() {
        for text in [
            "a \"quoted\" \\ thing\n\u{1}",
            "\"},\"evil\":{\"x\":\"",
            "告警👍</script>",
            "{{ 1 + 1 }}",
            "",
        ] {
            let body = written(
                "{\"t\": \"{{ text }}\", \"v\": {{ value | json }}, \"all\": {{ messages | json }}}",
                "application/json",
                text,
            );
            let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
            assert_eq!(body["t"], text);
            assert_eq!(body["v"], 131);
            assert_eq!(body.as_object().unwrap().len(), 3);
            let form = written("a=1&text={{ text }}", "application/x-www-form-urlencoded", text);
            let pairs: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).collect();
            assert_eq!((pairs.len(), pairs[1].1.as_ref()), (2, text));
            assert_eq!(written("{{ text }}", "text/plain", text), text);
        }
        assert_eq!(
            written("<t>{{ text }}</t>", "application/xml", "<a & b>"),
            "<t>&lt;a &amp; b&gt;</t>"
        );
    }

    #[test]
    fn a_template_that_is_wrong_is_refused_with_its_place() {
        for (template, content_type, said) in [
            (
                "{\"v\": {{ value }}}",
                "application/json",
                "writes no JSON for no_data",
            ),
            ("{\"v\": {{ valu | json }}}", "application/json", "no such field"),
            ("{{ text", "text/plain", "body:1:"),
            ("{{ text | nothing }}", "text/plain", "nothing"),
            (
                "{\"t\": {{ text }}}",
                "application/vnd.x+json; charset=utf-8",
                "writes no JSON for alert",
            ),
        ] {
            let error = BodyTemplate::new(template, content_type)
                .err()
                .unwrap_or_default();
            assert!(error.contains(said), "{template}: {error}");
        }
        assert!(
            BodyTemplate::new(
                "{\"v\": {{ value | json }}, \"m\": {{ metric.title | json }}, \"r\": {{ metric.runbook | json }}}",
                "application/json"
            )
            .is_ok()
        );
    }

    #[test]
    fn the_document_has_every_field_of_a_message() {
        let document = Value::Object(document(&sample(Event::Alert)));
        assert_eq!(
            document,
            json!({
                "version": 1, "id": "sample", "event": "alert", "severity": "critical",
                "metric": { "key": "z", "title": "Z", "unit": "orders" },
                "state": "firing", "since": "1969-12-31T22:00:00Z", "value": 131, "previous": 128, "change": 3,
                "threshold": 100, "lasted_seconds": null,
                "reason": "131 is above 100 since 09:12:40 UTC", "text": "Order 5 failed", "messages": ["Order 5 failed"],
                "message_count": 1,
                "at": "1970-01-01T00:00:00Z", "alert_id": 1, "url": "https://monitor.example.com/alerts/1",
            })
        );
    }
}
