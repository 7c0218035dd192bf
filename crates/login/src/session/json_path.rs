//! Reading a JSONPath of the config, and saying how one that is wrong is written.

use serde_json_path::JsonPath;

/// The path.
///
/// # Errors
/// Why it is none, and how it may have been meant.
pub fn json_path(text: &str) -> Result<JsonPath, String> {
    JsonPath::parse(text).map_err(|error| match meant(text) {
        Some(meant) => format!("not a JSONPath (RFC 9535): {error}; write {meant}"),
        None => format!("not a JSONPath (RFC 9535): {error}"),
    })
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
    JsonPath::parse(&path).ok()?;
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
    fn a_good_path_is_taken_and_what_nobody_understands_gets_no_advice() {
        for good in [
            "$",
            "$.total",
            "$.数量",
            "$['unpaid-orders']",
            "$..n",
            "$[?@.n > 1]",
        ] {
            assert!(json_path(good).is_ok(), "{good}");
        }
        for wrong in ["", "$.", "$[", "$.a[?@.b ==]", "$.a.", "$['a"] {
            let error = json_path(wrong).unwrap_err();
            assert!(
                error.starts_with("not a JSONPath (RFC 9535): ") && !error.contains("write"),
                "{wrong}: {error}"
            );
        }
    }
}
