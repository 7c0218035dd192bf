//! The checks that make settings out of sections, one file a group of sections.

mod address;
mod alert;
mod built_in;
mod database;
mod dependencies;
mod fetches;
mod kinds;
mod lists;
mod maintenance;
mod metrics;
mod needs;
mod push;
mod routes;
mod systems_and_channels;
mod web_and_worker;

pub use address::base_url;

use std::path::{Path, PathBuf};

use monitor_domain::Finding;
use monitor_requests::{RequestsSettings, SecretSource};
use toml::de::DeValue;

use self::fetches::Fetches;
use crate::fingerprint::Fingerprints;
use crate::kinds::Kinds;
use crate::place::Base;
use crate::reader::{Found, Reader};
use crate::sections::SECTIONS;
use crate::settings::Settings;
use crate::words::no_such_key;

/// Goes through a document section by section.
pub(crate) struct Checker<'d, 'i> {
    reader: Reader<'d, 'i>,
    env: &'i [(String, String)],
    kinds: &'i Kinds,
    base: Base,
    fetches: Fetches,
}

/// A path from its parts.
fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// A path and one more name.
fn join(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// A path and the parts of a key with dots in it.
fn below(path: &[String], key: &str) -> Vec<String> {
    path.iter()
        .cloned()
        .chain(key.split('.').map(str::to_owned))
        .collect()
}

impl<'d, 'i> Checker<'d, 'i> {
    pub(crate) fn new(
        reader: Reader<'d, 'i>,
        env: &'i [(String, String)],
        kinds: &'i Kinds,
        base: Base,
    ) -> Checker<'d, 'i> {
        Checker {
            reader,
            env,
            kinds,
            base,
            fetches: Fetches::default(),
        }
    }

    /// The settings, as far as they can be had; only good where nothing was found wrong.
    pub(crate) fn settings(&mut self, file: PathBuf) -> Option<Settings> {
        self.sections();
        let database = self.database();
        let web = self.web();
        let worker = self.worker(web.as_ref());
        let requests = self.requests();
        let systems = self.systems();
        let alarm = self.alarm();
        let channels = self.channels();
        if !channels.is_empty() && web.as_ref().is_some_and(|web| web.base_url.is_none()) {
            self.reader.hint(
                &path(&["web", "base_url"]),
                "is not set, so messages have no link to the page; set it to how people reach the page, such as \
                 \"https://monitor.example\"",
            );
        }
        let language = web.as_ref().map_or_else(Default::default, |web| web.lang);
        self.fetches();
        let metrics = self.metrics(worker.as_ref().map(|worker| worker.interval), language);
        self.unused_fetches();
        self.circles(&metrics);
        self.needs(&metrics, worker.as_ref().map(|worker| worker.keep_samples));
        let routes = self.routes(&metrics);
        let maintenance = self.maintenance();
        Some(Settings {
            path: self.base.file(file),
            folder: self.base.folder(),
            database: database?,
            web: web?,
            worker: worker?,
            requests: requests?,
            systems,
            alarm,
            channels,
            metrics,
            routes,
            maintenance,
            fingerprints: Fingerprints::of(self.reader.document, &self.base, self.env),
        })
    }

    /// All that was found.
    pub(crate) fn finish(self) -> Found {
        self.reader.finish()
    }

    fn sections(&mut self) {
        let known: Vec<String> = SECTIONS.iter().map(|name| (*name).to_owned()).collect();
        for name in self.reader.document.names(&[]) {
            if !known.contains(&name) {
                self.reader
                    .unknown(std::slice::from_ref(&name), no_such_key(&name, &known));
            }
        }
    }

    fn requests(&mut self) -> Option<RequestsSettings> {
        let section = path(&["requests"]);
        let requests: RequestsSettings = self.reader.section(&section)?;
        self.findings(&section, requests.check());
        Some(requests)
    }

    /// The names of the tables inside a section, in the order of the file.
    fn tables(&mut self, section: &str) -> Vec<String> {
        match self.reader.document.get(&path(&[section])) {
            None | Some(DeValue::Table(_)) => self.reader.document.names(&path(&[section])),
            Some(_) => {
                let message = format!("must hold tables, such as [{section}.NAME]");
                self.reader.error(&path(&[section]), message);
                Vec::new()
            }
        }
    }

    /// Says what an owner's own check found below a path.
    fn findings(&mut self, at: &[String], findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.reader.found(at, &finding.field, &finding.message);
        }
    }

    /// Where a path leads from the config's folder. Where only the working directory has it, which is where relative paths
    /// started in earlier builds, that is said, and it is taken from there to see what else is wrong.
    fn path(&mut self, at: &[String], path: &Path) -> PathBuf {
        let placed = self.base.place(path);
        let Some(old) = self.base.left_behind(path) else {
            return placed;
        };
        let (new, shown) = (placed.display(), old.display());
        let message = format!(
            "relative paths start at the config's folder: there is no {new}, and the working directory has {shown}; \
             move it there, or write \"{shown}\""
        );
        self.reader.error(at, message);
        old
    }

    /// The same for the file of a secret.
    fn secret_path(&mut self, at: &[String], source: SecretSource) -> SecretSource {
        match source {
            SecretSource::File(path) => SecretSource::File(self.path(&join(at, "file"), &path)),
            other => other,
        }
    }

    /// Says if a secret's variable or file is not there, or if it stands in the config in clear.
    fn secret(&mut self, at: &[String], source: &SecretSource, warn_if_plain: bool) {
        if let SecretSource::Env(name) = source
            && self
                .env
                .iter()
                .any(|(known, value)| known == name && !value.is_empty())
        {
            return;
        }
        if let Err(error) = source.resolve() {
            self.reader.error(at, error.to_string());
        } else if warn_if_plain && source.is_plain() && !self.reader.document.is_from_env(at) {
            self.reader.warn(
                at,
                "stands here in clear; better { env = \"NAME\" } or { file = \"/run/secrets/name\" }",
            );
        }
    }
}
