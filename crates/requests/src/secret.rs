//! Passwords, tokens and keys: values that do not print themselves, and the three places they come from.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use monitor_domain::counted;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;

/// More than any password, token or key has; a bigger file is not one.
const MAX_SECRET_FILE: u64 = 64 * 1024;

/// A value that must not be shown: no `Display`, no `Serialize`, and `Debug` prints `[redacted]`.
///
/// The memory is wiped when the last copy is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Secret {
        Secret(SecretString::from(value.into()))
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether what somebody shows is it. How long that takes gives away its length at most, never how much of it was right.
    pub fn is(&self, shown: &str) -> bool {
        self.expose().as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.is(other.expose())
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(value: String) -> Secret {
        Secret::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Secret {
        Secret::new(value)
    }
}

/// Where a secret is to be had. In config: `"plain"`, `{ env = "NAME" }` or `{ file = "/path" }`.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Written into the config itself; works, and is warned about.
    Plain(Secret),
    /// The environment variable of this name.
    Env(String),
    /// The content of this file, without one trailing newline.
    File(PathBuf),
}

/// A key of a section that holds a secret, as the owner of the section names it.
#[derive(Clone, Copy, Debug)]
pub struct SecretKey<'a> {
    /// The key inside the section, such as `password` or `login.client_secret`.
    pub key: &'static str,
    /// Where its secret is to be had.
    pub source: &'a SecretSource,
    /// Whether it deserves a warning where it is written into the config itself. The address of a mail server without a
    /// password does not.
    pub warn_if_plain: bool,
}

impl SecretKey<'_> {
    /// One that deserves a warning in the config itself.
    pub fn new<'a>(key: &'static str, source: &'a SecretSource) -> SecretKey<'a> {
        SecretKey {
            key,
            source,
            warn_if_plain: true,
        }
    }
}

/// Why a secret could not be had. Names the variable or the file, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The config holds an empty string.
    #[error("the secret is an empty string")]
    EmptyPlain,
    /// The environment variable does not exist.
    #[error("environment variable {0} is not set")]
    EnvMissing(String),
    /// The environment variable is there and empty.
    #[error("environment variable {0} is empty")]
    EnvEmpty(String),
    /// The environment variable is not UTF-8.
    #[error("environment variable {0} is not valid UTF-8")]
    EnvNotText(String),
    /// The file could not be read, and why.
    #[error("cannot read the secret from {}: {reason}", path.display())]
    File {
        /// The file of the config.
        path: PathBuf,
        /// What the system said, or what is wrong with the content.
        reason: String,
    },
    /// The file is there and has nothing but perhaps a newline.
    #[error("the secret file {} is empty", .0.display())]
    FileEmpty(PathBuf),
}

impl SecretSource {
    /// Gets the value.
    ///
    /// # Errors
    /// [`SecretError`] when it is missing, unreadable or empty: an empty password is a mistake in the set-up, and
    /// signing in with it would lock an account.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        match self {
            SecretSource::Plain(secret) if secret.expose().is_empty() => Err(SecretError::EmptyPlain),
            SecretSource::Plain(secret) => Ok(secret.clone()),
            SecretSource::Env(name) => from_env(name),
            SecretSource::File(path) => from_file(path),
        }
    }

    /// Whether the value stands in the config itself, which is worth a warning.
    pub fn is_plain(&self) -> bool {
        matches!(self, SecretSource::Plain(_))
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Plain(secret) => secret.fmt(f),
            SecretSource::Env(name) => write!(f, "env {name}"),
            SecretSource::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

fn from_env(name: &str) -> Result<Secret, SecretError> {
    // `var_os` panics on no name in current Rust, yet a name with `=` or NUL can never be set: both read as missing.
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Err(SecretError::EnvEmpty(name.to_owned())),
        Ok(value) => Ok(Secret::new(value)),
        Err(std::env::VarError::NotPresent) => Err(SecretError::EnvMissing(name.to_owned())),
        Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::EnvNotText(name.to_owned())),
    }
}

fn from_file(path: &Path) -> Result<Secret, SecretError> {
    let failed = |reason: String| SecretError::File {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_SECRET_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > MAX_SECRET_FILE {
        return Err(failed(format!(
            "it is larger than {}",
            counted(MAX_SECRET_FILE, "byte")
        )));
    }
    // The error of `from_utf8` holds the bytes: drop it.
    let mut text = String::from_utf8(bytes).map_err(|_| failed("it is not valid UTF-8".to_owned()))?;
    // One newline is the editor's; further ones may be part of the secret.
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        Err(SecretError::FileEmpty(path.to_owned()))
    } else {
        Ok(Secret::new(text))
    }
}

impl JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |key: &str| {
            json_schema!({
                "type": "object", "properties": { key: { "type": "string" } }, "required": [key],
                "additionalProperties": false
            })
        };
        json_schema!({ "anyOf": [{ "type": "string" }, one("env"), one("file")] })
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretSource, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

