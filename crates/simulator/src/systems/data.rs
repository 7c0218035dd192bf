//! The data of both simulated systems: totals by key, and JSON at any other path.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::http::{Answer, Request};

/// Where a total is: `/api/totals/{key}`.
pub(super) const TOTALS: &str = "/api/totals/";

/// Whole numbers above this are not exact in a `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Numbers and documents that signed-in clients may read.
#[derive(Debug)]
pub(super) struct Data {
    totals: HashMap<String, Value>,
    documents: HashMap<String, Value>,
}

impl Default for Data {
    /// The totals of the three built-in metrics, at 0.
    fn default() -> Data {
        let totals = ["x", "y", "z"].map(|key| (key.to_owned(), json!(0))).into();
        Data {
            totals,
            documents: HashMap::new(),
        }
    }
}

impl Data {
    pub(super) fn set_total(&mut self, key: &str, total: Value) {
        self.totals.insert(key.to_owned(), total);
    }

    pub(super) fn set_document(&mut self, target: &str, document: Value) {
        self.documents.insert(target.to_owned(), document);
    }

    /// The answer to a signed-in `GET`, if there is one.
    pub(super) fn get(&self, request: &Request) -> Option<Answer> {
        if let Some(total) = request
            .path
            .strip_prefix(TOTALS)
            .and_then(|key| self.totals.get(key))
        {
            return Some(Answer::json(200, &json!({ "total": total })));
        }
        let document = self
            .documents
            .get(&request.target())
            .or_else(|| self.documents.get(&request.path));
        document.map(|document| Answer::json(200, document))
    }
}

/// A number as JSON: whole ones without a point, and `null` for what JSON cannot say.
pub(super) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        // In range, so the cast is exact.
        return json!(value as i64);
    }
    json!(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(number(131.0).to_string(), "131");
        assert_eq!(number(-2.5).to_string(), "-2.5");
        assert_eq!(number(f64::NAN).to_string(), "null");
        assert_eq!(number(2f64.powi(63)).to_string(), "9.223372036854776e+18");
    }
}
