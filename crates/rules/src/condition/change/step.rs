//! How far a value has to move: by an amount, or by a part of what it was.

use std::borrow::Cow;
use std::fmt::{self, Display};

use monitor_domain::Language;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::text::Number;

/// The least move that counts: `1`, or `"20%"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// So much, in the metric's unit.
    Amount(f64),
    /// So many percent of the size of what the value is compared with. From 0 every move counts: it has no percentage.
    Percent(f64),
}

impl Step {
    /// The number in it.
    pub fn number(self) -> f64 {
        match self {
            Step::Amount(number) | Step::Percent(number) => number,
        }
    }

    /// Whether a move by `moved` to `value` from `baseline` is as far.
    pub(super) fn is_met(self, moved: f64, value: f64, baseline: f64) -> bool {
        let by = match self {
            Step::Amount(by) => by,
            Step::Percent(percent) => baseline.abs() * (percent / 100.0),
        };
        // 0.3 - 0.1 is a hair under 0.2: forgive what the rounding of the numbers themselves makes, but
        // never more than a billionth of the step.
        let rounding = (4.0 * f64::EPSILON * value.abs().max(baseline.abs())).min(by * 1e-9);
        // A part of 0 is 0, which is no move.
        moved > 0.0 && moved >= by - rounding
    }

    /// "20", "20 %", "20%".
    pub(super) fn say(self, language: Language) -> impl Display {
        fmt::from_fn(move |f| match (self, language) {
            (Step::Amount(by), _) => Number(by).fmt(f),
            (Step::Percent(by), Language::English) => write!(f, "{} %", Number(by)),
            (Step::Percent(by), Language::Chinese) => write!(f, "{}%", Number(by)),
        })
    }
}

/// By how many percent of the size of `from` a value has moved, with two decimals and never more than it did; `None` from 0.
pub(super) fn percent(value: f64, from: f64) -> Option<Number> {
    if from == 0.0 {
        return None;
    }
    let percent = ((value - from) / from).abs() * 100.0;
    if !percent.is_finite() {
        return None;
    }
    let cut = (percent * 100.0 * (1.0 + 8.0 * f64::EPSILON)).floor() / 100.0;
    // A move that two decimals do not show is still one.
    Some(Number(if cut == 0.0 { percent } else { cut }))
}

impl From<f64> for Step {
    fn from(by: f64) -> Step {
        Step::Amount(by)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a percentage such as \"20%\"")
            }

            fn visit_f64<E: Error>(self, by: f64) -> Result<Step, E> {
                Ok(Step::Amount(by))
            }

            // As for every number in the config: what has more digits than a double keeps is taken as the nearest.
            #[allow(clippy::cast_precision_loss)]
            fn visit_i64<E: Error>(self, by: i64) -> Result<Step, E> {
                Ok(Step::Amount(by as f64))
            }

            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E: Error>(self, by: u64) -> Result<Step, E> {
                Ok(Step::Amount(by as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Step, E> {
                let number = text.trim().strip_suffix('%').map(str::trim_end);
                let number = number.and_then(|number| number.parse().ok());
                number.map(Step::Percent).ok_or_else(|| {
                    E::custom(format!(
                        "{text:?} is no percentage; write a number, or a percentage such as \"20%\""
                    ))
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Step {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "pattern": r"^ *[0-9.]+(e[0-9]+)? *% *$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Step, String> {
        let table: toml::Table = toml::from_str(&format!("step = {text}")).unwrap();
        Step::deserialize(table["step"].clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_or_a_percentage_is_read() {
        for (text, expected) in [
            ("1", Step::Amount(1.0)),
            ("0.5", Step::Amount(0.5)),
            ("\"20%\"", Step::Percent(20.0)),
            ("\"0.5 %\"", Step::Percent(0.5)),
            ("\" 150% \"", Step::Percent(150.0)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for (text, why) in [
            ("\"20\"", "\"20\" is no percentage"),
            ("\"%\"", "\"%\" is no percentage"),
            ("\"a fifth\"", "\"a fifth\" is no percentage"),
            ("true", "a number, or a percentage such as \"20%\""),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn percentages_are_cut_and_never_exaggerated() {
        for (value, from, expected) in [
            (100.0, 80.0, Some("25")),
            (80.0, 100.0, Some("20")),
            (119.999, 100.0, Some("19.99")),
            (1.1, 1.0, Some("10")),
            (-80.0, -100.0, Some("20")),
            (400.0, 3.0, Some("13233.33")),
            (5.0, 0.0, None),
            (1.0, 5e-324, None),
        ] {
            let said = percent(value, from).map(|number| number.to_string());
            assert_eq!(said.as_deref(), expected, "{value} from {from}");
        }
    }
}
