//! Numbers and lists of a JSON answer.

use serde_json::Value;

use super::{Candidate, html, plausible};
use crate::exchange::Step;
use crate::json::{at, json_path, quoted, walk};
use crate::names;

/// A longer list is one of rows, not one of figures that each have a name.
const MAX_FIGURES: usize = 24;
/// Members that name what a figure of a list is.
const LABELS: &[&str] = &[
    "name",
    "label",
    "title",
    "key",
    "type",
    "text",
    "status",
    "category",
    "metric",
    "statusName",
    "desc",
];

/// The numbers of an answer that may be worth a metric. `text` is the answer as it was sent.
pub(super) fn numbers(json: &Value, text: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    walk(json, |way, value| {
        let indexes = way.iter().filter(|step| matches!(step, Step::Index(_))).count();
        match value {
            Value::Number(number) if indexes == 0 && !way.is_empty() => {
                let words = words(way);
                let score = plausible::words(&words) + plausible::size(number) - depth(way);
                found.push(candidate(
                    "value",
                    json_path(way),
                    &number.to_string(),
                    words,
                    score,
                ));
            }
            Value::Number(number) if indexes == 1 => match figure(json, way) {
                Some((path, label)) => {
                    let mut words = words(way);
                    words.retain(|word| !matches!(word.as_str(), "value" | "data"));
                    words.extend(names::words(&label));
                    let score = plausible::label(&label) + plausible::size(number) + 4 - depth(way);
                    let mut one = candidate("value", path, &number.to_string(), words, score);
                    one.label = Some(label);
                    found.push(one);
                }
                // A list of one row, as a query of a database brings it.
                None if is_alone(json, way) => {
                    let words = words(way);
                    let score = plausible::words(&words) + plausible::size(number) - depth(way);
                    found.push(candidate(
                        "value",
                        json_path(way),
                        &number.to_string(),
                        words,
                        score,
                    ));
                }
                None => {}
            },
            Value::String(number) if indexes == 0 => found.extend(in_string(text, way, number)),
            Value::Array(list) if indexes == 0 => found.extend(rows(json, way, list)),
            _ => {}
        }
    });
    found
}

fn candidate(key: &'static str, path: String, recorded: &str, words: Vec<String>, score: i32) -> Candidate {
    let counts = recorded.chars().all(|c| c.is_ascii_digit());
    Candidate {
        call: 0,
        score,
        take: (key, path),
        recorded: recorded.to_owned(),
        label: None,
        words,
        counts,
    }
}

fn depth(way: &[Step]) -> i32 {
    i32::try_from(way.len())
        .unwrap_or(i32::MAX)
        .saturating_sub(2)
        .max(0)
}

/// The words of a way, but for those that every answer has.
fn words(way: &[Step]) -> Vec<String> {
    let keys = way.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    });
    let mut words: Vec<String> = keys.flat_map(|key| names::words(key)).collect();
    let last = words.len().saturating_sub(1);
    let mut at = 0;
    words.retain(|word| {
        at += 1;
        at > last
            || !matches!(
                word.as_str(),
                "data" | "result" | "results" | "payload" | "response" | "body" | "content"
            )
    });
    words
}

/// A number that is written as a text, which only a pattern reads: `"unpaid": "12"`.
fn in_string(text: &str, way: &[Step], number: &str) -> Option<Candidate> {
    let Some(Step::Key(key)) = way.last() else {
        return None;
    };
    let is_number = number.len() <= 16 && html::is_number(number);
    let words = words(way);
    let weight = plausible::words(&words);
    if !is_number || weight < 4 || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let pattern = format!("\"{key}\"\\s*:\\s*\"{}\"", html::NUMBER);
    let digits = number.replace(',', "").parse().ok()?;
    let score = weight + plausible::size(&digits) - depth(way) - 1;
    html::finds(&pattern, text, number).then(|| candidate("regex", pattern, number, words, score))
}

/// A number of an object in a short list, by the name that the object has: `$.data[?@.name == 'unpaid'].value`.
fn figure(json: &Value, way: &[Step]) -> Option<(String, String)> {
    let [list_way @ .., Step::Index(index), Step::Key(own)] = way else {
        return None;
    };
    let list = at(json, list_way)?
        .as_array()
        .filter(|list| list.len() <= MAX_FIGURES)?;
    let object = list.get(*index)?.as_object()?;
    let is_figure = matches!(
        names::words(own).last()?.as_str(),
        "value" | "count" | "num" | "total" | "y" | "number" | "amount" | "cnt" | "data"
    );
    if !is_figure {
        return None;
    }
    let (name, label) = LABELS
        .iter()
        .find_map(|name| Some((*name, object.get(*name)?.as_str()?)))?;
    let same = list
        .iter()
        .filter(|one| one[name].as_str() == Some(label))
        .count();
    if label.is_empty() || label.chars().count() > 60 || same != 1 {
        return None;
    }
    let member = json_path(&[Step::Key(own.clone())]);
    let path = format!(
        "{}[?@.{name} == {}]{}",
        json_path(list_way),
        quoted(label),
        &member[1..]
    );
    Some((path, label.to_owned()))
}

