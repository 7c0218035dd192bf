//! Filling in the small templates of the config: `…?n={{ delta }}`.

use tera::{Context, Tera};

use crate::error::UpstreamError;

/// Renders `template`; text without `{{` or `{%` is returned as it is.
pub(crate) fn fill(template: &str, context: &Context) -> Result<String, UpstreamError> {
    if !template.contains("{{") && !template.contains("{%") {
        return Ok(template.to_owned());
    }
    Tera::one_off(template, context, false).map_err(|error| UpstreamError::Template {
        template: crate::fetch::bare(template),
        why: error.to_string(),
    })
}
