//! Reckoning in another unit: cents that are shown as the whole.

use super::number;

/// A factor, as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale(Decimal);

/// A number by its digits: so many times a power of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Scale {
    /// A factor such as 0.01.
    ///
    /// # Errors
    /// For 0 and what is no number: nothing would be left of what is read.
    pub fn new(factor: f64) -> Result<Scale, String> {
        if !factor.is_finite() || factor == 0.0 {
            return Err("must be a number other than 0, such as 0.01".to_owned());
        }
        Decimal::of(factor)
            .map(Scale)
            .ok_or_else(|| "must be a number such as 0.01".to_owned())
    }

    /// That many times `value`, reckoned in decimals: 1378 times 0.01 is 13.78.
    ///
    /// # Errors
    /// Where the result cannot be held, as in an answer.
    pub fn apply(self, value: f64) -> Result<f64, String> {
        let product = Decimal::of(value).and_then(|value| {
            // Two doubles have at most 17 digits each.
            let digits = value.digits.checked_mul(self.0.digits)?;
            Some(format!(
                "{digits}e{}",
                value.exponent.checked_add(self.0.exponent)?
            ))
        });
        match product {
            Some(product) => number::held(&product),
            None => Err("is too large to be multiplied by scale".to_owned()),
        }
    }
}

impl Decimal {
    /// The digits that `value` is written with, which are the shortest that mean it.
    fn of(value: f64) -> Option<Decimal> {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i32 = exponent.parse().ok()?;
        Some(Decimal {
            digits: format!("{whole}{fraction}").parse().ok()?,
            exponent: exponent - i32::try_from(fraction.len()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_multiplies_as_people_do() {
        for (value, factor, product) in [
            (1378.0, 0.01, 13.78),
            (0.1, 3.0, 0.3),
            (1.1, 1.1, 1.21),
            (-4.35, 100.0, -435.0),
            (1_234_567_890.12, 0.001, 1_234_567.890_12),
            (9_007_199_254_740_991.0, 0.1, 900_719_925_474_099.1),
            (0.0, 0.01, 0.0),
            (5.0, -1.0, -5.0),
            (1e-7, 1e7, 1.0),
            (512.0, 0.000_976_562_5, 0.5),
        ] {
            let got = Scale::new(factor).unwrap().apply(value);
            assert_eq!(got, Ok(product), "{value} * {factor}");
        }
        assert_eq!(
            Scale::new(-1.0).unwrap().apply(0.0).map(f64::to_bits),
            Ok(0),
            "not -0"
        );
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        for factor in [0.0, -0.0, f64::NAN, f64::INFINITY] {
            assert!(Scale::new(factor).is_err(), "{factor}");
        }
        let why = Scale::new(1e6).unwrap().apply(1e12).unwrap_err();
        assert!(why.contains("too large to be counted exactly"), "{why}");
        let why = Scale::new(1e-300).unwrap().apply(1e-300).unwrap_err();
        assert!(why.contains("too close to 0"), "{why}");
    }
}
