//! Walking through a JSON document, within limits, and writing the way to a place in it.

use serde_json::Value;

use crate::exchange::Step;
use crate::limits::{MAX_DEPTH, MAX_NODES};

/// Calls `visit` for each value of a document, whatever contains it before what it contains.
pub(crate) fn walk<'a>(document: &'a Value, mut visit: impl FnMut(&[Step], &'a Value)) {
    let mut left = MAX_NODES;
    into(document, &mut Vec::new(), &mut left, &mut visit);
}

fn into<'a>(
    value: &'a Value,
    way: &mut Vec<Step>,
    left: &mut usize,
    visit: &mut dyn FnMut(&[Step], &'a Value),
) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    visit(way, value);
    if way.len() >= MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                way.push(Step::Index(index));
                into(one, way, left, visit);
                way.pop();
            }
        }
        Value::Object(members) => {
            for (key, one) in members {
                way.push(Step::Key(key.clone()));
                into(one, way, left, visit);
                way.pop();
            }
        }
        _ => {}
    }
}

/// Whether [`walk`] visits all of a document.
pub(crate) fn is_within_limits(document: &Value) -> bool {
    let (mut visited, mut is_deep) = (0, false);
    walk(document, |way, value| {
        visited += 1;
        is_deep |= way.len() >= MAX_DEPTH && (value.is_array() || value.is_object());
    });
    visited < MAX_NODES && !is_deep
}

/// What stands at the end of a way.
pub(crate) fn at<'a>(document: &'a Value, way: &[Step]) -> Option<&'a Value> {
    way.iter().try_fold(document, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

/// The same, to be changed.
pub(crate) fn at_mut<'a>(document: &'a mut Value, way: &[Step]) -> Option<&'a mut Value> {
    way.iter().try_fold(document, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

/// A way as a JSONPath (RFC 9535).
pub(crate) fn json_path(way: &[Step]) -> String {
    way.iter().fold("$".to_owned(), |path, step| match step {
        Step::Index(index) => format!("{path}[{index}]"),
        Step::Key(key) if is_plain(key) => format!("{path}.{key}"),
        Step::Key(key) => format!("{path}[{}]", quoted(key)),
    })
}

/// A text as a string of a JSONPath.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn is_plain(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_way_is_written_as_a_path() {
        let key = |text: &str| Step::Key(text.to_owned());
        for (way, path) in [
            (vec![], "$"),
            (vec![key("data"), key("total")], "$.data.total"),
            (vec![key("data"), Step::Index(2)], "$.data[2]"),
            (vec![key("待处理")], "$['待处理']"),
            (vec![key("it's"), key("a\\b")], r"$['it\'s']['a\\b']"),
            (vec![key("1st"), key("")], "$['1st']['']"),
        ] {
            assert_eq!(json_path(&way), path);
        }
    }

    #[test]
    fn a_walk_ends_however_large_and_deep_a_document_is() {
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let mut visited = 0;
        walk(&deep, |_, _| visited += 1);
        assert_eq!(visited, MAX_DEPTH + 1);
        let wide = Value::Array(vec![json!(1); 3 * MAX_NODES]);
        let mut visited = 0;
        walk(&wide, |_, _| visited += 1);
        assert_eq!(visited, MAX_NODES);
    }
}
