//! The items of a list that an answer has: each is known by a key, called by a label, and has a number.

use std::collections::{BTreeMap, HashMap};

use monitor_domain::{MetricKey, counted, one_line};
use monitor_login::JsonPath;
use monitor_requests::Response;
use serde_json::Value;

use crate::extract::{Selection, json, number_of};

/// Items that are read, whatever the limit of the metric is: more are no list of things that somebody watches one by one.
const MAX_ITEMS: usize = 20_000;
/// The longest key of an item, in characters: a whole record is no key.
const MAX_KEY: usize = 200;
/// Characters of a label that are kept.
const MAX_LABEL: usize = 80;

/// Where the items of a list are in an answer, and what is taken of each.
#[derive(Clone, Debug)]
pub struct ItemList {
    /// The metric that is the list, as templates know it.
    pub(crate) metric: MetricKey,
    pub(crate) items: Selection,
    pub(crate) key: JsonPath,
    pub(crate) label: Option<JsonPath>,
    pub(crate) value: JsonPath,
}

/// An item as an answer has it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedItem {
    /// What the system calls it.
    pub key: String,
    /// What people call it: one line of bounded length.
    pub label: String,
    /// Its number, or why there is none.
    pub value: Result<f64, String>,
}

/// All items of an answer, in its order; no two have the same key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    all: Vec<ListedItem>,
    by_key: HashMap<String, usize>,
}

impl Items {
    /// In the order of the answer.
    pub fn all(&self) -> &[ListedItem] {
        &self.all
    }

    /// The item of this key.
    pub fn get(&self, key: &str) -> Option<&ListedItem> {
        self.by_key.get(key).map(|at| &self.all[*at])
    }
}

impl ItemList {
    /// Takes them from an answer.
    ///
    /// # Errors
    /// Why it has no such list, or which items cannot be distinguished: then nothing is known of any of them.
    pub(crate) fn read(&self, response: &Response) -> Result<Items, String> {
        let json = json(response)?;
        let nodes = self.items.nodes(&json)?;
        if nodes.len() > MAX_ITEMS {
            let (items, there) = (&self.items, counted(nodes.len(), "item"));
            return Err(format!("{items} has {there}; at most {MAX_ITEMS} can be read"));
        }
        let mut items = Items::default();
        let mut by_metric: BTreeMap<MetricKey, usize> = BTreeMap::new();
        for (n, node) in nodes.into_iter().enumerate() {
            let key = self.key(node).map_err(|why| self.of_item(n, &why))?;
            // It is stored and shown as it is, since it says which metric it is.
            if response.masked(&key) != key {
                return Err(self.of_item(
                    n,
                    "has a secret of the call in its key: choose another path for key",
                ));
            }
            // Two that are one metric could not be distinguished either.
            if let Some(before) = by_metric.insert(self.metric.of_item(&key), n) {
                let why = format!("has the key {key:?}, which item {} has too", before + 1);
                return Err(self.of_item(n, &why));
            }
            let label = self.label(node).map_err(|why| self.of_item(n, &why))?;
            let label = response.masked(label.as_deref().unwrap_or(&key));
            let value = value_of(&self.value, node).map_err(|why| response.masked(&why));
            items.by_key.insert(key.clone(), n);
            items.all.push(ListedItem {
                label: shown_label(&label, &key),
                key,
                value,
            });
        }
        Ok(items)
    }

    /// An error of the item number `n`.
    fn of_item(&self, n: usize, why: &str) -> String {
        format!("{}: item {} {why}", self.items, n + 1)
    }

    fn key(&self, item: &Value) -> Result<String, String> {
        let path = &self.key;
        let key = match path.query(item).all().as_slice() {
            [] => return Err(format!("has no {path}, which is to be its key")),
            [Value::String(key)] => key.clone(),
            [Value::Number(key)] if key.is_i64() || key.is_u64() => key.to_string(),
            [_] => {
                return Err(format!(
                    "has {path}, which is to be its key, and it is neither a string nor a whole number"
                ));
            }
            several => return Err(too_many(path, several.len())),
        };
        match key.chars().count() {
            0 => Err(format!("has an empty {path}, which is to be its key")),
            n if n > MAX_KEY => Err(format!(
                "has a {path} of {}, which is to be its key; at most {MAX_KEY} can be",
                counted(n, "character")
            )),
            _ => Ok(key),
        }
    }

    /// Nothing where it has none: then it is called by its key.
    fn label(&self, item: &Value) -> Result<Option<String>, String> {
        let Some(path) = &self.label else {
            return Ok(None);
        };
        match path.query(item).all().as_slice() {
            [] | [Value::Null] => Ok(None),
            [Value::String(label)] => Ok(Some(label.clone())),
            [Value::Number(label)] => Ok(Some(label.to_string())),
            [_] => Err(format!(
                "has {path}, which is to be its label, and it is neither a string nor a number"
            )),
            several => Err(too_many(path, several.len())),
        }
    }
}

fn value_of(path: &JsonPath, item: &Value) -> Result<f64, String> {
    match path.query(item).all().as_slice() {
        [] => Err(format!("the item has no {path}")),
        [node] => number_of(path, node),
        several => Err(format!("the item {}", too_many(path, several.len()))),
    }
}

fn too_many(path: &JsonPath, n: usize) -> String {
    format!("has {} at {path}; there must be one", counted(n, "value"))
}

/// A label on one line, so that it fits into a title, and nothing in it hides what follows.
fn shown_label(label: &str, key: &str) -> String {
    let line = [label, key]
        .map(one_line)
        .into_iter()
        .find(|line| !line.is_empty());
    let line = line.unwrap_or_default();
    match line.char_indices().nth(MAX_LABEL) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
