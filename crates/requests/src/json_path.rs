//! Reading a JSONPath of the config, and saying how one that is wrong is written.

use std::fmt;
use std::ops::Deref;

use monitor_domain::Mistyped;
use serde_json_path::ParseError;

/// A JSONPath (RFC 9535). It is shown as the config has it: the library writes `$..n` as `$...n`, which is nowhere in the config.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    text: String,
    path: serde_json_path::JsonPath,
}

impl Deref for JsonPath {
    type Target = serde_json_path::JsonPath;

    fn deref(&self) -> &serde_json_path::JsonPath {
        &self.path
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The path.
///
/// # Errors
/// Why it is none, and how it may have been meant.
pub fn json_path(text: &str) -> Result<JsonPath, String> {
    let path = serde_json_path::JsonPath::parse(text).map_err(|error| {
        let why = why(text, &error);
        match meant(&typed(text)) {
            Some(meant) => format!("not a JSONPath (RFC 9535): {why}; write {meant}"),
            None => format!("not a JSONPath (RFC 9535): {why}"),
        }
    })?;
    Ok(JsonPath {
        text: text.to_owned(),
        path,
    })
}

/// What is wrong, in words. Positions are counted in characters, from 1.
fn why(text: &str, error: &ParseError) -> String {
    let nth = |offset: usize| text[..text.floor_char_boundary(offset)].chars().count() + 1;
    if let Some((_, mistyped)) = Mistyped::first_in(text, None) {
        return match mistyped.meant {
            // The path stands in double quotes already.
            '"' => Mistyped {
                meant: '\'',
                ..mistyped
            }
            .to_string(),
            _ => mistyped.to_string(),
        };
    }
    if text.trim().is_empty() {
        return "it is empty; $ is the whole answer".to_owned();
    }
    if !text.starts_with('$') {
        return "it has to begin with $".to_owned();
    }
    match unclosed(text) {
        Some((at, '[')) if text[at + 1..].trim().is_empty() => {
            return "it ends after \"[\": a name in quotes, an index or *, and a \"]\" are missing"
                .to_owned();
        }
        Some((at, quote @ ('\'' | '"'))) => {
            return format!("the quote {quote} at character {} is not closed", nth(at));
        }
        Some((at, open)) => return format!("the \"{open}\" at character {} is not closed", nth(at)),
        None => {}
    }
    if text.trim_end().ends_with('.') {
        return "it ends with a dot: a name is missing after it".to_owned();
    }
    let at = error.position();
    let rest = text.get(at..).unwrap_or_default();
    match error.message() {
        _ if rest.is_empty() => "something is missing at its end".to_owned(),
        // The parser's own words, where it has any.
        message if !message.ends_with("parser error") => {
            let message = message.rsplit(", ").next().unwrap_or(message);
            format!("at character {}, {message}", nth(at))
        }
        _ => format!("from character {} on it cannot be understood: {rest}", nth(at)),
    }
}

/// The bracket, or the quote, that is open at the end.
fn unclosed(text: &str) -> Option<(usize, char)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (open.last().map(|(_, c)| *c), c) {
            (Some('\'' | '"'), _) if escaped => escaped = false,
            (Some('\'' | '"'), '\\') => escaped = true,
            (Some(quote @ ('\'' | '"')), c) if c == quote => drop(open.pop()),
            (Some('\'' | '"'), _) => {}
            (_, '[' | '(' | '\'' | '"') => open.push((at, c)),
            (Some('['), ']') | (Some('('), ')') => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// The path as an English keyboard types it; between quotes of whichever kind it stays as it is.
fn typed(text: &str) -> String {
    let mut typed = String::new();
    let (mut from, mut in_quotes) = (0, false);
    for (at, mistyped) in Mistyped::all_in(text, None) {
        let is_quote = matches!(mistyped.meant, '"' | '\'');
        if in_quotes && !is_quote {
            continue;
        }
        in_quotes ^= is_quote;
        typed.push_str(&text[from..at]);
        typed.push(if is_quote { '\'' } else { mistyped.meant });
        from = at + mistyped.found.len_utf8();
    }
    typed + &text[from..]
}

/// The path with the `$` in front and quotes around names that need them, if that makes it one.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = match text.strip_prefix('$') {
        Some(rest) => rest.to_owned(),
        None if text.starts_with(['.', '[']) => text.to_owned(),
        None => format!(".{text}"),
    };
    let (mut path, mut other, mut rest) = ("$".to_owned(), "$".to_owned(), rest.as_str());
    while !rest.is_empty() {
        let (step, as_member, length) = step(rest)?;
        path.push_str(&step);
        other.push_str(&as_member);
        rest = rest.get(length..)?;
    }
    serde_json_path::JsonPath::parse(&path).ok()?;
    Some(if path == other {
        path
    } else {
        format!("{path} for an element of a list, or {other} for a member of that name")
    })
}

/// The step that `rest` begins with, as it is written, as it is written if a number in it is a name, and its length.
fn step(rest: &str) -> Option<(String, String, usize)> {
    let same = |step: String, length| Some((step.clone(), step, length));
    if rest.starts_with('[') {
        let length = rest.find(']')? + 1;
        let inner = rest[1..length - 1].trim();
        // A filter may hold brackets of its own: it is left as it is.
        if inner.starts_with('?') {
            return same(rest.to_owned(), rest.len());
        }
        let is_name = inner
            .chars()
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_');
        let step = if is_name {
            quoted(inner)
        } else {
            rest[..length].to_owned()
        };
        return same(step, length);
    }
    let dots = if rest.starts_with("..") {
        2
    } else {
        usize::from(rest.starts_with('.'))
    };
    let (before, name) = rest.split_at(dots);
    let name = &name[..name.find(['.', '[']).unwrap_or(name.len())];
    let length = dots + name.len();
    let descends = if dots == 2 { ".." } else { "" };
    if dots == 2 && name.is_empty() {
        return same("..".to_owned(), length);
    }
    if name.is_empty() {
        return None;
    }
    if name == "*" || is_shorthand(name) {
        let before = if before.is_empty() { "." } else { before };
        return same(format!("{before}{name}"), length);
    }
    let member = format!("{descends}{}", quoted(name));
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return Some((format!("{descends}[{name}]"), member, length));
    }
    same(member, length)
}

