//! From a tree of the parser to a checked one: every name is known, every operator has what it takes, and the whole is true
//! or false.

use std::time::Duration;

use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::expression::{Arithmetic, Comparison, Fact, Number, Test};
use super::parse::Parsed;

/// The most nodes of a tree: each is worked out at every reading.
const MAX_NODES: usize = 200;
/// The most things that it may be about: each is loaded at every reading, and stands in messages.
const MAX_FACTS: usize = 12;

const VARIABLES: &[(&str, Fact)] = &[
    ("value", Fact::Value),
    ("previous", Fact::Previous),
    ("delta", Fact::Delta),
    ("rate", Fact::Rate),
    ("age", Fact::Age),
];

/// Functions of a span, and what makes a fact of it.
type OfSpan = (&'static str, fn(Duration) -> Fact);
const OF_SPANS: &[OfSpan] = &[
    ("ago", Fact::Ago),
    ("avg", Fact::Mean),
    ("min", Fact::Lowest),
    ("max", Fact::Highest),
];
const ABS: &str = "abs";
const METRIC: &str = "metric";

const ARITHMETIC: &[(&str, Arithmetic)] = &[
    (op::ADD, Arithmetic::Plus),
    (op::SUBSTRACT, Arithmetic::Minus),
    (op::MULTIPLY, Arithmetic::Times),
    (op::DIVIDE, Arithmetic::By),
    (op::MODULO, Arithmetic::Modulo),
];
const COMPARISONS: &[(&str, Comparison)] = &[
    (op::LESS, Comparison::Less),
    (op::LESS_EQUALS, Comparison::LessOrEqual),
    (op::GREATER, Comparison::Greater),
    (op::GREATER_EQUALS, Comparison::GreaterOrEqual),
    (op::EQUALS, Comparison::Equal),
    (op::NOT_EQUALS, Comparison::NotEqual),
];

/// A node with its type.
enum Typed {
    Number(Number),
    Test(Test),
    Text(String),
}

/// Goes through a tree, and collects what is wrong and what it is about.
struct Compiler<'p> {
    parsed: &'p Parsed,
    wrong: Vec<String>,
    facts: Vec<Fact>,
    nodes: usize,
}

/// Checks a tree.
///
/// # Errors
/// All that is wrong with it, each with its place in the text.
pub(super) fn compile(parsed: &Parsed) -> Result<(Test, Vec<Fact>), Vec<String>> {
    let mut compiler = Compiler {
        parsed,
        wrong: Vec::new(),
        facts: Vec::new(),
        nodes: 0,
    };
    let whole = compiler.typed(&parsed.tree);
    if compiler.nodes > MAX_NODES {
        return Err(vec![format!("is too long; {MAX_NODES} parts are taken")]);
    }
    if compiler.facts.len() > MAX_FACTS {
        let message = format!("is about {} things; {MAX_FACTS} are taken", compiler.facts.len());
        compiler.wrong.push(message);
    }
    match whole {
        Some(Typed::Test(test)) if compiler.wrong.is_empty() => return Ok((test, compiler.facts)),
        Some(Typed::Number(_)) => {
            let message = "must be true or false, such as 'value > 100', and this is a number";
            compiler.wrong.push(message.to_owned());
        }
        Some(Typed::Text(_)) => {
            let message = "must be true or false, such as 'value > 100', and this is a text";
            compiler.wrong.push(message.to_owned());
        }
        Some(Typed::Test(_)) | None => {}
    }
    Err(compiler.wrong)
}

