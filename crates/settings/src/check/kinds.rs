//! Tables of a kind: `[systems.*]` and `[channels.*]`. Each has keys that all kinds have and keys of its own, and is read and
//! checked in the same way whatever the kind is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use monitor_domain::{Finding, Kind, TableDeserializer, TableError, keys_of};
use monitor_login::{LoginSettings, SystemCommon};
use monitor_notify::{ChannelCommon, ChannelSettings};
use monitor_requests::{SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::{Checker, below, join};
use crate::kinds::names;
use crate::schema::required_keys;
use crate::tree::{replace, take};
use crate::words::{no_such, one_of, suggest};

/// The key that names the kind.
const KIND: &str = "kind";

/// Keys that check themselves: those that all kinds have, or those of one kind.
pub(super) trait Checked {
    /// What is wrong with their values.
    fn check(&self) -> Vec<Finding>;
    /// Those that hold a secret.
    fn secrets(&self) -> Vec<SecretKey<'_>>;
    /// Those that name a file which must be readable.
    fn files(&self) -> Vec<(&'static str, &Path)>;
}

impl Checked for SystemCommon {
    fn check(&self) -> Vec<Finding> {
        self.check()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.secrets()
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        self.files()
    }
}

impl Checked for ChannelCommon {
    fn check(&self) -> Vec<Finding> {
        self.check()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        Vec::new()
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        Vec::new()
    }
}

impl Checked for dyn LoginSettings {
    fn check(&self) -> Vec<Finding> {
        self.check()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.secrets()
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        self.files()
    }
}

impl Checked for dyn ChannelSettings {
    fn check(&self) -> Vec<Finding> {
        self.check()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        self.secrets()
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        self.files()
    }
}

/// The keys that hold a path.
fn paths<S: Checked + ?Sized>(keys: &S) -> Vec<(String, PathBuf)> {
    let secret_file = |secret: SecretKey<'_>| match secret.source {
        SecretSource::File(path) => Some((format!("{}.file", secret.key), path.clone())),
        _ => None,
    };
    let files = keys.files().into_iter();
    files
        .map(|(key, path)| (key.to_owned(), path.to_owned()))
        .chain(keys.secrets().into_iter().filter_map(secret_file))
        .collect()
}

/// The one key that is read before the others.
#[derive(Deserialize)]
struct Chosen {
    kind: Option<String>,
}

impl<'i> Checker<'_, 'i> {
    /// The table at a path, of one of these kinds: what all kinds have, and what is the kind's own.
    pub(super) fn of_a_kind<C, S>(&mut self, at: &[String], kinds: &[Kind<S>]) -> Option<(C, Arc<S>)>
    where
        C: Checked + DeserializeOwned + JsonSchema,
        S: Checked + ?Sized,
    {
        let mut own = self.reader.table(at)?;
        let chosen = take(&mut own, &[KIND.to_owned()]);
        let kind = self.kind(at, chosen, kinds);
        let common_keys = keys_of::<C>();
        let common = take(&mut own, &common_keys);
        self.known_keys(at, &mut own, &common_keys, kind.as_ref(), kinds);
        let common: Option<C> = self.placed(at, common, |table| C::deserialize(table), paths::<C>);
        if let Some(common) = &common {
            self.checked(at, common);
        }
        let settings = self.own_keys(at, own, &kind?);
        if let Some(settings) = &settings {
            self.checked(at, &**settings);
        }
        Some((common?, settings?))
    }

    /// The kind that a table names. What is wrong with it is said.
    fn kind<S: ?Sized>(&mut self, at: &[String], chosen: DeTable<'_>, kinds: &[Kind<S>]) -> Option<Kind<S>> {
        let chosen = self.reader.read(at, chosen, |table| Chosen::deserialize(table))?;
        let at = join(at, KIND);
        let Some(name) = chosen.kind else {
            self.reader
                .missing(&at, &format!("set it to {}", one_of(&names(kinds))));
            return None;
        };
        let found = kinds.iter().find(|kind| kind.name == name).copied();
        if found.is_none() {
            self.reader.error(&at, no_such(KIND, &name, &names(kinds)));
        }
        found
    }

    /// Takes away what is neither a common key nor one of the kind.
    fn known_keys<S: ?Sized>(
        &mut self,
        at: &[String],
        own: &mut DeTable<'_>,
        common: &[String],
        kind: Option<&Kind<S>>,
        kinds: &[Kind<S>],
    ) {
        let of_any: Vec<String> = kinds.iter().flat_map(Kind::keys).collect();
        let mut known = vec![KIND.to_owned()];
        known.extend(common.iter().cloned());
        known.extend(kind.map_or_else(|| of_any.clone(), Kind::keys));
        if kind.is_none() {
            // Nobody knows its keys: only one that is nearly that of another kind is worth a word.
            let keys: Vec<String> = own.keys().map(|key| key.get_ref().to_string()).collect();
            let far = keys.into_iter().filter(|key| suggest(key, &known).is_none());
            take(own, &far.collect::<Vec<_>>());
        }
        self.reader.keep_known(at, own, &known, |key| {
            let kind = kind.filter(|_| of_any.iter().any(|known| known == key))?;
            Some(format!("is not used by kind \"{}\": remove it", kind.name))
        });
    }

    /// Reads keys, and where some of them turn out to be relative paths, reads them again with those that they lead to: only
    /// what was read says which keys are paths.
    fn placed<'t, T>(
        &mut self,
        at: &[String],
        mut table: DeTable<'t>,
        read: impl Fn(TableDeserializer<'_>) -> Result<T, TableError>,
        paths: impl Fn(&T) -> Vec<(String, PathBuf)>,
    ) -> Option<T>
    where
        'i: 't,
    {
        let first = self.reader.read(at, table.clone(), &read)?;
        let mut is_other = false;
        for (key, path) in paths(&first) {
            let placed = self.path(&below(at, &key), &path);
            if placed != path
                && let Ok(text) = placed.into_os_string().into_string()
            {
                replace(&mut table, &below(&[], &key), text);
                is_other = true;
            }
        }
        if !is_other {
            return Some(first);
        }
        // What is wrong besides is found again, and said once.
        self.reader.read(at, table, read)
    }

    fn own_keys<S: Checked + ?Sized>(
        &mut self,
        at: &[String],
        own: DeTable<'_>,
        kind: &Kind<S>,
    ) -> Option<Arc<S>> {
        let given: Vec<String> = own.keys().map(|key| key.get_ref().to_string()).collect();
        let read = self.placed(at, own, kind.read, |keys| paths::<S>(keys));
        if read.is_none() {
            // It says the first that is missing, and there may be more.
            for key in required_keys(kind.schema)
                .iter()
                .filter(|key| !given.contains(key))
            {
                self.reader.missing(&join(at, key), "it is required");
            }
        }
        read
    }

    fn checked<S: Checked + ?Sized>(&mut self, at: &[String], keys: &S) {
        let findings = keys.check();
        for secret in keys.secrets() {
            // Of an empty one the check may know better what is wrong.
            let is_empty = matches!(secret.source, SecretSource::Plain(text) if text.expose().is_empty());
            let is_found = findings.iter().any(|finding| finding.field == secret.key);
            if !(is_empty && is_found) {
                self.secret(&below(at, secret.key), secret.source, secret.warn_if_plain);
            }
        }
        for (key, file) in keys.files() {
            if let Err(error) = std::fs::File::open(file) {
                let message = format!("{} cannot be read: {error}", file.display());
                self.reader.found(at, key, &message);
            }
        }
        self.findings(at, findings);
    }

    /// Names end up in paths of keys, on pages and in the database.
    pub(super) fn name(&mut self, table: &[String], name: &str) {
        let is_good = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if !is_good || name.len() > 64 {
            let message = format!("\"{name}\" is no good name: letters, digits, _ and -, at most 64");
            self.reader.error(table, message);
        }
    }
}
