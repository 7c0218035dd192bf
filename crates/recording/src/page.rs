//! The forms of a page, and its numbers.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use crate::limits::{MAX_PAGE, MAX_PAIRS};

/// A selector of this file.
#[allow(clippy::expect_used, reason = "constants, of which a test uses every one")]
fn selector(text: &'static str) -> Selector {
    Selector::parse(text).expect("a selector")
}

static FORMS: LazyLock<Selector> = LazyLock::new(|| selector("form"));
static INPUTS: LazyLock<Selector> = LazyLock::new(|| selector("input"));
static METAS: LazyLock<Selector> = LazyLock::new(|| selector("meta[name][content]"));

/// What a page has that a sign-in needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The inputs of the form with the password, or else of the only form.
    pub(crate) form: Vec<Input>,
    pub(crate) has_password: bool,
    pub(crate) metas: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) value: String,
}

/// Elements that the parser opens again wherever they were left open, which takes a time that grows with their square.
const FORMATTING: &[&str] = &[
    "a", "b", "i", "u", "s", "em", "big", "code", "font", "nobr", "small", "strike", "strong", "tt",
];
/// So many of them may be left open.
const MAX_OPEN: usize = 200;

/// Whether a page can be parsed in a moment.
pub(crate) fn is_parsable(text: &str) -> bool {
    if text.len() > MAX_PAGE {
        return false;
    }
    let mut open = 0_usize;
    for tag in text.split('<').skip(1) {
        let (is_end, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let name = tag
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if FORMATTING.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            open = if is_end { open.saturating_sub(1) } else { open + 1 };
        }
        if open > MAX_OPEN {
            return false;
        }
    }
    true
}

impl Page {
    /// Reads a page; nothing of one that is too large.
    pub(crate) fn parse(text: &str) -> Page {
        if !is_parsable(text) {
            return Page::default();
        }
        let page = Html::parse_document(text);
        let forms: Vec<Vec<Input>> = page.select(&FORMS).take(50).map(inputs).collect();
        let is_password = |form: &Vec<Input>| form.iter().any(|input| input.kind == "password");
        let with_password = forms.iter().position(is_password);
        let chosen = with_password.or((forms.len() == 1).then_some(0));
        let metas = page
            .select(&METAS)
            .take(MAX_PAIRS)
            .filter_map(|meta| Some((meta.attr("name")?.to_owned(), meta.attr("content")?.to_owned())));
        Page {
            form: chosen.and_then(|at| forms.get(at).cloned()).unwrap_or_default(),
            has_password: with_password.is_some(),
            metas: metas.collect(),
        }
    }
}

fn inputs(form: ElementRef<'_>) -> Vec<Input> {
    let input = |input: ElementRef<'_>| {
        let name = input.attr("name").filter(|name| !name.is_empty())?;
        Some(Input {
            name: name.to_owned(),
            kind: input.attr("type").unwrap_or("text").to_ascii_lowercase(),
            value: input.attr("value").unwrap_or_default().to_owned(),
        })
    };
    form.select(&INPUTS).take(MAX_PAIRS).filter_map(input).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_with_the_password_is_chosen() {
        let page = Page::parse(
            "<title> 登录 </title><meta name=csrf-token content=m1><form><input name=q></form>\
             <form><input type=HIDDEN name=csrf value=c1><input name=user><input type=Password name=pw></form>",
        );
        let inputs: Vec<String> = page
            .form
            .iter()
            .map(|i| format!("{} {} {}", i.kind, i.name, i.value))
            .collect();
        assert_eq!(inputs, ["hidden csrf c1", "text user ", "password pw "]);
        assert!(page.has_password);
        assert_eq!(page.metas, [("csrf-token".to_owned(), "m1".to_owned())]);
    }

    #[test]
    fn what_is_no_page_has_nothing() {
        for text in ["", "{\"a\":1}", "<<<", &"<form>".repeat(100_000)] {
            let page = Page::parse(text);
            assert!(!page.has_password && page.form.is_empty());
        }
    }
}
