//! Expressions: what is taken, what is refused and where, what they come to, and what they say.

use std::time::Duration;

use super::super::{Memory, Past};
use super::*;
use crate::history::{Answer, History, Window};
use crate::situation::When;
use crate::text::tests::latin;

const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// 300 was read 20 s after 200; 120 was the mean of the hour, 100 the value a week ago, and y is 40.
fn context() -> Context {
    let window = Window {
        low: 80.0,
        high: 240.0,
        mean: 120.0,
        is_whole: true,
    };
    Context {
        value: 300.0,
        elapsed: Duration::from_secs(10),
        past: Past {
            last: Some(200.0),
            age: Some(Duration::from_secs(20)),
            ..Past::default()
        },
        history: History::default()
            .with(Need::Window(HOUR), Ok(Answer::Window(window)))
            .with(Need::Ago(WEEK), Ok(Answer::Value(100.0)))
            .with(Need::Metric("y".to_owned()), Ok(Answer::Value(40.0)))
            .with(Need::Ago(HOUR), Err(Lack::NotYet(HOUR)))
            .with(
                Need::Metric("down".to_owned()),
                Err(Lack::Unreadable("down".to_owned())),
            ),
        memory: Memory::default(),
    }
}

fn judged(text: &str) -> Signal {
    Expression::parse(text).unwrap().judge(&mut context())
}