const EXPECTED: &str = r#"a string, { env = "NAME" } or { file = "/path" }"#;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Plain(Secret::new(value)))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<SecretSource, E> {
        Ok(SecretSource::Plain(Secret::new(value)))
    }

    // serde's own message for a wrong type quotes the value, and `password = 12345` is a password.
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(E::custom(format_args!(
            "a secret must be {EXPECTED}; put a number in quotes"
        )))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretSource, E> {
        self.visit_i64(0)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretSource, E> {
        self.visit_i64(0)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretSource, E> {
        self.visit_i64(0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let mut source = None;
        while let Some(key) = map.next_key::<String>()? {
            let next = match key.as_str() {
                "env" => SecretSource::Env(map.next_value()?),
                "file" => SecretSource::File(map.next_value()?),
                // TOML's parser gives a date as a map with a key that it makes up.
                other if other.starts_with("$__") => {
                    return Err(de::Error::invalid_type(Unexpected::Map, &SourceVisitor));
                }
                other => return Err(de::Error::unknown_field(other, &["env", "file"])),
            };
            if source.replace(next).is_some() {
                return Err(de::Error::custom("a secret has either env or file, not both"));
            }
        }
        match source {
            Some(SecretSource::Env(name)) if name.is_empty() || name.contains(['=', '\0']) => Err(
                de::Error::custom("env must be the name of an environment variable"),
            ),
            Some(SecretSource::File(path)) if path.as_os_str().is_empty() => {
                Err(de::Error::custom("file must be the path of a file"))
            }
            Some(source) => Ok(source),
            None => Err(de::Error::custom(format_args!("a secret must be {EXPECTED}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<SecretSource, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_whole_secret_is_it() {
        let secret = Secret::new("hunter2");
        assert!(secret.is("hunter2"));
        for other in ["", "hunter", "hunter22", "Hunter2"] {
            assert!(!secret.is(other), "{other}");
        }
        assert_eq!(secret, Secret::new("hunter2"));
        assert_ne!(secret, Secret::new("hunter3"));
    }

    #[test]
    fn the_three_places_are_told_apart() {
        let plain = parse(r#""hunter2""#).unwrap();
        assert!(plain.is_plain());
        assert_eq!(plain.resolve().unwrap().expose(), "hunter2");
        assert_eq!(
            parse(r#"{"env":"NAME"}"#).unwrap(),
            SecretSource::Env("NAME".to_owned())
        );
        assert_eq!(
            parse(r#"{"file":"/p"}"#).unwrap(),
            SecretSource::File("/p".into())
        );
    }

    #[test]
    fn a_wrong_shape_is_refused_without_quoting_the_value() {
        for (json, says) in [
            ("987654", "put a number in quotes"),
            ("-987654", "put a number in quotes"),
            ("98.7654", "put a number in quotes"),
            (r#"{"env":"A","file":"987654"}"#, "not both"),
            (r#"{"vault":"987654"}"#, "unknown field `vault`"),
            (r#"{"env":""}"#, "name of an environment variable"),
            (r#"{"file":""}"#, "path of a file"),
            ("{}", "must be a string"),
        ] {
            let error = parse(json).unwrap_err();
            assert!(error.contains(says), "{json}: {error}");
            assert!(!error.contains("987654") && !error.contains("98.7654"), "{error}");
        }
    }

    #[test]
    fn nothing_prints_the_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret:#?}"), "[redacted] [redacted]");
        assert_eq!(format!("{:?}", SecretSource::Plain(secret)), "[redacted]");
        assert_eq!(format!("{:?}", SecretSource::Env("NAME".to_owned())), "env NAME");
    }

    #[test]
    fn an_environment_variable_is_read_and_its_absence_named() {
        // Cargo sets this one for every test.
        let found = SecretSource::Env("CARGO_PKG_NAME".to_owned()).resolve().unwrap();
        assert_eq!(found.expose(), "monitor-requests");
        let error = SecretSource::Env("MONITOR_NO_SUCH_VARIABLE".to_owned())
            .resolve()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable MONITOR_NO_SUCH_VARIABLE is not set"
        );
        assert_eq!(
            SecretSource::Plain("".into()).resolve(),
            Err(SecretError::EmptyPlain)
        );
    }

    #[test]
    fn a_file_loses_one_newline_and_no_more() {
        let folder = std::env::temp_dir().join(format!("monitor-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let read = |content: &[u8]| {
            let path = folder.join("secret");
            std::fs::write(&path, content).unwrap();
            SecretSource::File(path).resolve()
        };
        assert_eq!(read(b"hunter2\n").unwrap().expose(), "hunter2");
        assert_eq!(read(b"hunter2\r\n").unwrap().expose(), "hunter2");
        assert_eq!(read(b" hunter2 \n\n").unwrap().expose(), " hunter2 \n");
        assert!(matches!(read(b"\n"), Err(SecretError::FileEmpty(_))));
        let not_text = read(b"hunter2\xff").unwrap_err();
        assert!(not_text.to_string().ends_with("it is not valid UTF-8"));
        assert!(
            read(&vec![b'x'; 70_000])
                .unwrap_err()
                .to_string()
                .contains("larger than 65536 bytes")
        );
        std::fs::remove_dir_all(&folder).unwrap();
        let gone = SecretSource::File(folder.join("secret")).resolve().unwrap_err();
        assert!(
            gone.to_string().starts_with("cannot read the secret from /"),
            "{gone}"
        );
    }
}
