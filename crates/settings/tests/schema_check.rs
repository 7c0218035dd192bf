//! As much of JSON Schema as the config's uses, to hold documents against it. A keyword it does not know is a panic.

use serde_json::{Map, Value};

/// What of a document a schema refuses, each with its path.
pub(crate) fn validate(root: &Value, document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    check(root, root, document, "", &mut wrong);
    wrong
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Value::Bool(is_allowed) = schema {
        if !is_allowed {
            wrong.push(format!("{at}: is not a key"));
        }
        return;
    }
    let fits = |schema: &Value| {
        let mut inner = Vec::new();
        check(root, schema, value, at, &mut inner);
        inner
    };
    for (keyword, said) in schema.as_object().unwrap() {
        let is_good = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "examples" => true,
            "$ref" => {
                let name = said.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                wrong.extend(fits(&root["$defs"][name]));
                true
            }
            "type" => match said {
                Value::Array(types) => types.iter().any(|one| is_of_type(value, one)),
                one => is_of_type(value, one),
            },
            "const" => value == said,
            "pattern" => {
                let pattern = regex::Regex::new(said.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "enum" => said.as_array().unwrap().contains(value),
            "minimum" => value
                .as_f64()
                .is_none_or(|number| number >= said.as_f64().unwrap()),
            "maximum" => value
                .as_f64()
                .is_none_or(|number| number <= said.as_f64().unwrap()),
            "minLength" => value
                .as_str()
                .is_none_or(|text| text.len() as u64 >= said.as_u64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|all| all.len() as u64 >= said.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|all| all.len() as u64 <= said.as_u64().unwrap()),
            "minProperties" => value
                .as_object()
                .is_none_or(|all| all.len() as u64 >= said.as_u64().unwrap()),
            "maxProperties" => value
                .as_object()
                .is_none_or(|all| all.len() as u64 <= said.as_u64().unwrap()),
            "items" => {
                for (i, one) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, said, one, &format!("{at}[{i}]"), wrong);
                }
                true
            }
            "anyOf" => said.as_array().unwrap().iter().any(|one| fits(one).is_empty()),
            "oneOf" => {
                let choices = said.as_array().unwrap();
                choices.iter().filter(|one| fits(one).is_empty()).count() == 1
            }
            "required" => {
                let missing = said.as_array().unwrap().iter();
                let missing =
                    missing.filter(|key| value.is_object() && value.get(key.as_str().unwrap()).is_none());
                wrong.extend(missing.map(|key| format!("{at}: {} is missing", key.as_str().unwrap())));
                true
            }
            "properties" | "additionalProperties" => true,
            "propertyNames" => {
                let pattern = regex::Regex::new(said["pattern"].as_str().unwrap()).unwrap();
                let keys = value.as_object().into_iter().flat_map(Map::keys);
                wrong.extend(
                    keys.filter(|key| !pattern.is_match(key))
                        .map(|key| format!("{at}: no name {key}")),
                );
                true
            }
            other => panic!("the schema has a keyword that is not known here: {other}"),
        };
        if !is_good {
            wrong.push(format!("{at}: {value} against {keyword} {said}"));
        }
    }
    for (key, one) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (schema["properties"].get(key), schema.get("additionalProperties")) {
            (Some(property), _) => check(root, property, one, &at, wrong),
            (None, Some(other)) => check(root, other, one, &at, wrong),
            (None, None) => {}
        }
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}