fn is_met(text: &str) -> bool {
    match judged(text) {
        Signal::Breach { from } => {
            assert_eq!(from, 200.0);
            true
        }
        Signal::Clear => false,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn expressions_are_worked_out() {
    for text in [
        "value > 299.5",
        "value > avg(\"1h\") * 2",
        "value > avg('1h') * 2 && value >= ago('7d') * 3",
        "previous == 200 && delta == 100 && age == 20 && rate == 5",
        "min('1h') == 80 && max('1h') == 240",
        "metric('y') < 50",
        "abs(previous - value) == 100",
        "-value < 0",
        "value / 7 > 42.8 && value / 7 < 42.9",
        "value % 7 == 6",
        "2 + 3 * 4 == 14 && (2 + 3) * 4 == 20",
        "value - 50 - 50 == 200",
        "value > 1000 || value < 301",
        "!(value > 1000)",
        "value > 1000 ? false : true",
        "(value > 200 ? 1 : 2) == 1",
        "(value > 200) == (previous > 100)",
        "(value > 200) != (previous > 1000)",
        "true",
        "1u == 1 && 1.0 == 1 && 1e3 == 1000",
        "value >\n  avg('1h')\n  && true",
    ] {
        assert!(is_met(text), "{text}");
    }
    for text in [
        "value > 300",
        "value > avg('1h') * 3",
        "false",
        "value == previous",
        "value >= 300 && delta < 100",
    ] {
        assert!(!is_met(text), "{text}");
    }
}

#[test]
fn what_is_not_known_decides_nothing_unless_the_rest_does() {
    let not_yet = Signal::Unjudged(Lack::NotYet(HOUR));
    let down = Signal::Unjudged(Lack::Unreadable("down".to_owned()));
    for (text, expected) in [
        ("value > ago('1h')", &not_yet),
        ("!(value > ago('1h'))", &not_yet),
        ("value > ago('1h') && value > 1", &not_yet),
        ("value > ago('1h') || value > 1000", &not_yet),
        ("metric('down') > 1", &down),
        ("ago('1h') > metric('down')", &down),
        ("metric('down') > 1 ? true : false", &down),
        ("(metric('down') > 1) == (value > 1)", &down),
        ("value / (previous - 200) > 1", &Signal::Unjudged(Lack::Undefined)),
        ("0 / 0 == 0 || value > 1000", &Signal::Unjudged(Lack::Undefined)),
    ] {
        assert_eq!(judged(text), *expected, "{text}");
    }
    assert!(is_met("value > ago('1h') || value > 1"));
    assert!(is_met("value > 1 || value > ago('1h')"));
    assert!(!is_met("value > ago('1h') && value > 1000"));
    assert!(!is_met("value > 1000 && metric('down') > 1"));
    assert!(is_met("value > 1000 ? metric('down') > 1 : true"));
}

#[test]
fn a_mean_of_a_minute_is_none_of_an_hour_and_a_first_reading_has_none_before() {
    let window = Window {
        low: 1.0,
        high: 1.0,
        mean: 1.0,
        is_whole: false,
    };
    let mut first = Context {
        past: Past::default(),
        history: History::default().with(Need::Window(HOUR), Ok(Answer::Window(window))),
        ..context()
    };
    let mut judged = |text: &str| Expression::parse(text).unwrap().judge(&mut first);
    assert_eq!(judged("value > avg('1h')"), Signal::Unjudged(Lack::NotYet(HOUR)));
    for text in ["previous > 1", "delta > 1", "rate > 1", "age > 1"] {
        assert_eq!(judged(text), Signal::Unjudged(Lack::NothingBefore), "{text}");
    }
    assert_eq!(judged("value > 1"), Signal::Breach { from: 0.0 });
}

#[test]
fn it_says_what_it_needs_each_once() {
    let needs = |text: &str| Expression::parse(text).unwrap().needs();
    assert_eq!(needs("value > 1 && delta < 3"), []);
    assert_eq!(
        needs("value > avg('1h') && value > max('60m') && ago('7d') < metric('y') + metric('y')"),
        [Need::Window(HOUR), Need::Ago(WEEK), Need::Metric("y".to_owned())]
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |text: &str| Expression::parse(text).unwrap_err().join("\n");
    for (text, expected) in [
        (
            "valu > 100",
            "column 1: there is no \"valu\"; there are value, previous, delta, rate, age",
        ),
        (
            "value > average('1h')",
            "there is no function \"average\"; there are ago, avg, min, max, abs, metric",
        ),
        (
            "value + 1",
            "must be true or false, such as 'value > 100', and this is a number",
        ),
        (
            "'high'",
            "must be true or false, such as 'value > 100', and this is a text",
        ),
        (
            "value > avg('1 hr ago')",
            "column 13: \"1 hr ago\" is no span of time, such as \"1h\"",
        ),
        (
            "value > avg('0s')",
            "column 13: \"0s\" is no time at all; write one such as \"1h\"",
        ),
        (
            "value > avg(3600)",
            "column 13: avg takes one span of time in quotes, such as avg(\"1h\")",
        ),
        (
            "value > avg()",
            "avg takes one span of time in quotes, such as avg(\"1h\")",
        ),
        (
            "value > avg('1h', '2h')",
            "avg takes one span of time in quotes, such as avg(\"1h\")",
        ),
        (
            "metric(y) > 1",
            "column 8: there is no \"y\"; there are value, previous, delta, rate, age",
        ),
        (
            "metric(1) > 1",
            "column 8: metric takes the key of a metric in quotes, such as metric(\"y\")",
        ),
        ("metric() > 1", "metric takes one key, such as metric(\"y\")"),
        ("abs() > 1", "abs takes one number, such as abs(delta)"),
        (
            "value && true",
            "column 1: && joins what is true or false, and this is a number",
        ),
        (
            "(value > 1) + 2 > 1",
            "+ takes a number, and this is true or false",
        ),
        (
            "!value",
            "column 2: ! takes what is true or false, and this is a number",
        ),
        ("value > 'high'", "column 9: > takes a number, and this is a text"),
        (
            "(value > 1) > (value > 2)",
            "> takes a number, and this is true or false",
        ),
        (
            "value > 1 ? 2 : false",
            "both sides of : must be numbers, or both true or false",
        ),
        ("value > ", "it ends too early"),
        ("value > 100 extra", "column 13: extra is not expected here"),
        ("value = 100", "column 7: = is no part of an expression"),
        ("值 > 100", "column 1: 值 is no part of an expression"),
        ("[1, 2].all(x, x > 1)", "no lists, maps or fields"),
        ("value.size > 1", "no lists, maps or fields"),
        ("value.abs() > 1", "nothing has a function \"abs\" of its own"),
        ("null == 1", "only numbers, true, false and texts are taken"),
        ("", "is empty; write a condition such as 'value > 100'"),
        (
            "value > 1 &&\n  valu > 2",
            "line 2, column 3: there is no \"valu\"",
        ),
    ] {
        let said = wrong(text);
        assert!(said.contains(expected), "{text}: {said}");
        assert!(!said.contains('\n'), "{text}: {said}");
    }
    let all = Expression::parse("valu > 100 && avrg('1h') > vlaue").unwrap_err();
    assert_eq!(all.len(), 3, "all is said at once: {all:?}");
}

#[test]
fn its_size_is_bounded() {
    let wrong = |text: &str| Expression::parse(text).unwrap_err().join("\n");
    assert_eq!(wrong(&"1".repeat(501)), "must be at most 500 bytes, not 501");
    let parts = vec!["1>0"; 80].join("&&");
    assert_eq!(wrong(&parts), "is too long; 200 parts are taken");
    let nested = |levels| format!("{}value > 1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Expression::parse(&nested(8)).is_ok());
    let deep = wrong(&nested(200));
    assert!(deep.contains("nested too deep"), "{deep}");
    let about: Vec<String> = (1..14).map(|n| format!("ago('{n}h') > 0")).collect();
    assert_eq!(wrong(&about.join(" && ")), "is about 13 things; 12 are taken");
}

#[test]
fn it_says_what_it_knew_in_every_language() {
    let since = When {
        at: Some("2026-11-23T12:01:41Z".parse().unwrap()),
        now: "2026-11-23T12:02:00Z".parse().unwrap(),
    };
    let said = |text: &str, situation| {
        let when = Expression::parse(text).unwrap();
        Language::ALL.map(|language| when.reason(&context(), situation, language))
    };
    assert_eq!(
        said("value >\n  avg('1h') * 2", Situation::Firing { since }),
        [
            "when value > avg('1h') * 2: value 300, avg 1h 120, since 12:01:41 UTC",
            "满足 value > avg('1h') * 2：value 300，avg 1h 120（自 12:01:41 UTC 起）",
        ]
    );
    assert_eq!(
        said("value > 1000 && metric('down') > ago('7d')", Situation::Quiet),
        [
            "not when value > 1000 && metric('down') > ago('7d'): value 300, down unknown, ago 7d 100",
            "未满足 value > 1000 && metric('down') > ago('7d')：value 300，down 未知，ago 7d 100",
        ]
    );
    assert_eq!(
        said("delta / 3 > 40", Situation::Recovered { since }),
        [
            "no longer when delta / 3 > 40: delta 100: recovered, had been firing since 12:01:41 UTC",
            "不再满足 delta / 3 > 40：delta 100，已恢复（告警始于 12:01:41 UTC）",
        ]
    );
    assert_eq!(
        said("false", Situation::Quiet),
        ["not when false", "未满足 false"]
    );
    let own = said("1 > 2", Situation::Quiet)[1].clone();
    assert!(latin(&own).is_empty(), "{own}");
}

#[test]
fn it_describes_itself() {
    let timing = Timing {
        hold: Duration::from_secs(30),
        keep_for: Duration::from_secs(60),
        ..Timing::default()
    };
    let described = |timing| {
        let when = Expression::parse("value > 100").unwrap();
        Language::ALL.map(|language| when.describe(timing, language))
    };
    assert_eq!(
        described(Timing::default()),
        ["when value > 100", "满足 value > 100 时告警"]
    );
    assert_eq!(
        described(timing),
        [
            "when value > 100, for 30s, keep for 1m",
            "满足 value > 100 并持续 30 秒后告警，不满足并持续 1 分钟后恢复",
        ]
    );
}

proptest::proptest! {
    /// No text makes the parser or the check panic, and none takes them long.
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9 ()'\"+*/%<>=!&|?:.,\\-\n{}\\[\\]值]{0,60}") {
        if let Err(wrong) = Expression::parse(&text) {
            proptest::prop_assert!(!wrong.is_empty() && wrong.iter().all(|one| !one.is_empty()));
        }
    }
}
