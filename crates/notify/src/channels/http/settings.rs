//! The keys that every kind over HTTP has, read from the same table as its own.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::ClientConfig;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

/// The keys of [`HttpSettings`].
const KEYS: [&str; 3] = ["ca_file", "proxy", "timeout"];

/// How the service of a channel is reached, beside its address.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// A PEM file of certificate authorities to trust besides the machine's.
    pub ca_file: Option<PathBuf>,
    /// The proxy to go through. Default: the environment's.
    pub proxy: Option<String>,
    /// How long a call may take. Default `requests.timeout`.
    #[serde(default, with = "humantime_serde::option")]
    #[schemars(with = "String")]
    pub timeout: Option<Duration>,
}

/// The keys of a kind, and beside them those of [`HttpSettings`]: what serde's `flatten` would be, if that kept the places of
/// mistakes in the text.
#[derive(Clone, Debug)]
pub struct OverHttp<K> {
    /// Those of the kind.
    pub own: K,
    /// Those that all kinds over HTTP have.
    pub http: HttpSettings,
}

impl HttpSettings {
    /// What is wrong with them.
    pub(super) fn check(&self) -> Vec<Finding> {
        let timeout = self
            .timeout
            .filter(Duration::is_zero)
            .map(|_| Finding::new("timeout", "must be longer than nothing, such as \"5s\""));
        let client = self.config(&ClientConfig::default()).check();
        timeout.into_iter().chain(client).collect()
    }

    /// The file that has to be readable, with its key.
    pub fn files(&self) -> Vec<(&'static str, &Path)> {
        let file = self.ca_file.as_deref();
        file.map(|file| ("ca_file", file)).into_iter().collect()
    }

    pub(super) fn config(&self, defaults: &ClientConfig) -> ClientConfig {
        ClientConfig {
            timeout: self.timeout.unwrap_or(defaults.timeout),
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            // The pipeline tries again, remembers that across restarts, and has a breaker of its own.
            retries: 0,
            breaker_failures: 0,
            ..defaults.clone()
        }
    }

    /// Takes over the value of one of its keys.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, table: &mut A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        struct Span(#[serde(with = "humantime_serde::option")] Option<Duration>);
        match key {
            "ca_file" => self.ca_file = table.next_value()?,
            "proxy" => self.proxy = table.next_value()?,
            _ => self.timeout = table.next_value::<Span>()?.0,
        }
        Ok(())
    }
}

impl<K> Deref for OverHttp<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.own
    }
}

impl<K: JsonSchema> JsonSchema for OverHttp<K> {
    fn schema_name() -> Cow<'static, str> {
        K::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = K::json_schema(generator);
        let http = HttpSettings::json_schema(generator);
        let keys = http.get("properties").and_then(|keys| keys.as_object());
        if let Some(own) = schema.get_mut("properties").and_then(|own| own.as_object_mut()) {
            own.extend(keys.cloned().unwrap_or_default());
        }
        schema
    }
}

impl<'de, K: Deserialize<'de>> Deserialize<'de> for OverHttp<K> {
    fn deserialize<D: Deserializer<'de>>(table: D) -> Result<OverHttp<K>, D::Error> {
        let mut http = HttpSettings::default();
        let own = K::deserialize(Table {
            table,
            http: &mut http,
        })?;
        Ok(OverHttp { own, http })
    }
}

/// A table out of which the kind reads its own keys.
struct Table<'a, D> {
    table: D,
    http: &'a mut HttpSettings,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Table<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let http = self.http;
        let own = Own {
            inner: visitor,
            fields,
            http,
        };
        self.table.deserialize_struct(name, fields, own)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.table.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A visitor of the kind, or the table that it visits.
struct Own<'a, T> {
    inner: T,
    /// The kind's own keys.
    fields: &'static [&'static str],
    http: &'a mut HttpSettings,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Own<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Own {
            inner: table,
            fields: self.fields,
            http: self.http,
        })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Own<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let mut seed = seed;
        loop {
            let key = Key {
                seed,
                fields: self.fields,
            };
            match self.inner.next_key_seed(key)? {
                None => return Ok(None),
                Some(Ok(own)) => return Ok(Some(own)),
                Some(Err((key, unused))) => {
                    self.http.read(key, &mut self.inner)?;
                    seed = unused;
                }
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(seed)
    }
}

/// A key: the kind's own, or one of [`KEYS`] with the seed that it did not need. Any other is a mistake, at its place.
struct Key<S> {
    seed: S,
    fields: &'static [&'static str],
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<S> {
    type Value = Result<S::Value, (&'static str, S)>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(key)?;
        if self.fields.contains(&&*key) {
            let own: StrDeserializer<'_, D::Error> = key.as_str().into_deserializer();
            return self.seed.deserialize(own).map(Ok);
        }
        match KEYS.into_iter().find(|known| *known == key) {
            Some(known) => Ok(Err((known, self.seed))),
            None => {
                let all: Vec<String> = self
                    .fields
                    .iter()
                    .chain(&KEYS)
                    .map(|known| format!("`{known}`"))
                    .collect();
                let all = all.join(", ");
                Err(D::Error::custom(format!(
                    "unknown field `{key}`, expected one of {all}"
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use monitor_domain::{TableDeserializer, keys_of};

    use super::*;

    /// The keys of a kind.
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Pager {
        number: String,
        #[serde(default)]
        beeps: u8,
    }

    fn read(table: &str) -> Result<OverHttp<Pager>, toml::de::Error> {
        OverHttp::deserialize(TableDeserializer::parse(table)?)
    }

    #[test]
    fn both_are_read_from_one_table() {
        let table =
            "{ proxy = \"http://p:1\", number = \"1\", timeout = \"7s\", beeps = 2, ca_file = \"/ca.pem\" }";
        let read = read(table).unwrap();
        assert_eq!((read.number.as_str(), read.beeps), ("1", 2));
        assert_eq!(read.http.proxy.as_deref(), Some("http://p:1"));
        assert_eq!(read.http.timeout, Some(Duration::from_secs(7)));
        assert_eq!(read.http.files(), [("ca_file", Path::new("/ca.pem"))]);
        assert_eq!(keys_of::<HttpSettings>(), KEYS);
        assert_eq!(
            keys_of::<OverHttp<Pager>>(),
            ["number", "beeps", "ca_file", "proxy", "timeout"]
        );
    }

    #[test]
    fn a_mistake_has_its_place_and_what_there_is() {
        for (table, at, words) in [
            (
                "{ number = \"1\", poxy = \"x\" }",
                "poxy",
                "unknown field `poxy`, expected one of `number`, `beeps`, `ca_file`, `proxy`, `timeout`",
            ),
            (
                "{ number = \"1\", timeout = \"soon\" }",
                "\"soon\"",
                "expected a duration",
            ),
            (
                "{ number = \"1\", proxy = 3 }",
                "3",
                "invalid type: integer `3`, expected a string",
            ),
            (
                "{ proxy = \"x\", beeps = 300, number = \"1\" }",
                "300",
                "invalid value: integer `300`",
            ),
            ("{ proxy = \"x\" }", "{ proxy = \"x\" }", "missing field `number`"),
        ] {
            let error = read(table).unwrap_err();
            assert!(error.message().contains(words), "{table}: {error}");
            assert_eq!(
                error.span().map(|span| &table[span]),
                Some(at),
                "{table}: {error}"
            );
        }
    }
}
