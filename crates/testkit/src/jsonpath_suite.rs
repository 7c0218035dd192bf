//! The compliance suite of RFC 9535 (JSONPath): <https://github.com/jsonpath-standard/jsonpath-compliance-test-suite>.
//! It is not in this repository: `tests/third_party/install` brings one version of it, checked by its hash.

use std::path::Path;

use serde_json::Value;

use crate::skip;

/// What the suite is called in [`REQUIRE`](crate::require::REQUIRE).
const NAME: &str = "jsonpath-suite";

/// Its cases, as its `cts.json` has them; skips the test where it is not installed. `tmp` is the test's own
/// `env!("CARGO_TARGET_TMPDIR")`, beside which it lies.
///
/// # Panics
/// Where it is required and missing, or is not what it was.
pub fn jsonpath_suite(tmp: &str) -> Option<Vec<Value>> {
    let target = Path::new(tmp).parent().unwrap_or(Path::new("target"));
    let path = target.join(NAME).join("cts.json");
    let Ok(bytes) = std::fs::read(&path) else {
        let why = format!(
            "{} is not there: tests/third_party/install brings it",
            path.display()
        );
        skip(NAME, &why);
        return None;
    };
    let mut suite: Value = serde_json::from_slice(&bytes).expect("the suite is JSON");
    match suite["tests"].take() {
        Value::Array(cases) => Some(cases),
        _ => panic!("{} has no tests", path.display()),
    }
}
