//! What `count`, `sum`, `max` and `min` are about: `"$.items[*]"` or `{ select = "tr.unpaid" }`.

use std::fmt;

use monitor_domain::Finding;
use monitor_login::PageSelector;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::extract::{Decimal, List};

/// Several nodes of JSON, or elements of a page.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[serde(untagged)]
pub enum ListSettings {
    /// A JSONPath (RFC 9535).
    Path(String),
    /// Elements of a page.
    Page(PageList),
}

/// Elements of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PageList {
    /// CSS selector of the elements, such as `"tr.unpaid"`.
    #[schemars(required)]
    pub select: Option<String>,
    /// The attribute that is the number, instead of the text.
    pub attribute: Option<String>,
    /// CSS selector of the one element that they are in, such as `"#orders"`: where that is there, none of them is an answer. Without it
    /// a page that has none is unreadable, since an error page has none either.
    pub within: Option<String>,
}

impl PageList {
    /// The checked form.
    ///
    /// # Errors
    /// Which of its keys is wrong.
    pub(super) fn compile(&self, decimal: Decimal) -> Result<List, Finding> {
        let missing = || {
            let message = "missing: the CSS selector of the elements, such as \"tr.unpaid\"";
            Finding::new("select", message)
        };
        let select = self.select.as_deref().ok_or_else(missing)?;
        let select = PageSelector::parse(select, self.attribute.as_deref());
        let within = self
            .within
            .as_deref()
            .map(|css| PageSelector::parse(css, None))
            .transpose();
        Ok(List::Page {
            select: select.map_err(|why| Finding::new("select", why))?,
            within: within.map_err(|why| Finding::new("within", why))?,
            decimal,
        })
    }
}

impl From<&str> for ListSettings {
    fn from(path: &str) -> ListSettings {
        ListSettings::Path(path.to_owned())
    }
}

/// By hand, so that a mistake in the table is said where it is.
impl<'de> Deserialize<'de> for ListSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ListSettings, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = ListSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSONPath in quotes, or a table such as { select = \"tr.unpaid\" }")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<ListSettings, E> {
                Ok(ListSettings::from(path))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ListSettings, A::Error> {
                PageList::deserialize(MapAccessDeserializer::new(map)).map(ListSettings::Page)
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}
