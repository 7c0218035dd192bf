//! A kind of something: of channel, of system, of condition. Each is a file that owns all about itself, and one entry of the
//! list of its crate; whoever reads the config knows kinds by this alone.

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

/// What a kind's settings are read from: the keys of its table that are its own.
pub type TableDeserializer<'de> = toml::de::ValueDeserializer<'de>;

/// Why they could not be read; knows the place in the text.
pub type TableError = toml::de::Error;

/// One kind, as a list holds it. `S` is what its settings can do, a trait object: checked, built, judged by.
pub struct Kind<S: ?Sized + 'static> {
    /// Its word in the config, such as `smtp`, or for a condition the key that names it, such as `above`.
    pub name: &'static str,
    /// Its paragraph in the documentation, Markdown, without a heading.
    pub doc: &'static str,
    /// Its own keys, described: an object whose properties are the keys.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads its settings. Unknown keys are errors; what types cannot say is for its check.
    pub read: fn(TableDeserializer<'_>) -> Result<Arc<S>, TableError>,
}

impl<S: ?Sized> Kind<S> {
    /// Its own keys, in the order of its struct.
    pub fn keys(&self) -> Vec<String> {
        properties(&(self.schema)(&mut SchemaGenerator::default()))
    }
}

impl<S: ?Sized> Clone for Kind<S> {
    fn clone(&self) -> Kind<S> {
        *self
    }
}

impl<S: ?Sized> Copy for Kind<S> {}

impl<S: ?Sized> fmt::Debug for Kind<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// The keys of a settings struct, in the order of its fields.
pub fn keys_of<T: JsonSchema + DeserializeOwned>() -> Vec<String> {
    properties(&T::json_schema(&mut SchemaGenerator::default()))
}

fn properties(schema: &Schema) -> Vec<String> {
    let properties = schema.get("properties").and_then(|found| found.as_object());
    properties
        .map(|found| found.keys().cloned().collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    trait Speaks: Send + Sync {
        fn says(&self) -> String;
    }

    /// A kind for the test.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Parrot {
        words: String,
        #[serde(default)]
        again: u8,
    }

    impl Speaks for Parrot {
        fn says(&self) -> String {
            self.words.repeat(usize::from(self.again) + 1)
        }
    }

    const KIND: Kind<dyn Speaks> = Kind {
        name: "parrot",
        doc: "Says it again.",
        schema: Parrot::json_schema,
        read: |table| Ok(Arc::new(Parrot::deserialize(table)?)),
    };

    fn read(text: &str) -> Result<String, TableError> {
        Ok((KIND.read)(TableDeserializer::parse(text)?)?.says())
    }

    #[test]
    fn a_kind_reads_its_own_table_and_knows_its_keys() {
        assert_eq!(read("{ words = \"hi\", again = 1 }").unwrap(), "hihi");
        let error = read("{ words = \"hi\", agian = 1 }").unwrap_err();
        assert!(error.message().starts_with("unknown field `agian`"), "{error}");
        assert!(error.span().is_some());
        assert_eq!(KIND.keys(), ["words", "again"]);
        assert_eq!(keys_of::<Parrot>(), ["words", "again"]);
    }
}
