//! The JSON Schema of the whole config, put together from what each section and kind says of itself.

use monitor_domain::{BUILT_IN, Kind};
use monitor_login::SystemCommon;
use monitor_notify::ChannelCommon;
use monitor_requests::RequestsSettings;
use monitor_rules::{MaintenanceSettings, RouteSettings, RuleCommon};
use monitor_upstream::{AlarmSettings, FetchCallSettings};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::kinds::Kinds;
use crate::sections::{DatabaseSection, MetricSection, WebSection, WorkerSection};

/// Names of systems, channels and maintenance windows.
const NAME: &str = "^[A-Za-z0-9_-]{1,64}$";
/// Keys of metrics.
const METRIC_KEY: &str = "^[a-z][a-z0-9_]{0,63}$";

/// The definitions of metrics.
const BUILT_IN_METRIC: &str = "BuiltInMetric";
const IN_CODE: &str = "MetricInCode";
const DECLARED: &str = "DeclaredMetric";

/// Makes the schema of something, and puts what it refers to into the generator.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// The JSON Schema (draft 2020-12) of a config that may name these kinds. What a schema cannot say, such as that a channel
/// which is named exists, or that there is a metric in one of the files, is left to the check.
pub fn schema(kinds: &Kinds) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let g = &mut generator;
    let sections = json!({
        "database": object(g, DatabaseSection::json_schema),
        "web": object(g, WebSection::json_schema),
        "worker": object(g, WorkerSection::json_schema),
        "requests": object(g, RequestsSettings::json_schema),
        "systems": named("What is read from.", NAME, &of_kinds(g, SystemCommon::json_schema, &kinds.systems)),
        "alarm": object(g, AlarmSettings::json_schema),
        "channels": named("Whom is notified, and how.", NAME, &of_kinds(g, ChannelCommon::json_schema, &kinds.channels)),
        "fetches": named("Calls that several metrics are read from.", NAME, &object(g, FetchCallSettings::json_schema)),
        "metrics": metrics(kinds),
        "routes": { "description": "Who is notified of what, the first that fits.", "type": "array", "items": object(g, RouteSettings::json_schema) },
        "maintenance": named("Windows in which nobody is notified.", NAME, &object(g, MaintenanceSettings::json_schema)),
    });
    let mut definitions = metric_definitions(g, kinds);
    definitions.extend(generator.take_definitions(true));
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The monitor's config",
        "type": "object",
        "properties": sections,
        "additionalProperties": false,
        "$defs": definitions,
    });
    without_null(&mut schema);
    schema
}

/// The keys that an object must have.
pub(crate) fn required_keys(describe: Describe) -> Vec<String> {
    let schema = describe(&mut SchemaGenerator::default()).to_value();
    let keys = schema["required"].as_array().into_iter().flatten();
    keys.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn object(generator: &mut SchemaGenerator, describe: Describe) -> Value {
    describe(generator).to_value()
}

/// A section that holds tables, each under a name of its own.
fn named(description: &str, pattern: &str, each: &Value) -> Value {
    json!({
        "description": description,
        "type": "object",
        "propertyNames": { "pattern": pattern },
        "additionalProperties": each,
    })
}

/// A table with the keys of one of these kinds, which its key `kind` names, and those that all kinds have.
fn of_kinds<S: ?Sized>(generator: &mut SchemaGenerator, common: Describe, kinds: &[Kind<S>]) -> Value {
    let common = object(generator, common);
    let one = |kind: &Kind<S>| {
        let own = object(generator, kind.schema);
        let mut table = together(&[
            &json!({ "properties": { "kind": { "const": kind.name } } }),
            &own,
            &common,
        ]);
        table["description"] = kind.doc.into();
        require(&mut table, "kind");
        table
    };
    json!({ "oneOf": kinds.iter().map(one).collect::<Vec<_>>() })
}

/// A metric by what it must have: a built-in one nothing, one in code its alert, a declared one its fetch or push too.
fn metrics(kinds: &Kinds) -> Value {
    let each = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let mut known = Map::new();
    known.extend(kinds.metrics.iter().map(|key| (key.to_string(), each(IN_CODE))));
    known.extend(
        BUILT_IN
            .iter()
            .map(|metric| (metric.key.to_owned(), each(BUILT_IN_METRIC))),
    );
    let any = if kinds.unknown_metrics_are_in_code {
        IN_CODE
    } else {
        DECLARED
    };
    let mut metrics = named("What is monitored.", METRIC_KEY, &each(any));
    metrics["properties"] = Value::Object(known);
    metrics["minProperties"] = 1.into();
    metrics
}

/// What [`metrics`] refers to.
fn metric_definitions(generator: &mut SchemaGenerator, kinds: &Kinds) -> Map<String, Value> {
    let metric = object(generator, MetricSection::json_schema);
    let common = object(generator, RuleCommon::json_schema);
    let (mut conditions, mut partial) = (Vec::new(), vec![json!({ "$ref": "#/$defs/Alert" })]);
    for kind in &kinds.conditions {
        let own = object(generator, kind.schema);
        let mut alert = together(&[&own, &common]);
        alert["description"] = kind.doc.into();
        require(&mut alert, kind.name);
        // A built-in metric has a condition where the config sets none, and takes the other keys of that.
        let names_it = format!("{} = ", kind.name);
        if BUILT_IN
            .iter()
            .any(|metric| metric.alert.to_string().starts_with(&names_it))
        {
            let mut rest = alert.clone();
            if let Some(rest) = rest.as_object_mut() {
                rest.remove("required");
            }
            partial.push(rest);
        }
        conditions.push(alert);
    }
    let alert = json!({ "anyOf": conditions });
    let partial = json!({ "anyOf": partial });
    let with = |alert: &str, required: &[&str]| {
        let mut metric = metric.clone();
        let property = &mut metric["properties"]["alert"];
        *property = json!({ "description": property["description"], "$ref": format!("#/$defs/{alert}") });
        required.iter().for_each(|key| require(&mut metric, key));
        metric
    };
    let mut declared = with("Alert", &["alert"]);
    // It is read, or its values are sent.
    declared["oneOf"] = json!([{ "required": ["fetch"] }, { "required": ["push"] }]);
    let definitions = [
        (BUILT_IN_METRIC, with("PartialAlert", &[])),
        (IN_CODE, with("Alert", &["alert"])),
        (DECLARED, declared),
        ("Alert", alert),
        ("PartialAlert", partial),
    ];
    definitions
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}

/// One object with the keys of several.
fn together(parts: &[&Value]) -> Value {
    let mut all = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    for part in parts {
        for (key, property) in part["properties"].as_object().into_iter().flatten() {
            all["properties"][key] = property.clone();
        }
        for key in part["required"].as_array().into_iter().flatten() {
            require(&mut all, key.as_str().unwrap_or_default());
        }
    }
    all
}

fn require(object: &mut Value, key: &str) {
    let keys = &mut object["required"];
    match keys.as_array_mut() {
        Some(keys) if keys.iter().any(|known| known == key) => {}
        Some(keys) => keys.push(key.into()),
        None => *keys = json!([key]),
    }
}

/// TOML has no null: a key that may be left out is left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(without_null),
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    object.insert("type".to_owned(), one);
                }
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|one| one["type"] != "null");
                if let [Value::Object(one)] = choices.as_slice() {
                    let one = one.clone();
                    object.remove("anyOf");
                    // What is said of the key goes before what is said of its type.
                    for (key, value) in one {
                        object.entry(key).or_insert(value);
                    }
                }
            }
            object.values_mut().for_each(without_null);
        }
        _ => {}
    }
}
