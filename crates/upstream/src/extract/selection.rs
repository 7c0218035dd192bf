//! A JSONPath over a list that has to be there: an answer without it says nothing, and nothing is not 0.

use std::fmt;

use monitor_login::{JsonPath, json_path};
use serde_json::Value;

/// The checked path, step by step. `$.shops[*].orders[*].n` steps into `shops`, each of it, `orders`, each of them, `n`.
#[derive(Clone, Debug)]
pub struct Selection {
    text: String,
    steps: Vec<Step>,
    null_is_empty: bool,
}

#[derive(Clone, Debug)]
struct Step {
    /// The path up to and with this step, and its text.
    path: JsonPath,
    text: String,
    kind: StepKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepKind {
    /// A name or an index: one child, that has to be there.
    One,
    /// `[*]`, `[?…]`, `[1:3]`, `['a','b']`: the elements of a list.
    Elements,
    /// `.*`: the elements of a list or the members of an object.
    Members,
    /// `..name`: whatever is below; of it there has to be something.
    Below,
}

impl Selection {
    /// Reads a JSONPath. With `null_is_empty` a `null` where a list belongs is an empty one.
    ///
    /// # Errors
    /// Why it is not a JSONPath.
    pub fn parse(text: &str, null_is_empty: bool) -> Result<Selection, String> {
        json_path(text)?;
        let mut steps = Vec::new();
        let mut end = 1;
        while let Some((kind, next)) = step(text, end) {
            steps.push(Step {
                path: json_path(&text[..next])?,
                text: text[..next].to_owned(),
                kind,
            });
            end = next;
        }
        Ok(Selection {
            text: text.to_owned(),
            steps,
            null_is_empty,
        })
    }

