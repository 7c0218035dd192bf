//! Which metric a type of the old program is.

use std::collections::BTreeMap;

use monitor_domain::MetricKey;

/// The old program's numbers for its three metrics.
const BUILT_IN: [(&str, &str); 3] = [("0", "x"), ("1", "y"), ("2", "z")];

/// Types of the old program with the metrics that they are: 0, 1 and 2 are x, y and z, a name is the metric of that name, and
/// all else is what the operator says.
#[derive(Clone, Debug, Default)]
pub struct TypeMap(BTreeMap<String, MetricKey>);

/// Reads `3=w`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_mapping(text: &str) -> Result<(String, MetricKey), String> {
    let (kind, key) = text
        .split_once('=')
        .ok_or_else(|| format!("\"{text}\" has no =; write the old type and the metric, such as 3=w"))?;
    let key = key.trim().parse().map_err(|error| format!("{error}"))?;
    match normal(kind) {
        kind if kind.is_empty() => Err(format!(
            "\"{text}\" names no old type; write it before the =, such as 3=w"
        )),
        kind => Ok((kind, key)),
    }
}

impl TypeMap {
    /// With what the operator says.
    pub fn new(mappings: impl IntoIterator<Item = (String, MetricKey)>) -> TypeMap {
        let built_in = BUILT_IN
            .iter()
            .filter_map(|(kind, key)| Some(((*kind).to_owned(), key.parse().ok()?)));
        TypeMap(built_in.chain(mappings).collect())
    }

    /// The metric of a type; `None` where it is a number that nobody explained, or a name that no metric can have.
    pub(crate) fn key(&self, kind: &str) -> Option<MetricKey> {
        let kind = normal(kind);
        self.0.get(&kind).cloned().or_else(|| kind.parse().ok())
    }
}

/// Small letters, and a whole number without its fraction: a column of floats has 0.0.
fn normal(kind: &str) -> String {
    let kind = kind.trim().to_lowercase();
    match kind.split_once('.') {
        Some((whole, fraction)) if !whole.is_empty() && fraction.bytes().all(|digit| digit == b'0') => {
            whole.to_owned()
        }
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_metrics_by_number_by_name_or_by_what_is_said() {
        let map = TypeMap::new([
            parse_mapping("3=w").unwrap(),
            parse_mapping(" Orders = unpaid").unwrap(),
        ]);
        for (kind, key) in [
            ("0", Some("x")),
            ("1", Some("y")),
            ("2.0", Some("z")),
            ("3", Some("w")),
            ("4", None),
            ("X", Some("x")),
            (" y ", Some("y")),
            ("V", Some("v")),
            ("orders", Some("unpaid")),
            ("new orders", None),
            ("", None),
            ("订单", None),
            ("-1", None),
        ] {
            assert_eq!(map.key(kind).as_ref().map(MetricKey::as_str), key, "{kind}");
        }
        let other = TypeMap::new([parse_mapping("0=sold").unwrap()]);
        assert_eq!(
            other.key("0").unwrap().as_str(),
            "sold",
            "what is said is stronger"
        );
    }

    #[test]
    fn what_is_no_mapping_is_refused_with_an_example() {
        for (text, why) in [
            ("3", "has no ="),
            ("=w", "names no old type"),
            ("3=W", "no key"),
            ("3=", "no key"),
        ] {
            assert!(parse_mapping(text).unwrap_err().contains(why), "{text}");
        }
    }
}
