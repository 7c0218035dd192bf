//! What people see of a web page, found by a CSS selector: for values that no API has.

use std::fmt;

use monitor_domain::counted;
use scraper::{ElementRef, Html, Node, Selector};

/// Elements whose content nobody sees.
const UNSEEN: [&str; 6] = ["script", "style", "template", "noscript", "head", "datalist"];

/// Elements that go on in the line of the text around them. Between all others is at least a space: the figures of two cells are
/// two, and so are a number and its footnote, or what is crossed out and what replaces it.
const INLINE: [&str; 22] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i",
    "kbd", "label", "mark", "samp", "small", "span", "strong", "time",
];

/// A CSS selector, and what is taken of the elements that match: their visible text, or an attribute.
#[derive(Clone, Debug)]
pub struct PageSelector {
    css: Selector,
    text: String,
    attribute: Option<String>,
}

impl PageSelector {
    /// Reads a selector, such as `"#total"` or `"table.orders tr.unpaid"`.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(css: &str, attribute: Option<&str>) -> Result<PageSelector, String> {
        let parsed = Selector::parse(css).map_err(|error| {
            // Some of its messages want to be reported to somebody.
            let text = error.to_string();
            let why = match text.starts_with("Unexpected error") {
                true => text.split_whitespace().next_back().unwrap_or_default(),
                false => &text,
            };
            format!("not a CSS selector: {why}")
        })?;
        Ok(PageSelector {
            css: parsed,
            text: css.to_owned(),
            attribute: attribute.map(str::to_owned),
        })
    }

    /// What the one element has that it selects on this page. Whitespace is collapsed; texts of different blocks stand on lines
    /// of their own.
    ///
    /// # Errors
    /// Where it selects none or several, or the element has no such attribute.
    pub fn one(&self, page: &str) -> Result<String, String> {
        let page = Html::parse_document(page);
        let found: Vec<ElementRef<'_>> = page.select(&self.css).collect();
        match found.as_slice() {
            [] => Err(format!("the page has no {self}")),
            [one] => self.take(*one),
            several => Err(format!(
                "{self} selects {}; it must select one",
                counted(several.len(), "element")
            )),
        }
    }

    /// What each of the elements has that it selects on this page, in their order; of those inside of the one that `within`
    /// selects, where there is that.
    ///
    /// # Errors
    /// Where `within` selects none or several, or an element has no such attribute.
    pub fn all(&self, page: &str, within: Option<&PageSelector>) -> Result<Vec<String>, String> {
        let page = Html::parse_document(page);
        let Some(within) = within else {
            return page.select(&self.css).map(|one| self.take(one)).collect();
        };
        let outer: Vec<ElementRef<'_>> = page.select(&within.css).collect();
        match outer.as_slice() {
            [] => Err(format!("the page has no {within}")),
            [one] => one.select(&self.css).map(|one| self.take(one)).collect(),
            several => Err(format!(
                "{within} selects {}; it must select one",
                counted(several.len(), "element")
            )),
        }
    }

    fn take(&self, element: ElementRef<'_>) -> Result<String, String> {
        match &self.attribute {
            Some(name) => element
                .attr(name)
                .map(|value| value.trim().to_owned())
                .ok_or_else(|| format!("{self} has no attribute {name}")),
            None => Ok(visible_text(element)),
        }
    }
}

impl fmt::Display for PageSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text of an element as a reader sees it.
fn visible_text(element: ElementRef<'_>) -> String {
    let mut raw = String::new();
    collect(element, &mut raw);
    let lines = raw
        .split('\n')
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn collect(element: ElementRef<'_>, text: &mut String) {
    for child in element.children() {
        match child.value() {
            // A line break of the source is a space.
            Node::Text(piece) => text.extend(piece.chars().map(|c| if c == '\n' { ' ' } else { c })),
            Node::Element(_) => {
                let Some(child) = ElementRef::wrap(child).filter(is_seen) else {
                    continue;
                };
                if INLINE.contains(&child.value().name()) {
                    collect(child, text);
                } else {
                    text.push('\n');
                    collect(child, text);
                    text.push('\n');
                }
            }
            _ => {}
        }
    }
}

/// Style sheets are not read; what an element says of itself is.
fn is_seen(element: &ElementRef<'_>) -> bool {
    let style: String = element
        .attr("style")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .split_whitespace()
        .collect();
    !UNSEEN.contains(&element.value().name())
        && element.attr("hidden").is_none()
        && !style.contains("display:none")
        && !style.contains("visibility:hidden")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><title>Orders</title><meta name="csrf" content=" k&amp;1 ">
        <h1>Open: <span id="total" data-total="1378">
            1&nbsp;<b>378</b><script>99</script><span hidden>7</span><span style="display: none">8</span></span></h1>
        <p id="note">12<sup>3</sup></p><p id="price"><del>100</del>80</p><p id="empty"> <br> </p>
        <table id="orders"><tr class="row"><td>1<td>20</tr><tr class="row"><td>2<td>30</tr></table>
        <table id="none"></table><p class="row">outside</p>"#;

    fn one(css: &str, attribute: Option<&str>) -> Result<String, String> {
        PageSelector::parse(css, attribute)?.one(PAGE)
    }

    #[test]
    fn the_text_is_what_a_reader_sees() {
        for (css, text) in [
            ("#total", "1 378"),
            ("h1", "Open: 1 378"),
            ("#note", "12\n3"),
            ("#price", "100\n80"),
            ("#empty", ""),
            ("#orders tr:first-child", "1\n20"),
            ("title", "Orders"),
        ] {
            assert_eq!(one(css, None).as_deref(), Ok(text), "{css}");
        }
        assert_eq!(one("#total", Some("data-total")).as_deref(), Ok("1378"));
        assert_eq!(one("meta[name=csrf]", Some("content")).as_deref(), Ok("k&1"));
    }

    #[test]
    fn exactly_one_is_wanted_or_all() {
        for (css, attribute, why) in [
            ("#nowhere", None, "the page has no #nowhere"),
            (".row", None, ".row selects 3 elements; it must select one"),
            ("#total", Some("title"), "#total has no attribute title"),
            ("#total >", None, "not a CSS selector"),
        ] {
            let got = one(css, attribute).unwrap_err();
            assert!(got.starts_with(why), "{got}");
        }
        let rows = |within: Option<&str>| {
            let within = within.map(|css| PageSelector::parse(css, None).unwrap());
            let all = PageSelector::parse(".row", None)?.all(PAGE, within.as_ref());
            all.map(|rows| rows.len())
        };
        assert_eq!(rows(None), Ok(3));
        assert_eq!(rows(Some("#orders")), Ok(2));
        assert_eq!(rows(Some("#none")), Ok(0));
        assert_eq!(rows(Some("#login")), Err("the page has no #login".into()));
        assert!(rows(Some("table")).unwrap_err().contains("2 elements"));
    }
}
