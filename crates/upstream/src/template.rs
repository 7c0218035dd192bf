//! Filling in the small templates of the config: `…?n={{ delta }}`.

use tera::{Context, ErrorKind, Tera};

use crate::error::UpstreamError;

/// Renders `template`, which errors call `name`; text without `{{` or `{%` is returned as it is.
pub(crate) fn fill(template: &str, name: &str, context: &Context) -> Result<String, UpstreamError> {
    if !template.contains("{{") && !template.contains("{%") {
        return Ok(template.to_owned());
    }
    Tera::one_off(template, context, false).map_err(|error| UpstreamError::Template {
        template: name.to_owned(),
        why: why(&error),
    })
}

/// What is wrong, without the report that shows the template: it may hold an API key.
fn why(error: &tera::Error) -> String {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report.message().to_owned(),
        kind => {
            let text = kind.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    }
}
