//! Numbers that a page shows.

use std::collections::HashMap;
use std::sync::LazyLock;

use ego_tree::NodeRef;
use regex::Regex;
use scraper::{ElementRef, Html, Node};

use super::{Candidate, plausible};
use crate::names;
use crate::page::is_parsable;

/// Nodes of a page that are visited, and numbers that are taken.
const MAX_NODES: usize = 40_000;
const MAX_NUMBERS: usize = 60;
/// The longest text around a number.
const MAX_TEXT: usize = 80;
/// A number in a pattern: what the config takes apart.
pub(super) const NUMBER: &str = "(-?[0-9][0-9,]*(?:\\.[0-9]+)?)";
/// What may stand between a label and its number.
const BETWEEN: &str = "(?:\\s|&nbsp;|<[^>]*>|[:：(（])*";

/// A pattern of this file.
#[allow(clippy::expect_used, reason = "constants, of which a test uses every one")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// A text with one number: what is before it, the number, what is after.
static TEXT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([^0-9]*?)(-?[0-9]{1,3}(?:,[0-9]{3})+|-?[0-9]+)(\.[0-9]+)?([^0-9]*)$"));

/// The numbers of a page, each with a pattern that finds it and nothing before it.
pub(super) fn numbers(text: &str) -> Vec<Candidate> {
    if !is_parsable(text) {
        return Vec::new();
    }
    let page = Html::parse_document(text);
    let mut ids: HashMap<String, usize> = HashMap::new();
    let elements = || page.tree.nodes().take(MAX_NODES).filter_map(ElementRef::wrap);
    for id in elements().filter_map(|element| element.attr("id")) {
        *ids.entry(id.to_owned()).or_default() += 1;
    }
    let mut found: Vec<Candidate> = Vec::new();
    for element in elements() {
        if found.len() >= MAX_NUMBERS {
            break;
        }
        if matches!(
            element.value().name(),
            "script"
                | "style"
                | "option"
                | "select"
                | "textarea"
                | "time"
                | "noscript"
                | "a"
                | "title"
                | "head"
        ) {
            continue;
        }
        found.extend(number(text, element, &ids));
    }
    found
}

fn number(text: &str, element: ElementRef<'_>, ids: &HashMap<String, usize>) -> Option<Candidate> {
    let own = own_text(element)?;
    let parts = TEXT.captures(&own)?;
    let before = parts[1]
        .trim()
        .trim_end_matches([':', '：', '(', '（', '¥', '$', '€'])
        .trim()
        .to_owned();
    let recorded = format!("{}{}", &parts[2], parts.get(3).map_or("", |it| it.as_str()));
    let after = parts[4].trim().trim_start_matches([')', '）']).trim().to_owned();
    if before.chars().count() > 40 || after.chars().count() > 40 {
        return None;
    }
    let beside = beside(element);
    let label = [Some(before.clone()), beside.clone(), Some(after.clone())]
        .into_iter()
        .flatten()
        .find(|label| label.chars().filter(|c| c.is_alphabetic()).count() >= 2);
    let id = element.attr("id").filter(|id| is_plain_id(id));
    let is_alone = parts[1].trim().is_empty() && parts[4].trim().is_empty();
    // An id stands once in a page; where it does not, it is no way to the number.
    let select = id
        .filter(|id| is_alone && ids.get(*id) == Some(&1))
        .map(|id| format!("#{id}"));
    let mut patterns = Vec::new();
    let words = |label: &str| {
        label
            .split_whitespace()
            .map(regex::escape)
            .collect::<Vec<_>>()
            .join("\\s+")
    };
    if let Some(label) = label.as_deref() {
        patterns.push(format!("{}{BETWEEN}{NUMBER}", words(label)));
        patterns.push(format!("{NUMBER}{BETWEEN}{}", words(label)));
    }
    let take = match select {
        Some(select) => ("select", select),
        // One that finds another number first would be read as this one.
        None => (
            "regex",
            patterns
                .into_iter()
                .find(|pattern| finds(pattern, text, &recorded))?,
        ),
    };
    let mut score = label.as_deref().map_or(0, plausible::label) + 2;
    let id_words = names::words(element.attr("id").unwrap_or_default());
    score += plausible::words(&id_words).clamp(-6, 5);
    if matches!(element.value().name(), "td" | "th" | "li" | "button" | "label") {
        score -= 2;
    }
    let digits: String = recorded.chars().filter(|c| *c != ',').collect();
    score += digits
        .parse::<serde_json::Number>()
        .map_or(-20, |number| plausible::size(&number));
    // Years, and the line at the end of a page.
    if own.contains(['©', '%']) || (digits.len() == 4 && digits.starts_with("20")) {
        score -= 6;
    }
    let mut words = id_words;
    if words.is_empty() {
        words = label.as_deref().map(names::words).unwrap_or_default();
    }
    Some(Candidate {
        call: 0,
        score,
        take,
        counts: digits.chars().all(|c| c.is_ascii_digit()),
        recorded,
        label,
        words,
    })
}

