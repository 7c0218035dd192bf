//! Which database a URL means; what is shown of it, and what never is.

use std::path::{Path, PathBuf};

use crate::error::DbError;

/// What stands for a password.
const HIDDEN: &str = "***";

/// Added to a PostgreSQL URL that does not say otherwise: a dead server or network is noticed within seconds, not within
/// the two hours of TCP's defaults. Meanings: PostgreSQL manual, "Parameter Key Words" (the last in milliseconds).
const POSTGRES_DEFAULTS: &[(&str, &str)] = &[
    ("application_name", "monitor"),
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
];

/// Whether this build's libpq can speak TLS. One built from source is taken before the system's.
const POSTGRES_TLS: bool = cfg!(any(
    feature = "pg-tls",
    all(feature = "pg-system", not(feature = "pg-bundled"))
));

/// What builds the programs with TLS to PostgreSQL: a test holds it against their features.
const TLS_BUILD: &str = "cargo build --release -p monitor -p monitor-worker -p monitor-web --features pg-tls";

/// A database, as named by a URL.
#[derive(Clone, PartialEq)]
pub(crate) enum Target {
    /// A file.
    Sqlite {
        /// Absolute, so that a later change of folder does not matter.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// For libpq, with the defaults added.
        url: String,
        /// For people.
        shown: String,
        /// As written and as decoded: what must not be in any message.
        secrets: Vec<String>,
    },
}

impl Target {
    /// The file of a database that is not there yet: connecting would make it.
    pub(crate) fn missing_file(&self) -> Option<&Path> {
        match self {
            Target::Sqlite { path } => (!path.exists()).then_some(path),
            Target::Postgres { .. } => None,
        }
    }

    /// Reads a URL. `sslmode` is what `PGSSLMODE` says, which libpq falls back to.
    pub(crate) fn parse(url: &str, sslmode: Option<&str>) -> Result<Target, DbError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            sqlite(url, path)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres(url, sslmode)
        } else {
            let scheme = url
                .split_once(':')
                .map(|(scheme, _)| scheme)
                .filter(|s| is_word(s));
            // Only the scheme is certainly no secret.
            Err(DbError::BadUrl {
                url: format!("{}:…", scheme.unwrap_or("?")),
                why: other_scheme(scheme),
            })
        }
    }

    /// The URL without its password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Target::Sqlite { path } => format!("sqlite:{}", path.display()),
            Target::Postgres { shown, .. } => shown.clone(),
        }
    }

    /// A message of the client library on one line, and without the password, should it ever hold one.
    pub(crate) fn scrub(&self, message: &str) -> String {
        let mut message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Target::Postgres { secrets, .. } = self {
            // Shorter ones are parts of ordinary words, and to cut them out would show where they were.
            for secret in secrets.iter().filter(|s| s.len() > 2) {
                message = message.replace(secret.as_str(), HIDDEN);
            }
        }
        message
    }

    /// How many addresses it names: libpq tries one after another.
    pub(crate) fn addresses(&self) -> u32 {
        match self {
            Target::Sqlite { .. } => 1,
            Target::Postgres { shown, .. } => u32::try_from(shown.matches(',').count() + 1).unwrap_or(1),
        }
    }

    pub(crate) fn connect_error(&self, cause: &str) -> DbError {
        DbError::Connect {
            url: self.shown(),
            cause: self.scrub(cause),
        }
    }
}

/// What to write instead of another scheme.
fn other_scheme(scheme: Option<&str>) -> String {
    let Some(scheme) = scheme else {
        return "it has no scheme; write sqlite:path/to/file.db or postgres://user@host/database".to_owned();
    };
    let small = scheme.to_ascii_lowercase();
    match small.split('+').next().unwrap_or_default() {
        "file" => "a file is a SQLite database: write sqlite:path/to/file.db".to_owned(),
        "sqlite" | "sqlite3" => format!("there is no \"{scheme}\" here; write sqlite:path/to/file.db"),
        "postgres" | "postgresql" => {
            format!("there is no \"{scheme}\" here, no driver is named: write postgres://user@host/database")
        }
        _ => format!(
            "there is no \"{scheme}\" here; write sqlite:path/to/file.db or postgres://user@host/database"
        ),
    }
}

/// Whether a path after three slashes is most likely meant to be relative, as SQLAlchemy and Flask read it: absolute it would
/// be a file in the root folder, or below a folder of it that does not exist. Nobody keeps a database there.
fn is_relative_for_others(path: &str) -> bool {
    match path.split_once('/') {
        None => !path.is_empty(),
        Some((first, _)) => !first.is_empty() && !Path::new("/").join(first).is_dir(),
    }
}

