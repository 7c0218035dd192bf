//! What Prometheus's own checker says of a `/metrics` page.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::require::require;

/// Has `promtool check metrics` read the page (in the text format, not OpenMetrics), where there is one; otherwise
/// [`skip`](crate::skip)s.
///
/// # Panics
/// Where it finds something wrong or unusual; the message has its words and the page.
pub fn check_metrics(page: &str) {
    let Some(promtool) = require("promtool") else {
        return;
    };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool can be run");
    let mut stdin = child.stdin.take().expect("it is piped");
    // It says nothing before it has read all, so nothing fills up meanwhile.
    stdin
        .write_all(page.as_bytes())
        .expect("promtool reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "promtool check metrics: {}\n{page}",
        String::from_utf8_lossy(&said)
    );
}
