//! Values of the config as text. Every text of a recording goes through here, so none of it can be read as anything else.

use std::fmt::Write;

use serde_json::Value;

/// A value of the config.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Toml {
    Text(String),
    Whole(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Toml>),
    Table(Vec<(String, Toml)>),
}

impl Toml {
    pub(crate) fn text(text: impl Into<String>) -> Toml {
        Toml::Text(text.into())
    }

    /// `{ env = "NAME" }`
    pub(crate) fn env(name: &str) -> Toml {
        Toml::table([("env", Toml::text(name))])
    }

    pub(crate) fn table<const N: usize>(members: [(&str, Toml); N]) -> Toml {
        Toml::Table(
            members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// The same as in JSON; nothing where there is a null, which the config does not have.
    pub(crate) fn from_json(json: &Value) -> Option<Toml> {
        Some(match json {
            Value::Null => return None,
            Value::Bool(value) => Toml::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Toml::Whole(whole),
                (None, Some(float)) if float.is_finite() => Toml::Float(float),
                _ => return None,
            },
            Value::String(text) => Toml::Text(text.clone()),
            Value::Array(list) => Toml::List(list.iter().map(Toml::from_json).collect::<Option<_>>()?),
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| Some((key.clone(), Toml::from_json(value)?));
                Toml::Table(members.iter().map(member).collect::<Option<_>>()?)
            }
        })
    }

    /// Puts secrets in the place of the variables that are to hold them.
    pub(crate) fn fill_in(&mut self, secrets: &[(&str, &str)]) {
        if let Toml::Table(members) = self {
            if let [(key, Toml::Text(name))] = members.as_slice()
                && key == "env"
                && let Some((_, secret)) = secrets.iter().find(|(other, _)| other == name)
            {
                *self = Toml::text(*secret);
                return;
            }
            members.iter_mut().for_each(|(_, value)| value.fill_in(secrets));
        }
    }

    /// On one line.
    pub(crate) fn inline(&self) -> String {
        match self {
            Toml::Text(text) => quoted(text),
            Toml::Whole(number) => number.to_string(),
            Toml::Float(number) => format!("{number:?}"),
            Toml::Bool(value) => value.to_string(),
            Toml::List(list) => {
                let list: Vec<String> = list.iter().map(Toml::inline).collect();
                format!("[{}]", list.join(", "))
            }
            Toml::Table(members) if members.is_empty() => "{}".to_owned(),
            Toml::Table(members) => {
                let member = |(name, value): &(String, Toml)| format!("{} = {}", key(name), value.inline());
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }
}

/// A key, in quotes where it needs them.
pub(crate) fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A basic string. What cannot be read in an editor is written by its number.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_hidden(c) => drop(write!(out, "\\U{:08X}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text for a comment: on one line, whatever it holds.
pub(crate) fn comment(text: &str) -> String {
    let visible = |c: char| if is_hidden(c) { ' ' } else { c };
    let line: String = text.chars().map(visible).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Control characters, and those that turn the direction of a text or have no width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE007F)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(name in any::<String>(), text in any::<String>()) {
            let value = Toml::Table(vec![(name.clone(), Toml::List(vec![Toml::text(text.clone())]))]);
            let line = value.inline();
            prop_assert!(!line.contains('\n') && !line.contains('\r'));
            let read: toml::Table = toml::from_str(&format!("value = {line}\nafter = 1\n")).unwrap();
            prop_assert_eq!(read["value"][name.as_str()][0].as_str(), Some(text.as_str()));
            prop_assert_eq!(read.len(), 2);
        }

        #[test]
        fn any_comment_is_one_line(text in any::<String>()) {
            let read: toml::Table = toml::from_str(&format!("# {}\nafter = 1\n", comment(&text))).unwrap();
            prop_assert_eq!(read.len(), 1);
        }
    }

    #[test]
    fn json_is_written_inline() {
        let json = json!({ "a b": [{ "status": ["unpaid", true], }, 1, 0.5, {}] });
        let toml = Toml::from_json(&json).unwrap();
        assert_eq!(
            toml.inline(),
            r#"{ "a b" = [{ status = ["unpaid", true] }, 1, 0.5, {}] }"#
        );
        assert_eq!(Toml::from_json(&json!({ "a": null })), None);
        assert_eq!(comment("one\r\n[two]\u{2028}\u{202e}three"), "one [two] three");
    }
}
