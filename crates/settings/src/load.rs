//! From files and the environment to settings, or to everything that is wrong with them.

use std::path::{Path, PathBuf};

use crate::check::Checker;
use crate::conf_d::{self, whole};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::kinds::Kinds;
use crate::place::Base;
use crate::reader::Reader;
use crate::settings::Settings;
use crate::source::Source;

/// Settings that can be used, and what still deserves attention.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The files that were read, in their order, named as the main one was: that one, and those of `conf.d` beside it.
    pub files: Vec<PathBuf>,
    /// Such as a password that stands in the file.
    pub warnings: Vec<Diagnostic>,
    /// What may be meant, and what somebody who starts may not expect, such as that messages have no link to the page.
    pub hints: Vec<Diagnostic>,
}

/// Reads and checks a config file that may name these kinds, `conf.d/*.toml` beside it after it, with `MONITOR__…` variables
/// of this process laid over them. Relative paths in any of them start at the folder of the main file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the files.
pub fn load(path: &Path, kinds: &Kinds) -> Result<Loaded, Diagnostics> {
    let files = conf_d::read(path)?;
    let wrong = |message: String| Diagnostics(vec![whole(path, message)]);
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let base = Base::of(path).map_err(|error| wrong(format!("its folder cannot be found: {error}")))?;
    if base.folder().to_str().is_none() {
        return Err(wrong(
            "stands in a folder whose name is not UTF-8, and paths in it could not be written; move it"
                .to_owned(),
        ));
    }
    let mut loaded = checked(&files.sources, &env, kinds, base)?;
    loaded.hints.extend(files.hints);
    loaded.files = files.paths;
    log::info!(
        "config {}, database {}",
        loaded.settings.path.display(),
        loaded.settings.database.shown()
    );
    Ok(loaded)
}

/// Checks a config from memory. `name` is how it is called in messages; `env` is laid over it, and secrets are searched
/// there and in this process's environment. Relative paths stay as they are: they start where the process does.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn load_str(
    name: &str,
    text: &str,
    env: &[(String, String)],
    kinds: &Kinds,
) -> Result<Loaded, Diagnostics> {
    load_texts(&[(name, text)], env, kinds)
}

/// The same for a config of several texts, each with its name: the main one, and those of `conf.d` after it.
///
/// # Errors
/// Everything that is wrong with it, in the order of the texts.
///
/// # Panics
/// Where there is no text at all.
pub fn load_texts(
    texts: &[(&str, &str)],
    env: &[(String, String)],
    kinds: &Kinds,
) -> Result<Loaded, Diagnostics> {
    assert!(!texts.is_empty(), "a config has a main text");
    let source = |(name, text): &(&str, &str)| Source {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    let sources: Vec<Source> = texts.iter().map(source).collect();
    checked(&sources, env, kinds, Base::default())
}

fn checked(
    sources: &[Source],
    env: &[(String, String)],
    kinds: &Kinds,
    base: Base,
) -> Result<Loaded, Diagnostics> {
    let (document, twice) = Document::parse(sources, env).map_err(Diagnostics)?;
    let mut checker = Checker::new(Reader::new(&document, twice), env, kinds, base);
    let settings = checker.settings(PathBuf::from(&sources[0].name));
    let found = checker.finish();
    match settings {
        Some(settings) if found.errors.is_empty() => Ok(Loaded {
            settings,
            files: sources.iter().map(|source| PathBuf::from(&source.name)).collect(),
            warnings: found.warnings,
            hints: found.hints,
        }),
        _ => Err(Diagnostics(found.errors)),
    }
}