impl Compiler<'_> {
    fn say(&mut self, node: &IdedExpr, message: impl AsRef<str>) {
        let place = self.parsed.place(node.id);
        self.wrong.push(format!("{place}{}", message.as_ref()));
    }

    /// A node; `None` where something is wrong with it, which has been said.
    fn typed(&mut self, node: &IdedExpr) -> Option<Typed> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return None;
        }
        match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(name) => {
                let found = VARIABLES.iter().find(|(known, _)| known == name);
                if found.is_none() {
                    let known: Vec<&str> = VARIABLES.iter().map(|(known, _)| *known).collect();
                    let message = format!("there is no \"{name}\"; there are {}", known.join(", "));
                    self.say(node, message);
                }
                found.map(|(_, fact)| self.fact(fact.clone()))
            }
            Expr::Call(call) => self.call(node, call),
            _ => {
                let message = "only numbers, comparisons, &&, ||, !, ?: and functions are taken; no lists, maps or fields";
                self.say(node, message);
                None
            }
        }
    }

    // What has more digits than a double keeps is taken as the nearest, as every number in the config.
    #[allow(clippy::cast_precision_loss)]
    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Option<Typed> {
        Some(match literal {
            LiteralValue::Boolean(truth) => Typed::Test(Test::Literal(*truth.inner())),
            LiteralValue::Double(number) => Typed::Number(Number::Literal(*number.inner())),
            LiteralValue::Int(number) => Typed::Number(Number::Literal(*number.inner() as f64)),
            LiteralValue::UInt(number) => Typed::Number(Number::Literal(*number.inner() as f64)),
            LiteralValue::String(text) => Typed::Text(text.inner().to_owned()),
            LiteralValue::Bytes(_) | LiteralValue::Null => {
                self.say(node, "only numbers, true, false and texts are taken");
                return None;
            }
        })
    }

    fn fact(&mut self, fact: Fact) -> Typed {
        if !self.facts.contains(&fact) {
            self.facts.push(fact.clone());
        }
        Typed::Number(Number::Fact(fact))
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        let args: Vec<&IdedExpr> = call.args.iter().collect();
        if call.target.is_some() {
            self.say(node, format!("nothing has a function \"{name}\" of its own"));
            return None;
        }
        match (name, args.as_slice()) {
            (op::CONDITIONAL, [test, one, other]) => self.choice(node, test, one, other),
            (op::LOGICAL_NOT, [one]) => {
                let test = self.test(one, "! takes")?;
                Some(Typed::Test(Test::Not(Box::new(test))))
            }
            (op::NEGATE, [one]) => {
                let number = self.number(one, "- takes")?;
                Some(Typed::Number(Number::Negative(Box::new(number))))
            }
            (op::LOGICAL_AND, [first, rest @ ..]) => self.joined(first, rest, "&& joins", Test::And),
            (op::LOGICAL_OR, [first, rest @ ..]) => self.joined(first, rest, "|| joins", Test::Or),
            (_, [one, other]) if ARITHMETIC.iter().any(|(known, _)| *known == name) => {
                let (_, by) = ARITHMETIC.iter().find(|(known, _)| *known == name)?;
                let (one, other) = (self.number(one, sign(name)), self.number(other, sign(name)));
                let (one, other) = (Box::new(one?), Box::new(other?));
                Some(Typed::Number(Number::Both(*by, one, other)))
            }
            (_, [one, other]) if COMPARISONS.iter().any(|(known, _)| *known == name) => {
                let (_, how) = COMPARISONS.iter().find(|(known, _)| *known == name)?;
                self.comparison(*how, one, other, sign(name))
            }
            (ABS, [one]) => {
                let number = self.number(one, "abs takes")?;
                Some(Typed::Number(Number::Size(Box::new(number))))
            }
            (METRIC, [one]) => self.metric(one),
            _ => self.of_span(node, name, &args),
        }
    }

    fn choice(
        &mut self,
        node: &IdedExpr,
        test: &IdedExpr,
        one: &IdedExpr,
        other: &IdedExpr,
    ) -> Option<Typed> {
        let test = self.test(test, "?: begins with");
        let (one, other) = (self.typed(one), self.typed(other));
        let test = Box::new(test?);
        match (one?, other?) {
            (Typed::Number(one), Typed::Number(other)) => {
                let (one, other) = (Box::new(one), Box::new(other));
                Some(Typed::Number(Number::Choice(test, one, other)))
            }
            (Typed::Test(one), Typed::Test(other)) => {
                let (one, other) = (Box::new(one), Box::new(other));
                Some(Typed::Test(Test::Choice(test, one, other)))
            }
            _ => {
                self.say(node, "both sides of : must be numbers, or both true or false");
                None
            }
        }
    }

    fn joined(
        &mut self,
        first: &IdedExpr,
        rest: &[&IdedExpr],
        what: &str,
        join: fn(Box<Test>, Box<Test>) -> Test,
    ) -> Option<Typed> {
        let mut all = self.test(first, what);
        for one in rest {
            let one = self.test(one, what);
            all = all.zip(one).map(|(all, one)| join(Box::new(all), Box::new(one)));
        }
        all.map(Typed::Test)
    }

    fn comparison(&mut self, how: Comparison, one: &IdedExpr, other: &IdedExpr, what: &str) -> Option<Typed> {
        let is_equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        let (left, right) = (self.typed(one), self.typed(other));
        match (left?, right?) {
            (Typed::Number(left), Typed::Number(right)) => {
                let (left, right) = (Box::new(left), Box::new(right));
                Some(Typed::Test(Test::Compared(how, left, right)))
            }
            (Typed::Test(left), Typed::Test(right)) if is_equality => {
                let same = Test::Same(Box::new(left), Box::new(right));
                Some(Typed::Test(match how {
                    Comparison::Equal => same,
                    _ => Test::Not(Box::new(same)),
                }))
            }
            (Typed::Number(_), wrong) => {
                self.say(other, format!("{what} a number, and this is {}", wrong.is()));
                None
            }
            (wrong, _) => {
                self.say(one, format!("{what} a number, and this is {}", wrong.is()));
                None
            }
        }
    }

    fn number(&mut self, node: &IdedExpr, what: &str) -> Option<Number> {
        match self.typed(node)? {
            Typed::Number(number) => Some(number),
            wrong => {
                self.say(node, format!("{what} a number, and this is {}", wrong.is()));
                None
            }
        }
    }

    fn test(&mut self, node: &IdedExpr, what: &str) -> Option<Test> {
        match self.typed(node)? {
            Typed::Test(test) => Some(test),
            wrong => {
                let message = format!("{what} what is true or false, and this is {}", wrong.is());
                self.say(node, message);
                None
            }
        }
    }

    fn metric(&mut self, node: &IdedExpr) -> Option<Typed> {
        match self.typed(node)? {
            Typed::Text(key) => Some(self.fact(Fact::Metric(key))),
            _ => {
                self.say(
                    node,
                    "metric takes the key of a metric in quotes, such as metric(\"y\")",
                );
                None
            }
        }
    }

    /// A function of a span, or none that there is.
    fn of_span(&mut self, node: &IdedExpr, name: &str, args: &[&IdedExpr]) -> Option<Typed> {
        let Some((name, fact)) = OF_SPANS.iter().find(|(known, _)| *known == name) else {
            let message = match name {
                ABS => "abs takes one number, such as abs(delta)".to_owned(),
                METRIC => "metric takes one key, such as metric(\"y\")".to_owned(),
                _ => {
                    let of_spans = OF_SPANS.iter().map(|(known, _)| *known);
                    let known: Vec<&str> = of_spans.chain([ABS, METRIC]).collect();
                    format!("there is no function \"{name}\"; there are {}", known.join(", "))
                }
            };
            self.say(node, message);
            return None;
        };
        let example = format!("{name} takes one span of time in quotes, such as {name}(\"1h\")");
        let [arg] = args else {
            self.say(node, example);
            return None;
        };
        let Typed::Text(text) = self.typed(arg)? else {
            self.say(arg, example);
            return None;
        };
        match humantime::parse_duration(&text) {
            Ok(span) if !span.is_zero() => Some(self.fact(fact(span))),
            Ok(_) => {
                self.say(
                    arg,
                    format!("{text:?} is no time at all; write one such as \"1h\""),
                );
                None
            }
            Err(error) => {
                self.say(
                    arg,
                    format!("{text:?} is no span of time, such as \"1h\": {error}"),
                );
                None
            }
        }
    }
}

impl Typed {
    fn is(&self) -> &'static str {
        match self {
            Typed::Number(_) => "a number",
            Typed::Test(_) => "true or false",
            Typed::Text(_) => "a text",
        }
    }
}

/// "> takes", as it begins a sentence.
fn sign(name: &str) -> &'static str {
    match name {
        op::ADD => "+ takes",
        op::SUBSTRACT => "- takes",
        op::MULTIPLY => "* takes",
        op::DIVIDE => "/ takes",
        op::MODULO => "% takes",
        op::LESS => "< takes",
        op::LESS_EQUALS => "<= takes",
        op::GREATER => "> takes",
        op::GREATER_EQUALS => ">= takes",
        op::EQUALS => "== takes",
        _ => "!= takes",
    }
}
