//! What the templates of `fetch` and `details` are filled with.

use std::collections::BTreeMap;

use chrono::DateTime;
use monitor_domain::Number;
use monitor_login::Vars;

use crate::details::Question;
use crate::extract::ItemName;

/// What templates of a fetch may use, besides what all templates may.
pub(super) const OF_FETCH: [&str; 3] = ["key", "previous", "value"];
/// What those of details may.
pub(super) const OF_DETAILS: [&str; 5] = ["delta", "key", "previous", "total", "value"];

/// What those of a fetch may whose answer is a list: it is one call for all items.
pub(super) const OF_LIST: [&str; 1] = ["key"];
/// What those of details may where the metric is an item of a list.
pub(super) const OF_ITEM: [&str; 6] = ["delta", "item", "key", "previous", "total", "value"];

/// The largest whole number that a double holds without its neighbours.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// For the reading of a metric: `previous` and `value` are its last one; 0 where there is none, as in rules.
pub(crate) fn for_fetch(mut vars: Vars, key: &str, previous: Option<f64>) -> Vars {
    vars.set("key", key);
    set_number(&mut vars, "previous", Number(previous.unwrap_or_default()));
    set_number(&mut vars, "value", Number(previous.unwrap_or_default()));
    vars
}

/// For the explanation of a reading.
pub(crate) fn for_question(mut vars: Vars, question: &Question) -> Vars {
    vars.set("key", &question.key);
    set_number(&mut vars, "total", Number(question.total));
    set_number(&mut vars, "value", Number(question.total));
    set_number(&mut vars, "previous", Number(question.previous));
    let delta = Number::difference(question.total, question.previous);
    set_number(&mut vars, "delta", delta);
    vars
}

/// The item that the metric is: `item.key` and `item.label`.
pub(crate) fn set_item(vars: &mut Vars, item: &ItemName) {
    let item = BTreeMap::from([("key", &item.key), ("label", &item.label)]);
    vars.set("item", &item);
}

/// As templates are tried when the config is read.
pub(super) fn sample(names: &[&str]) -> Vars {
    let now = DateTime::from_timestamp(1_795_425_160, 0).unwrap_or_default();
    let mut vars = Vars::at(now);
    for name in names {
        match *name {
            "key" => vars.set("key", "x"),
            "item" => set_item(&mut vars, &ItemName::sample()),
            "previous" | "delta" => vars.set(name, &1),
            _ => vars.set(name, &2),
        }
    }
    vars
}

/// Templates may reckon with it, and write it as people do: one that the engine would write otherwise is a text.
fn set_number(vars: &mut Vars, name: &str, number: Number) {
    let Number(value) = number;
    let text = number.to_string();
    #[allow(clippy::cast_possible_truncation)] // whole, and not over 2^53
    if value.fract() == 0.0 && value.abs() <= MAX_WHOLE {
        vars.set(name, &(value as i64));
    } else if value.to_string() == text {
        vars.set(name, &value);
    } else {
        vars.set(name, &text);
    }
}
