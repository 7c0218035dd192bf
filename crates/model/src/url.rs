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

/// Whether this build's libpq can speak TLS.
const POSTGRES_TLS: bool = cfg!(any(feature = "pg-tls", feature = "pg-system"));

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
            let why = match scheme {
                Some(scheme) => format!("there is no \"{scheme}\" here; "),
                None => "it has no scheme; ".to_owned(),
            };
            // All that is known not to be a secret is the scheme.
            Err(DbError::BadUrl {
                url: format!("{}:…", scheme.unwrap_or("?")),
                why: format!("{why}write sqlite:path/to/file.db or postgres://user@host/database"),
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

    pub(crate) fn connect_error(&self, cause: &str) -> DbError {
        DbError::Connect {
            url: self.shown(),
            cause: self.scrub(cause),
        }
    }
}

fn sqlite(url: &str, path: &str) -> Result<Target, DbError> {
    let bad = |why: &str| {
        Err(DbError::BadUrl {
            url: url.to_owned(),
            why: why.to_owned(),
        })
    };
    // `sqlite://dir/file.db` and `sqlite:///dir/file.db` are what other tools write.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.ends_with('/') {
        return bad("it names no file; write sqlite:path/to/file.db");
    }
    if path.starts_with(":memory:") || path.starts_with("file:") {
        return bad("a database in memory is seen by one connection only; write sqlite:path/to/file.db");
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
        let shown = match rest.rsplit_once('@') {
            Some((_, after)) if !after.contains('=') => format!("{scheme}://{HIDDEN}@{after}"),
            _ => format!("{scheme}://{HIDDEN}"),
        };
        let why = "percent-encode \"@\", \"/\", \"?\" and \"%\" in names, passwords and options (@ is %40, / is %2F)";
        return Err(DbError::BadUrl {
            url: shown,
            why: why.to_owned(),
        });
    }
    let mut secrets = Vec::new();
    let mut keep = |secret: &str| {
        if !secret.is_empty() {
            secrets.push(secret.to_owned());
            secrets.push(decode(secret));
        }
    };
    let shown_authority = match authority
        .rsplit_once('@')
        .map(|(info, hosts)| (info.split_once(':'), hosts))
    {
        Some((Some((user, password)), hosts)) => {
            keep(password);
            format!("{user}:{HIDDEN}@{hosts}")
        }
        _ => authority.to_owned(),
    };
    let options: Vec<(&str, &str)> = query
        .unwrap_or_default()
        .split('&')
        .filter(|option| !option.is_empty())
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .collect();
    let shown_options: Vec<String> = options
        .iter()
        .map(|(name, value)| {
            if name.contains("password") || name.contains("secret") {
                keep(value);
                format!("{name}={HIDDEN}")
            } else {
                format!("{name}={value}")
            }
        })
        .collect();
    let mut shown = format!("{scheme}://{shown_authority}{path}");
    if !shown_options.is_empty() {
        shown = format!("{shown}?{}", shown_options.join("&"));
    }

    let has = |name: &str| {
        options
            .iter()
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    let (sslmode, said_by) = match has("sslmode") {
        Some(mode) => (Some(mode), "sslmode"),
        None => (env_sslmode, "PGSSLMODE"),
    };
    if let Some(mode @ ("require" | "verify-ca" | "verify-full")) = sslmode.filter(|_| !POSTGRES_TLS) {
        let why = format!(
            "{said_by}={mode} asks for TLS, which this build has not; build with `--features pg-tls` (OpenSSL from \
             source) or `--features pg-system` (the system's libpq), or reach the server through a local socket or \
             a tunnel with sslmode=disable"
        );
        return Err(DbError::BadUrl { url: shown, why });
    }

    let mut full = format!("{scheme}://{address}");
    let mut separator = '?';
    let given = options.iter().copied();
    let added = POSTGRES_DEFAULTS
        .iter()
        .copied()
        .filter(|(name, _)| has(name).is_none());
    for (name, value) in given.chain(added) {
        full.extend([separator.to_string().as_str(), name, "=", value]);
        separator = '&';
    }
    Ok(Target::Postgres {
        url: full,
        shown,
        secrets,
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 20
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-_".contains(c))
}

/// Percent-decoding, enough to know a password when it is seen.
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
