//! A checked expression, and what it comes to.

use std::time::Duration;

use super::super::Context;
use super::Lack;
use crate::history::{Need, Window};
use crate::text::Number as Written;

/// Something that is known of a metric, or not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    /// The value that was read.
    Value,
    /// The one read before it.
    Previous,
    /// By how much it is over that one.
    Delta,
    /// The same, a second.
    Rate,
    /// How many seconds ago that one was read.
    Age,
    /// The value so long ago.
    Ago(Duration),
    /// The mean of the last so long.
    Mean(Duration),
    /// The lowest of the last so long.
    Lowest(Duration),
    /// The highest of the last so long.
    Highest(Duration),
    /// The latest value of another metric.
    Metric(String),
}

/// What comes to a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Literal(f64),
    Fact(Fact),
    Negative(Box<Number>),
    Size(Box<Number>),
    Both(Arithmetic, Box<Number>, Box<Number>),
    Choice(Box<Test>, Box<Number>, Box<Number>),
}

/// What two numbers are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    By,
    Modulo,
}

/// What is true or not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Literal(bool),
    Compared(Comparison, Box<Number>, Box<Number>),
    /// Whether both are true or neither is.
    Same(Box<Test>, Box<Test>),
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Choice(Box<Test>, Box<Test>, Box<Test>),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Fact {
    /// What has to be loaded for it.
    pub(super) fn need(&self) -> Option<Need> {
        match self {
            Fact::Value | Fact::Previous | Fact::Delta | Fact::Rate | Fact::Age => None,
            Fact::Ago(span) => Some(Need::Ago(*span)),
            Fact::Mean(span) | Fact::Lowest(span) | Fact::Highest(span) => Some(Need::Window(*span)),
            Fact::Metric(key) => Some(Need::Metric(key.clone())),
        }
    }

    /// It, where it is known.
    pub(super) fn is(&self, context: &Context) -> Result<f64, Lack> {
        let previous = || context.past.last.ok_or(Lack::NothingBefore);
        // As somebody would reckon who has the two as they are written: 0.3 is 0.1 over 0.2.
        let delta = || Ok(Written::difference(context.value, previous()?).0);
        let age = || {
            let age = context.past.age.ok_or(Lack::NothingBefore)?;
            Ok(age.as_secs_f64())
        };
        let number = match self {
            Fact::Value => context.value,
            Fact::Previous => previous()?,
            Fact::Delta => delta()?,
            Fact::Rate => delta()? / age()?,
            Fact::Age => age()?,
            Fact::Ago(span) => context.history.ago(*span)?,
            Fact::Mean(span) => whole(context, *span)?.mean,
            Fact::Lowest(span) => whole(context, *span)?.low,
            Fact::Highest(span) => whole(context, *span)?.high,
            Fact::Metric(key) => context.history.metric(key)?,
        };
        finite(number)
    }
}

/// A window from whose beginning on the metric was read: the mean of a minute is not that of an hour.
fn whole(context: &Context, span: Duration) -> Result<Window, Lack> {
    let window = context.history.window(span)?;
    if window.is_whole {
        Ok(window)
    } else {
        Err(Lack::NotYet(span))
    }
}

/// A comparison with what is no number would be false, and that would be a recovery.
fn finite(number: f64) -> Result<f64, Lack> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Lack::Undefined)
    }
}

impl Number {
    fn is(&self, context: &Context) -> Result<f64, Lack> {
        let number = match self {
            Number::Literal(number) => *number,
            Number::Fact(fact) => fact.is(context)?,
            Number::Negative(number) => -number.is(context)?,
            Number::Size(number) => number.is(context)?.abs(),
            Number::Both(by, one, other) => {
                let (one, other) = both(one.is(context), other.is(context))?;
                match by {
                    Arithmetic::Plus => one + other,
                    Arithmetic::Minus => one - other,
                    Arithmetic::Times => one * other,
                    Arithmetic::By => one / other,
                    Arithmetic::Modulo => one % other,
                }
            }
            Number::Choice(test, one, other) => {
                if test.is_met(context)? {
                    one.is(context)?
                } else {
                    other.is(context)?
                }
            }
        };
        finite(number)
    }
}

impl Test {
    /// Whether it is true. As in CEL, `false && x` is false and `true || x` true whatever is not known of `x`.
    pub(super) fn is_met(&self, context: &Context) -> Result<bool, Lack> {
        match self {
            Test::Literal(truth) => Ok(*truth),
            Test::Compared(how, one, other) => {
                let (one, other) = both(one.is(context), other.is(context))?;
                Ok(how.holds(one, other))
            }
            Test::Same(one, other) => {
                let (one, other) = both(one.is_met(context), other.is_met(context))?;
                Ok(one == other)
            }
            Test::Not(test) => Ok(!test.is_met(context)?),
            Test::And(one, other) => joined(one, other, context, false),
            Test::Or(one, other) => joined(one, other, context, true),
            Test::Choice(test, one, other) => {
                if test.is_met(context)? {
                    one.is_met(context)
                } else {
                    other.is_met(context)
                }
            }
        }
    }
}

impl Comparison {
    // Equality is what was written, to the last digit.
    #[allow(clippy::float_cmp)]
    fn holds(self, one: f64, other: f64) -> bool {
        match self {
            Comparison::Less => one < other,
            Comparison::LessOrEqual => one <= other,
            Comparison::Greater => one > other,
            Comparison::GreaterOrEqual => one >= other,
            Comparison::Equal => one == other,
            Comparison::NotEqual => one != other,
        }
    }
}

/// Two tests of which one that is `decisive` decides.
fn joined(one: &Test, other: &Test, context: &Context, decisive: bool) -> Result<bool, Lack> {
    match (one.is_met(context), other.is_met(context)) {
        (Ok(truth), _) | (_, Ok(truth)) if truth == decisive => Ok(decisive),
        (one, other) => both(one, other).map(|_| !decisive),
    }
}

/// Both, where both are known. Of two lacks the one that somebody may have to mend is said.
fn both<T>(one: Result<T, Lack>, other: Result<T, Lack>) -> Result<(T, T), Lack> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) if other.is_unreadable() && !one.is_unreadable() => Err(other),
        (Err(lack), _) | (_, Err(lack)) => Err(lack),
    }
}
