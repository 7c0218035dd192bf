//! Numbers as the API writes them.

use serde::{Serialize, Serializer};

/// Integers that an `f64` holds exactly lie within ± 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number that is written as an integer where it is whole, and as `null` where JSON has no word for it (NaN, ∞).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Number(value) = *self;
        if !value.is_finite() {
            serializer.serialize_none()
        } else if value.fract() == 0.0 && value.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within ± 2^53")]
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_integers() {
        let cases = [
            (131.0, "131"),
            (-0.0, "0"),
            (-7.0, "-7"),
            (0.25, "0.25"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e300, "1e+300"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ];
        for (value, text) in cases {
            assert_eq!(serde_json::to_string(&Number(value)).unwrap(), text, "{value}");
        }
    }
}
