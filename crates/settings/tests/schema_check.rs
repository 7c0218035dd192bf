//! Documents against the config's schema, as editors hold them against it: by a validator that knows nothing of this program.

use serde_json::Value;

/// What of a document a schema refuses, each with its path.
pub(crate) fn validate(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(schema).expect("a JSON Schema");
    let wrong = validator.iter_errors(document);
    wrong
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