    /// What it selects, in its order.
    ///
    /// # Errors
    /// Which list is not there, or what stands in its place.
    pub(crate) fn nodes<'a>(&self, json: &'a Value) -> Result<Vec<&'a Value>, String> {
        self.walk(json, false)
    }

    /// The same where each element must have what is selected of it.
    ///
    /// # Errors
    /// As [`Selection::nodes`], and how many elements lack it.
    pub(crate) fn all_nodes<'a>(&self, json: &'a Value) -> Result<Vec<&'a Value>, String> {
        self.walk(json, true)
    }

    fn walk<'a>(&self, json: &'a Value, complete: bool) -> Result<Vec<&'a Value>, String> {
        let last_list = self.steps.iter().rposition(|step| step.kind != StepKind::One);
        let mut parents = vec![json];
        let mut parent_text = "$";
        let mut is_below = false;
        for (n, step) in self.steps.iter().enumerate() {
            let nodes = step.path.query(json).all();
            is_below |= step.kind == StepKind::Below;
            match step.kind {
                StepKind::Below => no_gap(&step.text, 1, nodes.len())?,
                StepKind::One if complete || last_list.is_some_and(|last| n < last) => {
                    // Below anything, not everything has a child of that name.
                    let wanted = if is_below { 1 } else { parents.len() };
                    no_gap(&step.text, wanted, nodes.len())?;
                }
                StepKind::One => {}
                StepKind::Elements | StepKind::Members => {
                    for parent in parents {
                        self.is_list(parent_text, parent, step.kind)?;
                    }
                }
            }
            parents = nodes;
            parent_text = &step.text;
        }
        Ok(parents)
    }

    fn is_list(&self, path: &str, node: &Value, kind: StepKind) -> Result<(), String> {
        let what = match node {
            Value::Array(_) => return Ok(()),
            Value::Object(_) if kind != StepKind::Elements => return Ok(()),
            Value::Null if self.null_is_empty => return Ok(()),
            Value::Null => "null (null_is_empty = true takes it for an empty list)",
            Value::Object(_) => "an object",
            Value::Bool(_) => "true or false",
            Value::String(_) => "a string",
            Value::Number(_) => "a number",
        };
        Err(format!("{path} is no list but {what}"))
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn no_gap(path: &str, wanted: usize, there: usize) -> Result<(), String> {
    match there {
        there if there >= wanted => Ok(()),
        0 => Err(format!("the answer has no {path}")),
        there => Err(format!("{path} is missing in {} of {wanted}", wanted - there)),
    }
}

/// The step that begins at `start` of a valid path, and where it ends.
fn step(text: &str, start: usize) -> Option<(StepKind, usize)> {
    let rest = &text[start..];
    let begin = start + (rest.len() - rest.trim_start().len());
    let rest = &text[begin..];
    if let Some(below) = rest.strip_prefix("..") {
        let length = if below.starts_with('[') {
            bracket(below)?
        } else {
            name(below)
        };
        return Some((StepKind::Below, begin + 2 + length));
    }
    if let Some(child) = rest.strip_prefix('.') {
        let spaces = child.len() - child.trim_start().len();
        let child = child.trim_start();
        let (kind, length) = if child.starts_with('*') {
            (StepKind::Members, 1)
        } else {
            (StepKind::One, name(child))
        };
        return Some((kind, begin + 1 + spaces + length));
    }
    if rest.starts_with('[') {
        let length = bracket(rest)?;
        let inside = rest[1..length - 1].trim();
        let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let is_one = match quote {
            Some(quote) => end_of_quote(inside, quote) == Some(inside.len()),
            None => inside.parse::<i64>().is_ok(),
        };
        let kind = if is_one { StepKind::One } else { StepKind::Elements };
        return Some((kind, begin + length));
    }
    None
}

fn name(text: &str) -> usize {
    text.find(|c: char| c == '.' || c == '[' || c.is_whitespace())
        .unwrap_or(text.len())
}

/// The length of a bracket with all that is in it.
fn bracket(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            '\'' | '"' => {
                at += end_of_quote(&text[at..], c)?;
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

/// Where the quoted text that `text` begins with ends.
fn end_of_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kinds(text: &str) -> Vec<StepKind> {
        Selection::parse(text, false)
            .unwrap()
            .steps
            .iter()
            .map(|step| step.kind)
            .collect()
    }

    #[test]
    fn a_path_is_taken_apart() {
        use StepKind::{Below, Elements, Members, One};
        assert_eq!(kinds("$"), []);
        assert_eq!(kinds("$.items[*].n"), [One, Elements, One]);
        assert_eq!(kinds("$['a.b'][\"c[*]\"][0]"), [One, One, One]);
        assert_eq!(kinds("$['a','b']"), [Elements]);
        assert_eq!(kinds("$.shops.*.n"), [One, Members, One]);
        assert_eq!(
            kinds("$..orders[?@.state == ']' && @.n[0] > 2].id"),
            [Below, Elements, One]
        );
        assert_eq!(kinds("$..[*]"), [Below]);
        assert_eq!(kinds("$.未付款[1:3]"), [One, Elements]);
        assert_eq!(kinds(r"$['it\'s']"), [One]);
        assert_eq!(kinds("$[-1]"), [One]);
    }

    fn count(path: &str, json: &Value) -> Result<usize, String> {
        Ok(Selection::parse(path, false)?.nodes(json)?.len())
    }

    #[test]
    fn a_list_that_is_not_there_is_no_empty_one() {
        assert_eq!(count("$.items[*]", &json!({ "items": [] })), Ok(0));
        assert_eq!(count("$.items[*]", &json!({ "items": [1, null] })), Ok(2));
        assert_eq!(
            count("$.items[?@.n > 1]", &json!({ "items": [{ "n": 1 }] })),
            Ok(0)
        );
        assert_eq!(count("$.shops[*].orders[*]", &json!({ "shops": [] })), Ok(0));
        assert_eq!(
            count("$.by_shop.*", &json!({ "by_shop": { "a": 1, "b": 2 } })),
            Ok(2)
        );
        for (path, json, why) in [
            (
                "$.items[*]",
                json!({ "error": "session expired" }),
                "the answer has no $.items",
            ),
            (
                "$.data.items[*]",
                json!({ "data": null }),
                "the answer has no $.data.items",
            ),
            (
                "$.items[*]",
                json!({ "items": {} }),
                "$.items is no list but an object",
            ),
            (
                "$.items[*]",
                json!({ "items": "none" }),
                "$.items is no list but a string",
            ),
            ("$[*]", json!({ "error": 1 }), "$ is no list but an object"),
            (
                "$.items[?@.n]",
                json!({ "items": 3 }),
                "$.items is no list but a number",
            ),
            (
                "$..orders[*]",
                json!({ "error": 1 }),
                "the answer has no $..orders",
            ),
            (
                "$.a[*].b[*]",
                json!({ "a": [{ "b": [] }, {}] }),
                "$.a[*].b is missing in 1 of 2",
            ),
        ] {
            let got = count(path, &json).unwrap_err();
            assert_eq!(got, why, "{path} {json}");
        }
        let null = json!({ "items": null });
        let got = count("$.items[*]", &null).unwrap_err();
        assert!(got.contains("is no list but null"), "{got}");
        assert_eq!(
            Selection::parse("$.items[*]", true)
                .unwrap()
                .nodes(&null)
                .unwrap()
                .len(),
            0
        );
    }

    #[test]
    fn each_element_has_what_is_taken_of_it() {
        let some = json!({ "items": [{ "n": 1 }, {}, { "n": 3 }] });
        let path = Selection::parse("$.items[*].n", false).unwrap();
        assert_eq!(
            path.nodes(&some).unwrap().len(),
            2,
            "those that have it can be counted"
        );
        let got = path.all_nodes(&some).unwrap_err();
        assert!(got.contains("is missing in 1 of 3"), "{got}");
    }
}