/// Whether an id is a CSS selector as it is.
fn is_plain_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// The text of an element without elements in it.
fn own_text(element: ElementRef<'_>) -> Option<String> {
    if element.child_elements().next().is_some() {
        return None;
    }
    let text: String = element.text().take(20).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty() && text.len() <= MAX_TEXT * 3 && text.chars().count() <= MAX_TEXT).then_some(text)
}

/// The text before an element, or else after it.
fn beside(element: ElementRef<'_>) -> Option<String> {
    let text = |node: NodeRef<'_, Node>| match node.value() {
        Node::Text(text) => Some(text.to_string()),
        Node::Element(_) => {
            ElementRef::wrap(node).map(|one| one.text().take(20).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    let label = |text: String| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text
            .trim_matches([':', '：', '(', ')', '（', '）', ',', '，', ' '])
            .to_owned();
        let is_label = text.chars().count() <= 40
            && text.chars().any(char::is_alphabetic)
            && !text.chars().any(|c| c.is_ascii_digit());
        is_label.then_some(text)
    };
    let has_text = |text: &String| !text.trim().is_empty();
    let before = element
        .prev_siblings()
        .take(10)
        .filter_map(text)
        .find(has_text)
        .and_then(label);
    before.or_else(|| {
        element
            .next_siblings()
            .take(10)
            .filter_map(text)
            .find(has_text)
            .and_then(label)
    })
}

/// Whether a text is a number and nothing else.
pub(super) fn is_number(text: &str) -> bool {
    let parts = TEXT.captures(text);
    parts.is_some_and(|parts| parts[1].is_empty() && parts[4].is_empty())
}

/// Whether the first number that a pattern finds is this one.
pub(super) fn finds(pattern: &str, text: &str, number: &str) -> bool {
    let found = Regex::new(pattern)
        .ok()
        .and_then(|pattern| Some(pattern.captures(text)?.get(1)?.as_str() == number));
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<String> {
        let all = numbers(page).into_iter().filter(|one| one.score >= 3);
        all.map(|one| format!("{}: {}", one.label.unwrap_or_default(), one.recorded))
            .collect()
    }

    #[test]
    fn numbers_are_found_with_their_labels() {
        let page = "<h1>概览 2026</h1><div><span>待处理订单：</span><b id=\"pending\">1,204</b></div>\
                    <dl><dt>Unpaid invoices</dt><dd>17</dd></dl><p class=paginator>3 users</p><p>库存 (42)</p><p>未读消息：<i>9</i> 条</p>\
                    <p>Version 12</p><footer>© 2026</footer><b>7</b>";
        assert_eq!(
            found(page),
            [
                "待处理订单: 1,204",
                "Unpaid invoices: 17",
                "users: 3",
                "库存: 42",
                "未读消息: 9"
            ]
        );
    }

    #[test]
    fn a_pattern_finds_this_number_first_or_is_not_proposed() {
        let page = "<p>Total 1</p><p>Total 2</p><p>Sum: 3</p><i id=n>5</i><i id='n'>6</i><u id=\"k\" class=\"c9\">\n 7 </u>";
        let found: Vec<String> = numbers(page)
            .into_iter()
            .map(|one| format!("{} {}", one.take.0, one.recorded))
            .collect();
        assert_eq!(found, ["regex 1", "regex 3", "select 7"]);
    }

    #[test]
    fn what_a_page_says_cannot_become_a_pattern() {
        let all = numbers("<dl><dt>total .*(a+)+$ [pending]</dt><dd>5</dd></dl>");
        assert_eq!(all.len(), 1);
        assert!(
            all[0].take.1.contains("\\.\\*\\(a\\+\\)\\+\\$"),
            "{}",
            all[0].take.1
        );
    }
}
