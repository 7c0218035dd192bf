//! Numbers as people and other programs read them.

use std::fmt::{self, Display};

/// From here on a number is written with an exponent: the digits before it are still read at a glance.
const HUGE: f64 = 1e21;
/// Under this one too, or it would be a row of zeros.
const TINY: f64 = 1e-6;

/// A number as people write it: whole ones without a point, huge and tiny ones with an exponent (from the same sizes on as
/// JavaScript does, and without a `+`, which means a space in a query).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl Number {
    /// `a` less `b` as somebody would reckon who has the two as they are written: 0.3 less 0.2 is 0.1, not
    /// 0.09999999999999998.
    pub fn difference(a: f64, b: f64) -> Number {
        let raw = a - b;
        let places = places(a).max(places(b));
        // No double has a text that cannot be read back.
        let rounded = format!("{raw:.places$}").parse().unwrap_or(raw);
        Number(if rounded == 0.0 { raw } else { rounded })
    }

    /// Whether it is written with an exponent.
    pub fn has_exponent(self) -> bool {
        let size = self.0.abs();
        size != 0.0 && size.is_finite() && !(TINY..HUGE).contains(&size)
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // -0 is 0.
        let value = self.0 + 0.0;
        if self.has_exponent() {
            write!(f, "{value:e}")
        } else {
            write!(f, "{value}")
        }
    }
}

/// How many decimals it is written with.
fn places(value: f64) -> usize {
    let text = value.to_string();
    text.split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (value, text) in [
            (131.0, "131"),
            (-0.5, "-0.5"),
            (0.0, "0"),
            (-0.0, "0"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (1e-300, "1e-300"),
            (-1.5e-300, "-1.5e-300"),
            (5e-324, "5e-324"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e20, "100000000000000000000"),
            (1e21, "1e21"),
            (1e300, "1e300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(Number(value).to_string(), text, "{value:e}");
        }
    }

    #[test]
    fn a_difference_has_no_dust_of_binary_fractions() {
        for (a, b, text) in [
            (0.3, 0.2, "0.1"),
            (1.1, 1.0, "0.1"),
            (0.2, 0.3, "-0.1"),
            (100.07, 99.97, "0.1"),
            (131.0, 128.0, "3"),
            (5.0, 5.0, "0"),
            (0.0, -0.0, "0"),
            (1e-300, 0.0, "1e-300"),
            (1e-7, 3e-7, "-2e-7"),
            (1e300, 0.5, "1e300"),
            (1e16, 0.1, "10000000000000000"),
            (1_234_567_890.12, 1_234_567_890.11, "0.01"),
            (f64::MAX, f64::MIN, "inf"),
        ] {
            assert_eq!(Number::difference(a, b).to_string(), text, "{a} - {b}");
        }
    }
}
