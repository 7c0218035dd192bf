//! From a file and the environment to settings, or to everything that is wrong with them.

use std::path::{Path, PathBuf};

use crate::check::Checker;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::document::Document;
use crate::kinds::Kinds;
use crate::place::Base;
use crate::reader::Reader;
use crate::settings::Settings;

/// Settings that can be used, and what still deserves attention.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Such as a password that stands in the file.
    pub warnings: Vec<Diagnostic>,
    /// What may be meant, and what somebody who starts may not expect, such as that messages have no link to the page.
    pub hints: Vec<Diagnostic>,
}

/// Reads and checks a config file that may name these kinds, with `MONITOR__…` variables of this process laid over it.
/// Relative paths in either start at the folder of the file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn load(path: &Path, kinds: &Kinds) -> Result<Loaded, Diagnostics> {
    let name = path.display().to_string();
    let at = |place: Place, message: String| {
        Diagnostics(vec![Diagnostic {
            place,
            path: String::new(),
            message,
        }])
    };
    let whole = |message: String| at(Place::Whole { file: name.clone() }, message);
    let text = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => whole(
            "there is no such file; `monitor init` writes one to start from, --config names another"
                .to_owned(),
        ),
        _ => whole(format!("cannot be read: {error}")),
    })?;
    let text = String::from_utf8(text).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let place = Place::after(&name, &String::from_utf8_lossy(good));
        // Whatever stands there may be a part of a password.
        at(
            place,
            "from here on it is not UTF-8 text; save the file as UTF-8".to_owned(),
        )
    })?;
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let base = Base::of(path).map_err(|error| whole(format!("its folder cannot be found: {error}")))?;
    if base.folder().to_str().is_none() {
        return Err(whole(
            "stands in a folder whose name is not UTF-8, and paths in it could not be written; move it"
                .to_owned(),
        ));
    }
    let loaded = checked(&name, &text, &env, kinds, base)?;
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
    checked(name, text, env, kinds, Base::default())
}

fn checked(
    name: &str,
    text: &str,
    env: &[(String, String)],
    kinds: &Kinds,
    base: Base,
) -> Result<Loaded, Diagnostics> {
    let (document, syntax) = Document::parse(name, text, env);
    let mut checker = Checker::new(Reader::new(&document, syntax), env, kinds, base);
    let settings = checker.settings(PathBuf::from(name));
    let found = checker.finish();
    match settings {
        Some(settings) if found.errors.is_empty() => Ok(Loaded {
            settings,
            warnings: found.warnings,
            hints: found.hints,
        }),
        _ => Err(Diagnostics(found.errors)),
    }
}
