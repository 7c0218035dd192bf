//! What expressions say.

use monitor_domain::Language;

use super::super::{Context, Timing};
use super::Expression;
use super::expression::Fact;
use crate::situation::Situation;
use crate::text::{Number, en, zh_cn};

/// "when value > avg("1h") * 2: value 300, avg 1h 120, since 09:12:40 UTC".
pub(super) fn reason(
    expression: &Expression,
    context: &Context,
    situation: Situation,
    language: Language,
) -> String {
    let text = &expression.text;
    let tail = situation.tail(language);
    let facts: Vec<String> = expression
        .facts
        .iter()
        .map(|fact| known(fact, context, language))
        .collect();
    match language {
        Language::English => {
            let (is, comma) = match situation {
                Situation::Quiet => ("not when", ""),
                Situation::Pending { .. } | Situation::Firing { .. } => ("when", ","),
                _ => ("no longer when", ""),
            };
            format!("{is} {text}{}{comma}{tail}", listed(": ", &facts.join(", ")))
        }
        Language::Chinese => {
            let is = match situation {
                Situation::Quiet => "未满足",
                Situation::Pending { .. } | Situation::Firing { .. } => "满足",
                _ => "不再满足",
            };
            format!("{is} {text}{}{tail}", listed("：", &facts.join("，")))
        }
    }
}

/// "when value > 100, for 30s".
pub(super) fn describe(text: &str, timing: Timing, language: Language) -> String {
    let Timing { hold, keep_for, .. } = timing;
    match language {
        Language::English => format!("when {text}{}", en::timing(hold, keep_for)),
        Language::Chinese => {
            let mut said = format!("满足 {text} ");
            if hold.is_zero() {
                said.push_str("时告警");
            } else {
                said.push_str(&format!("并持续 {}后告警", zh_cn::span(hold)));
            }
            if !keep_for.is_zero() {
                said.push_str(&format!("，不满足并持续 {}后恢复", zh_cn::span(keep_for)));
            }
            said
        }
    }
}

/// An expression may be about nothing at all.
fn listed(before: &str, facts: &str) -> String {
    if facts.is_empty() {
        String::new()
    } else {
        format!("{before}{facts}")
    }
}

/// "avg 1h 120".
fn known(fact: &Fact, context: &Context, language: Language) -> String {
    let name = match fact {
        Fact::Value => "value".to_owned(),
        Fact::Previous => "previous".to_owned(),
        Fact::Delta => "delta".to_owned(),
        Fact::Rate => "rate".to_owned(),
        Fact::Age => "age".to_owned(),
        Fact::Ago(span) => format!("ago {}", en::short(*span)),
        Fact::Mean(span) => format!("avg {}", en::short(*span)),
        Fact::Lowest(span) => format!("min {}", en::short(*span)),
        Fact::Highest(span) => format!("max {}", en::short(*span)),
        Fact::Metric(key) => key.clone(),
    };
    match (fact.is(context), language) {
        (Ok(number), _) => format!("{name} {}", rounded(number)),
        (Err(_), Language::English) => format!("{name} unknown"),
        (Err(_), Language::Chinese) => format!("{name} 未知"),
    }
}

/// A mean or a rate has more digits than anybody reads: seven are kept.
fn rounded(number: f64) -> Number {
    let text = format!("{number:.6e}");
    let short = text.parse().unwrap_or(number);
    // What was read is shown as it was.
    let is_whole = number.fract() == 0.0;
    Number(if is_whole { number } else { short })
}
