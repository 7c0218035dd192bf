//! JSON in which texts are templates: the body of a request.

use serde_json::{Map, Value};

use super::{Template, Vars};

/// A JSON value whose texts are templates; keys are taken as they are. A text that is a single placeholder stays a text.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    /// A text with placeholders.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object.
    Object(Vec<(String, JsonTemplate)>),
    /// Anything else.
    Other(Value),
}

impl JsonTemplate {
    /// Reads a value of the config; see [`Template::parse`].
    ///
    /// # Errors
    /// What is wrong with one of its texts.
    pub fn parse(value: &Value, names: &[&str]) -> Result<JsonTemplate, String> {
        Ok(match value {
            Value::String(text) => JsonTemplate::Text(Template::parse(text, names)?),
            Value::Array(values) => JsonTemplate::List(
                values
                    .iter()
                    .map(|value| Self::parse(value, names))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(map) => {
                let pair = |(key, value): (&String, &Value)| Ok((key.clone(), Self::parse(value, names)?));
                JsonTemplate::Object(map.iter().map(pair).collect::<Result<_, String>>()?)
            }
            other => JsonTemplate::Other(other.clone()),
        })
    }

    /// See [`Template::try_fill`].
    ///
    /// # Errors
    /// Why one of its texts cannot be filled in.
    pub fn try_fill(&self, vars: &Vars) -> Result<(), String> {
        match self {
            JsonTemplate::Text(template) => template.try_fill(vars),
            JsonTemplate::List(values) => values.iter().try_for_each(|value| value.try_fill(vars)),
            JsonTemplate::Object(pairs) => pairs.iter().try_for_each(|(_, value)| value.try_fill(vars)),
            JsonTemplate::Other(_) => Ok(()),
        }
    }

    /// The value with everything filled in.
    ///
    /// # Errors
    /// Why it cannot be filled in.
    pub fn fill(&self, vars: &Vars) -> Result<Value, String> {
        Ok(match self {
            JsonTemplate::Text(template) => Value::String(template.fill(vars)?),
            JsonTemplate::List(values) => Value::Array(
                values
                    .iter()
                    .map(|value| value.fill(vars))
                    .collect::<Result<_, _>>()?,
            ),
            JsonTemplate::Object(pairs) => {
                let pair = |(key, value): &(String, JsonTemplate)| Ok((key.clone(), value.fill(vars)?));
                Value::Object(pairs.iter().map(pair).collect::<Result<Map<_, _>, String>>()?)
            }
            JsonTemplate::Other(value) => value.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_filled_in_wherever_they_stand_and_stay_texts() {
        let body = json!({"{{ u }}": [{"name": "{{ u }}", "n": 1, "ok": null}, "{{ u | md5 }}"]});
        let template = JsonTemplate::parse(&body, &["u"]).unwrap();
        let filled = template.fill(&Vars::default().with("u", "a\"b")).unwrap();
        assert_eq!(filled["{{ u }}"][0], json!({"name": "a\"b", "n": 1, "ok": null}));
        assert_eq!(filled["{{ u }}"][1], "c8f88ec84680a7ec056720570290dd34");
        assert!(
            JsonTemplate::parse(&json!([["{{ v }}"]]), &["u"])
                .unwrap_err()
                .contains("\"v\"")
        );
    }
}