/// Whether a name may stand after a dot (RFC 9535, 2.5.1.1).
fn is_shorthand(name: &str) -> bool {
    let may_begin = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    name.starts_with(may_begin) && name.chars().all(|c| may_begin(c) || c.is_ascii_digit())
}

fn quoted(name: &str) -> String {
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_path_says_how_to_write_it() {
        for (wrong, write) in [
            ("$.unpaid-orders", "write $['unpaid-orders']"),
            (
                "$.data.unpaid-orders[*].id",
                "write $.data['unpaid-orders'][*].id",
            ),
            ("$..unpaid-orders", "write $..['unpaid-orders']"),
            ("total", "write $.total"),
            (".total", "write $.total"),
            ("items[*].n", "write $.items[*].n"),
            ("[0].n", "write $[0].n"),
            ("data.unpaid-orders", "write $.data['unpaid-orders']"),
            ("$.a b", "write $['a b']"),
            ("$.it's", r"write $['it\'s']"),
            ("$.@type", "write $['@type']"),
            ("$.2026_total", "write $['2026_total']"),
            ("$[total]", "write $['total']"),
            ("$total", "write $.total"),
            ("数量", "write $.数量"),
            ("$.订单-数量", "write $['订单-数量']"),
            (
                "$.items.0.n",
                "write $.items[0].n for an element of a list, or $.items['0'].n for a member",
            ),
            (" $.total", "write $.total"),
        ] {
            let error = json_path(wrong).unwrap_err();
            assert!(error.contains(write), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_good_path_is_taken() {
        for good in [
            "$",
            "$.total",
            "$.数量",
            "$.订单：数",
            "$['“订单”']",
            "$['unpaid-orders']",
            "$..n",
            "$[?@.n > 1]",
        ] {
            assert!(json_path(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        for (wrong, why) in [
            ("", "it is empty; $ is the whole answer"),
            ("$.", "it ends with a dot: a name is missing after it"),
            ("$.a.", "it ends with a dot: a name is missing after it"),
            (
                "$.total[",
                "it ends after \"[\": a name in quotes, an index or *, and a \"]\" are missing",
            ),
            ("$.total[0", "the \"[\" at character 8 is not closed"),
            ("$.数量[?@.n == 1", "the \"[\" at character 5 is not closed"),
            ("$[?match(@.n, 'a']", "the \"(\" at character 9 is not closed"),
            ("$['a", "the quote ' at character 3 is not closed"),
            ("$.a[?@.b ==]", "at character 10, expected closing ']'"),
            (
                "$.a]",
                "from character 4 on it cannot be understood: ]; write $['a]']",
            ),
        ] {
            let error = json_path(wrong).unwrap_err();
            assert_eq!(error, format!("not a JSONPath (RFC 9535): {why}"), "{wrong}");
        }
    }

    #[test]
    fn what_a_chinese_keyboard_typed_is_named() {
        for (wrong, why) in [
            (
                "$[“订单”]",
                "“ (U+201C) is a curly quote; type '; write $['订单']",
            ),
            (
                "$[‘订单’].n",
                "‘ (U+2018) is a curly quote; type '; write $['订单'].n",
            ),
            (
                "$[“订单，数”]",
                "“ (U+201C) is a curly quote; type '; write $['订单，数']",
            ),
            (
                "$.items[０]",
                "０ (U+FF10) is a full-width character; type 0; write $.items[0]",
            ),
            (
                "$。total",
                "。 (U+3002) is a full-width dot; type .; write $.total",
            ),
            ("￥.total", "￥ (U+FFE5) is a yen sign; type $; write $.total"),
            (
                "$.items[＊].n",
                "＊ (U+FF0A) is a full-width character; type *; write $.items[*].n",
            ),
            (
                "$.a[?@.n\u{3000}== ]",
                "U+3000 is a full-width space; type a space",
            ),
        ] {
            let error = json_path(wrong).unwrap_err();
            assert_eq!(error, format!("not a JSONPath (RFC 9535): {why}"), "{wrong}");
        }
    }
}
