//! `[database]`.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use humantime::format_duration;
use monitor_model::DbError;
use monitor_requests::SecretSource;
use url::Url;

use super::{Checker, path};
use crate::sections::DatabaseSection;
use crate::settings::DatabaseSettings;

/// Where everything is kept if the config does not say.
const DEFAULT_DATABASE: &str = "sqlite:data/monitor.db";
const DEFAULT_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// A shorter one ends what goes well; a longer one leaves people waiting who want to know that nothing is watched.
const STATEMENT_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// The URL with the first of its hosts alone, after all of them were parsed: `postgres://user@one,two:5433/database` names
/// servers to be tried in that order, which is no URL to others.
fn first_of(url: &str) -> Result<Url, url::ParseError> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let mut parsed = hosts
        .split(',')
        .map(|host| Url::parse(&format!("{scheme}://{user}{host}{path}")));
    let first = parsed.next().unwrap_or(Err(url::ParseError::EmptyHost));
    parsed.find(Result::is_err).unwrap_or(first)
}

impl Checker<'_, '_> {
    pub(super) fn database(&mut self) -> Option<DatabaseSettings> {
        let section = path(&["database"]);
        let at = path(&["database", "url"]);
        let raw: DatabaseSection = self.reader.section(&section)?;
        let statement_timeout = raw.statement_timeout.unwrap_or(DEFAULT_STATEMENT_TIMEOUT);
        if !STATEMENT_TIMEOUTS.contains(&statement_timeout) {
            let (least, most) = STATEMENT_TIMEOUTS.into_inner();
            self.reader.error(
                &path(&["database", "statement_timeout"]),
                format!(
                    "must be from {} to {}",
                    format_duration(least),
                    format_duration(most)
                ),
            );
        }
        let url = match raw.url {
            None => DEFAULT_DATABASE.to_owned(),
            Some(source) => {
                let source = self.secret_path(&at, source);
                self.database_url(&at, &source)?
            }
        };
        let (placed, written) = self.base.database(&url);
        if let Some(old) = written.and_then(|file| self.base.left_behind(&file)) {
            self.left_behind(&at, &placed, &old);
        }
        let settings = DatabaseSettings {
            url: placed,
            statement_timeout,
        };
        // What this build cannot open: TLS that it does not have, a path that is a folder, a password that is not encoded.
        if let Err(error) = settings.options().check() {
            let message = match error {
                DbError::BadUrl { why, .. } => why,
                other => other.to_string(),
            };
            self.reader.error(&at, message);
        }
        Some(settings)
    }

    /// The database that was in use while relative paths started at the working directory is not silently left for a new one.
    fn left_behind(&mut self, at: &[String], placed: &str, old: &Path) {
        let placed = placed.trim_start_matches("sqlite:");
        let old = old.display();
        let message = format!(
            "relative paths start at the config's folder, where there is no {placed}, and the working directory has \
             {old}; move that file there, with its -wal and -shm, while nothing runs, or write \"sqlite:{old}\""
        );
        self.reader.error(at, message);
    }

    /// The URL as it was written, where it can be had and names a database.
    fn database_url(&mut self, at: &[String], source: &SecretSource) -> Option<String> {
        self.secret(at, source, false);
        let url = self.resolved(source)?;
        let (scheme, rest) = url.split_once(':').unwrap_or(("", &url));
        let mut has_password = false;
        let wrong = match scheme {
            "sqlite" if rest.trim_matches('/').is_empty() => {
                Some("names no file; such as \"sqlite:data/monitor.db\"".to_owned())
            }
            "sqlite" => None,
            "postgres" | "postgresql" => match first_of(&url) {
                Ok(parsed) => {
                    has_password = parsed.password().is_some();
                    None
                }
                Err(error) => Some(format!(
                    "not a URL: {error}; such as \"postgres://monitor@localhost/monitor\""
                )),
            },
            // Without a scheme the text may be anything, a password too.
            "" => Some("has no scheme; begin with \"sqlite:\" or \"postgres://\"".to_owned()),
            other => Some(format!(
                "\"{other}:\" is no database; begin with \"sqlite:\" or \"postgres://\""
            )),
        };
        if let Some(message) = wrong {
            self.reader.error(at, message);
            return None;
        }
        if has_password && source.is_plain() && !self.reader.document.is_from_env(at) {
            self.reader
                .warn(at, "holds a password in clear; better { env = \"DATABASE_URL\" }");
        }
        Some(url)
    }
}
