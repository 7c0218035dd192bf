//! The page templates: built in, or replaced by files of the same name in the `pages` of a folder.

use std::path::{Path, PathBuf};

use monitor_domain::{visible, with_causes};
use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Tera};

use crate::pages::{filters, samples};

#[derive(RustEmbed)]
#[folder = "../../templates/pages"]
struct Embedded;

/// The templates there are. A folder may replace some or all.
pub(super) const NAMES: [&str; 16] = [
    "layout.html",
    "dialog.html",
    "spans.html",
    "card.html",
    "record.html",
    "alert.html",
    "alert-table.html",
    "silences.html",
    "monitor.html",
    "metric.html",
    "alerts.html",
    "one-alert.html",
    "delivery.html",
    "delivery-table.html",
    "deliveries.html",
    "system.html",
];

/// A page template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The folder of replacements is not there.
    #[error(
        "the folder of page templates {0} is not there; set [web] templates to one that is, or leave it out"
    )]
    NoFolder(PathBuf),
    /// A replacement cannot be read.
    #[error("cannot read the page template {path}: {cause}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A template has a mistake; found at the start, by rendering each page once.
    #[error("a page template has a mistake: {0}")]
    Wrong(String),
}

/// All templates, ready to render.
pub(crate) struct Templates(Tera);

impl Templates {
    /// Loads them, and renders each page once in each language, so that no mistake waits for a reader.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Templates, TemplateError> {
        if let Some(folder) = folder.filter(|f| !f.is_dir()) {
            return Err(TemplateError::NoFolder(folder.to_owned()));
        }
        let mut sources = Vec::new();
        for name in NAMES {
            sources.push((name, source(name, folder)?));
        }
        let mut tera = Tera::default();
        tera.set_escape_fn(|text, out| tera::escape_html(&visible(text), out));
        filters::register(&mut tera);
        tera.add_raw_templates(sources).map_err(|e| wrong(&e))?;
        let templates = Templates(tera);
        for (name, page) in samples::samples() {
            templates.render(name, &page).map_err(|e| wrong(&e))?;
        }
        Ok(templates)
    }

    /// Renders a page; everything in it that came from outside is escaped, and what hides or turns text is shown.
    pub(crate) fn render(&self, name: &str, page: &impl Serialize) -> Result<String, tera::Error> {
        self.0.render(name, &Context::from_serialize(page)?)
    }
}

fn source(name: &str, folder: Option<&Path>) -> Result<String, TemplateError> {
    if let Some(path) = folder
        .map(|f| f.join("pages").join(name))
        .filter(|path| path.is_file())
    {
        return std::fs::read_to_string(&path).map_err(|cause| TemplateError::Read { path, cause });
    }
    let file = Embedded::get(name).ok_or_else(|| TemplateError::Wrong(format!("{name} is not built in")))?;
    Ok(String::from_utf8_lossy(&file.data).into_owned())
}

fn wrong(error: &tera::Error) -> TemplateError {
    TemplateError::Wrong(with_causes(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_ones_render() {
        Templates::load(None).unwrap();
    }

    #[test]
    fn a_folder_replaces_some() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pages")).unwrap();
        std::fs::write(folder.path().join("pages/card.html"), "<b>{{ m.title }}</b>").unwrap();
        let templates = Templates::load(Some(folder.path())).unwrap();
        let (name, page) = samples::samples().remove(0);
        assert!(templates.render(name, &page).unwrap().contains("<b>&lt;"));
    }

    #[test]
    fn a_mistake_is_reported_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pages")).unwrap();
        std::fs::write(folder.path().join("pages/card.html"), "{{ t(key=\"no-such\") }}").unwrap();
        let error = Templates::load(Some(folder.path())).err().unwrap().to_string();
        assert!(
            error.contains("no-such") && error.contains("card.html"),
            "{error}"
        );
        let gone = Templates::load(Some(&folder.path().join("gone"))).err().unwrap();
        assert!(gone.to_string().contains("gone"), "{gone}");
    }
}