/// Whether the list on this way has one element.
fn is_alone(json: &Value, way: &[Step]) -> bool {
    let list = way.iter().position(|step| matches!(step, Step::Index(_)));
    let list = list.and_then(|list| at(json, &way[..list])?.as_array());
    list.is_some_and(|list| list.len() == 1)
}

/// How many rows a list has, where no number beside it says how many there are in all.
fn rows(json: &Value, way: &[Step], list: &[Value]) -> Option<Candidate> {
    let is_rows = !list.is_empty() && list.iter().all(Value::is_object);
    let beside = way
        .split_last()
        .and_then(|(_, above)| at(json, above)?.as_object());
    let has_total = beside.is_some_and(|members| {
        let is_total = |(name, value): (&String, &Value)| {
            value.is_number() && plausible::words(&names::words(name)) >= 4
        };
        members.iter().any(is_total)
    });
    if !is_rows || has_total {
        return None;
    }
    let mut words = words(way);
    // What is full is a page of more.
    let is_page = matches!(list.len(), 10 | 15 | 20 | 25 | 30 | 50 | 100 | 200 | 500);
    let mut score = 2 + plausible::words(&words).clamp(0, 4) - depth(way) - if is_page { 4 } else { 0 };
    if list.len() <= MAX_FIGURES
        && list
            .iter()
            .all(|one| LABELS.iter().any(|name| one[name].is_string()) && one["value"].is_number())
    {
        score -= 4;
    }
    words.push("count".to_owned());
    let path = format!("{}[*]", json_path(way));
    let mut one = candidate("count", path, &list.len().to_string(), words, score);
    one.recorded = format!("{}", list.len());
    Some(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The ways that are plausible, the best first.
    fn found(json: &Value) -> Vec<String> {
        let mut all = numbers(json, &json.to_string());
        all.sort_by_key(|one| -one.score);
        let plausible = all.into_iter().filter(|one| one.score >= 3);
        plausible
            .map(|one| format!("{} {} = {}", one.take.0, one.take.1, one.recorded))
            .collect()
    }

    #[test]
    fn totals_are_found_and_ids_pages_and_times_are_not() {
        let json = json!({ "code": 200, "timestamp": 1_795_766_400_123_i64, "data": {
            "total": 42, "pageNum": 1, "pageSize": 20, "rows": [{ "id": 7, "amount": 3 }], "updatedAt": 1_795_766_400,
            "unpaid": 5, "ratio": 12.5 } });
        assert_eq!(
            found(&json),
            ["value $.data.unpaid = 5", "value $.data.total = 42"]
        );
    }

    #[test]
    fn figures_of_a_list_are_found_by_their_names() {
        let json = json!({ "data": [{ "name": "待处理", "value": 5 }, { "name": "it's done", "value": 9 }] });
        assert_eq!(
            found(&json),
            [
                "value $.data[?@.name == '待处理'].value = 5",
                r"value $.data[?@.name == 'it\'s done'].value = 9"
            ]
        );
        let twice = json!([{ "name": "a", "value": 1 }, { "name": "a", "value": 2 }]);
        assert!(found(&twice).iter().all(|one| !one.contains("?@")));
    }

    #[test]
    fn a_number_in_a_string_is_read_by_a_pattern() {
        let json = json!({ "data": { "unpaid": "1,204", "pendingId": "7", "name": "12", "todoCount": "many", "failed": "3" } });
        let number = html::NUMBER;
        let pattern = |key: &str| format!("regex \"{key}\"\\s*:\\s*\"{number}\"");
        assert_eq!(
            found(&json),
            [
                format!("{} = 1,204", pattern("unpaid")),
                format!("{} = 3", pattern("failed"))
            ]
        );
        // Where the first one that a pattern finds is another, there is none.
        let twice = json!([0, { "a": { "unpaid": "1" }, "b": { "unpaid": "2" } }]);
        let twice = &twice[1];
        assert_eq!(found(twice).len(), 1);
    }

    #[test]
    fn rows_are_counted_where_nothing_says_how_many_there_are() {
        assert_eq!(
            found(&json!({ "orders": [{ "id": 1 }, { "id": 2 }] })),
            ["count $.orders[*] = 2"]
        );
        assert!(
            found(&json!({ "orders": vec![json!({ "id": 1 }); 20] })).is_empty(),
            "a page"
        );
        assert_eq!(
            found(&json!({ "count": 9, "orders": [{ "id": 1 }] })),
            ["value $.count = 9"]
        );
    }
}