fn sqlite(url: &str, path: &str) -> Result<Target, DbError> {
    let bad = |why: &str| {
        Err(DbError::BadUrl {
            url: url.to_owned(),
            why: why.to_owned(),
        })
    };
    if let Some(meant) = path
        .strip_prefix("///")
        .filter(|path| is_relative_for_others(path))
    {
        let why = format!(
            "three slashes begin an absolute path here, /{meant}, and that folder is not there; SQLAlchemy means a file \
             relative to the current folder by it: write sqlite:{meant} for that, or sqlite:/{meant} for the absolute path"
        );
        return bad(&why);
    }
    // `sqlite://dir/file.db` and `sqlite:///dir/file.db` are what other tools write.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.ends_with('/') {
        return bad("it names no file; write sqlite:path/to/file.db");
    }
    if path.starts_with(":memory:") || path.starts_with("file:") {
        return bad("a database in memory is visible to one connection only; write sqlite:path/to/file.db");
    }
    if path.contains(['?', '#', '\0']) {
        return bad("a SQLite url takes no options, and its path no \"?\", \"#\" or NUL");
    }
    match std::path::absolute(Path::new(path)) {
        Ok(path) if path.is_dir() => bad("that is a folder; name a file in it"),
        Ok(path) => Ok(Target::Sqlite { path }),
        Err(error) => bad(&error.to_string()),
    }
}

fn postgres(url: &str, env_sslmode: Option<&str>) -> Result<Target, DbError> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (address, query) = rest.split_once('?').map_or((rest, None), |(a, q)| (a, Some(q)));
    let (authority, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    // libpq would take a part of such a password for the host, and name it in its error.
    if authority.matches('@').count() > 1
        || path.contains('@')
        || (!authority.contains('@') && rest.contains('@'))
    {
        return Err(unencoded(scheme, rest));
    }
    let options: Vec<(&str, &str)> = query
        .unwrap_or_default()
        .split('&')
        .filter(|option| !option.is_empty())
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .collect();
    let mut secrets = Vec::new();
    let shown = format!(
        "{scheme}://{}{path}{}",
        shown_authority(authority, &mut secrets),
        shown_options(&options, &mut secrets)
    );
    refuse_tls(&options, env_sslmode, &shown)?;
    Ok(Target::Postgres {
        url: with_defaults(&format!("{scheme}://{address}"), &options),
        shown,
        secrets,
    })
}

/// Refuses a URL in which it is not certain where the password ends, without showing any of it that may be one.
fn unencoded(scheme: &str, rest: &str) -> DbError {
    let shown = match rest.rsplit_once('@') {
        Some((_, after)) if !after.contains('=') => format!("{scheme}://{HIDDEN}@{after}"),
        _ => format!("{scheme}://{HIDDEN}"),
    };
    let why =
        "percent-encode \"@\", \"/\", \"?\" and \"%\" in names, passwords and options (@ is %40, / is %2F)";
    DbError::BadUrl {
        url: shown,
        why: why.to_owned(),
    }
}

fn shown_authority(authority: &str, secrets: &mut Vec<String>) -> String {
    let parts = authority.rsplit_once('@');
    match parts.and_then(|(info, hosts)| Some((info.split_once(':')?, hosts))) {
        Some(((user, password), hosts)) => {
            keep_secret(password, secrets);
            format!("{user}:{HIDDEN}@{hosts}")
        }
        None => authority.to_owned(),
    }
}

fn shown_options(options: &[(&str, &str)], secrets: &mut Vec<String>) -> String {
    let mut shown = String::new();
    for (name, value) in options {
        shown.push(if shown.is_empty() { '?' } else { '&' });
        if name.contains("password") || name.contains("secret") {
            keep_secret(value, secrets);
            shown.extend([name, "=", HIDDEN]);
        } else {
            shown.extend([name, "=", value]);
        }
    }
    shown
}

fn keep_secret(secret: &str, secrets: &mut Vec<String>) {
    if !secret.is_empty() {
        secrets.push(secret.to_owned());
        secrets.push(decode(secret));
    }
}

/// The value of an option; the last one counts.
fn option<'a>(options: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    let named = options.iter().rev().find(|(key, _)| *key == name);
    named.map(|(_, value)| *value)
}

/// Refuses a mode that needs TLS where this build has none.
fn refuse_tls(options: &[(&str, &str)], env_sslmode: Option<&str>, shown: &str) -> Result<(), DbError> {
    let (sslmode, said_by) = match option(options, "sslmode") {
        Some(mode) => (Some(mode), "sslmode"),
        None => (env_sslmode, "PGSSLMODE"),
    };
    let Some(mode @ ("require" | "verify-ca" | "verify-full")) = sslmode.filter(|_| !POSTGRES_TLS) else {
        return Ok(());
    };
    Err(DbError::BadUrl {
        url: shown.to_owned(),
        why: format!(
            "{said_by}={mode} demands TLS to the database, which this build does not have; build one that does: `{TLS_BUILD}` \
             (it builds OpenSSL from source, which takes perl and make), or reach the server through a local socket or a \
             tunnel with sslmode=disable"
        ),
    })
}

/// For libpq: the URL with its options and with those of [`POSTGRES_DEFAULTS`] that it does not have.
fn with_defaults(address: &str, options: &[(&str, &str)]) -> String {
    let mut url = address.to_owned();
    let added = POSTGRES_DEFAULTS.iter().copied();
    let added = added.filter(|(name, _)| option(options, name).is_none());
    for (index, (name, value)) in options.iter().copied().chain(added).enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.extend([name, "=", value]);
    }
    url
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 20
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-_".contains(c))
}

/// Percent-decoding, enough to recognise a password in a message.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex
            .and_then(|two| u8::from_str_radix(two, 16).ok())
            .filter(|_| first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
