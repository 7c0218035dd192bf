//! Whether a part of a config is the same as in another one, with what its secrets and files hold: what is the same goes on as it
//! is when a changed config is taken, and what only a start takes is named.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::document::Document;
use crate::place::Base;

/// Files are compared by their beginnings of this length: certificates, keys and secrets are shorter.
const LENGTH: u64 = 1024 * 1024;
/// Sections that are compared key by key.
const BY_KEY: &[&str] = &["database", "web", "worker"];
/// Of these, the keys that a running process takes. What is not here takes a restart, a key that is added later too.
const AT_ONCE: &[&str] = &[
    "web.lang",
    "web.templates",
    "web.base_url",
    "worker.interval",
    "worker.concurrency",
    "worker.shutdown",
    "worker.keep_samples",
    "worker.keep_alerts",
    "worker.keep_audit",
    "worker.auto_acknowledge",
    "worker.heartbeat",
    "worker.heartbeat_url",
    "worker.notify",
];
/// What every table of a section depends on besides itself.
const BESIDES: &[(&str, &[&str])] = &[
    ("systems", &["requests"]),
    ("channels", &["requests", "web.lang", "web.templates"]),
];

/// What differs of a section in two configs: names of its tables or keys, in alphabetical order. That of a section which is one
/// thing is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionChange {
    /// The section.
    pub section: String,
    /// What only the later one has.
    pub added: Vec<String>,
    /// What only the earlier one has.
    pub removed: Vec<String>,
    /// What both have, and is other.
    pub changed: Vec<String>,
}

/// What each part of a config amounts to: `systems.a`, `metrics.w`, `web.bind`, `requests`. Hashes of secrets are among it, so it
/// is not shown.
#[derive(Clone, Default)]
pub(crate) struct Fingerprints(BTreeMap<String, u64>);

impl Fingerprints {
    pub(crate) fn of(document: &Document<'_>, base: &Base, env: &[(String, String)]) -> Fingerprints {
        let world = World { base, env };
        let mut parts = BTreeMap::new();
        for section in document.names(&[]) {
            let whole = [section.clone()];
            let Some(value) = document.get(&whole) else {
                continue;
            };
            if let Some(table) = value.as_table().filter(|_| !is_whole(&section)) {
                for (key, value) in table {
                    parts.insert(
                        format!("{section}.{}", key.get_ref()),
                        world.hash(value.get_ref()),
                    );
                }
            } else {
                parts.insert(section, world.hash(value));
            }
        }
        if let Some(DeValue::String(folder)) = document.get(&["web".to_owned(), "templates".to_owned()]) {
            let mut hasher = DefaultHasher::new();
            parts.get("web.templates").hash(&mut hasher);
            world.folder(&base.place(Path::new(folder.as_ref())).join("mail"), &mut hasher);
            parts.insert("web.templates".to_owned(), hasher.finish());
        }
        Fingerprints(parts)
    }

    /// Whether a part is the same in both, and all that it depends on.
    pub(crate) fn is_same(&self, before: &Fingerprints, part: &str) -> bool {
        let section = part.split('.').next().unwrap_or_default();
        let besides = BESIDES.iter().find(|(name, _)| *name == section);
        let besides = besides.map_or(&[] as &[&str], |(_, besides)| besides);
        let mut all = [part].into_iter().chain(besides.iter().copied());
        all.all(|part| self.0.get(part) == before.0.get(part))
    }

    /// What differs of each section, in the order of their names, but for what only a start takes.
    pub(crate) fn changes(&self, before: &Fingerprints) -> Vec<SectionChange> {
        let mut sections: BTreeMap<&str, SectionChange> = BTreeMap::new();
        let left_out = self.for_a_start(before);
        for part in self.0.keys().chain(before.0.keys()) {
            let (then, now) = (before.0.get(part), self.0.get(part));
            if then == now || left_out.contains(part) {
                continue;
            }
            let (section, name) = part.split_once('.').unwrap_or((part, ""));
            let change = sections.entry(section).or_insert_with(|| SectionChange {
                section: section.to_owned(),
                ..SectionChange::default()
            });
            let names = match (then, now) {
                (None, _) => &mut change.added,
                (_, None) => &mut change.removed,
                _ => &mut change.changed,
            };
            if names.iter().all(|known| known != name) {
                names.push(name.to_owned());
            }
        }
        sections.into_values().collect()
    }

    /// The keys that differ and that only a start takes.
    pub(crate) fn for_a_start(&self, started: &Fingerprints) -> Vec<String> {
        let mut keys: Vec<&String> = self.0.keys().chain(started.0.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let is_of_a_start = |key: &&&String| {
            let section = key.split('.').next().unwrap_or_default();
            BY_KEY.contains(&section) && !AT_ONCE.contains(&key.as_str())
        };
        let others = keys.iter().filter(is_of_a_start);
        others
            .filter(|key| self.0.get(**key) != started.0.get(**key))
            .map(|key| (*key).clone())
            .collect()
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprints").finish_non_exhaustive()
    }
}

/// A section that is one thing, such as `[requests]`.
fn is_whole(section: &str) -> bool {
    matches!(section, "requests" | "alarm")
}

/// Where secrets and files are.
struct World<'a> {
    base: &'a Base,
    env: &'a [(String, String)],
}

impl World<'_> {
    fn hash(&self, value: &DeValue<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.value(value, &mut hasher);
        hasher.finish()
    }

    fn value(&self, value: &DeValue<'_>, hasher: &mut DefaultHasher) {
        match value {
            DeValue::Table(table) => self.table(table, hasher),
            DeValue::Array(array) => {
                array.len().hash(hasher);
                array.iter().for_each(|one| self.value(one.get_ref(), hasher));
            }
            DeValue::String(text) => {
                text.hash(hasher);
                self.file(&self.base.place(Path::new(text.as_ref())), hasher);
            }
            scalar => format!("{scalar:?}").hash(hasher),
        }
    }

    fn table(&self, table: &DeTable<'_>, hasher: &mut DefaultHasher) {
        let mut entries: Vec<(&str, &DeValue<'_>)> = table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
            .collect();
        // The order of keys says nothing.
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries.len().hash(hasher);
        for (key, value) in entries {
            key.hash(hasher);
            self.value(value, hasher);
            if let ("env", DeValue::String(name)) = (key, value) {
                let given = self.env.iter().find(|(known, _)| known == name);
                let found = given.map(|(_, value)| value.clone());
                found.or_else(|| std::env::var(name.as_ref()).ok()).hash(hasher);
            }
        }
    }

    /// What a text leads to, where it is the path of a file.
    fn file(&self, path: &Path, hasher: &mut DefaultHasher) {
        if !path.metadata().is_ok_and(|kind| kind.is_file()) {
            return;
        }
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(LENGTH).read_to_end(&mut bytes));
        (read.is_ok(), bytes).hash(hasher);
    }

    /// All files of a folder.
    fn folder(&self, folder: &Path, hasher: &mut DefaultHasher) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.sort_unstable();
        for path in files {
            path.hash(hasher);
            self.file(&path, hasher);
        }
    }
}
