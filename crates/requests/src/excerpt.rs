//! What may be printed of an answer: a short line without the secrets in it.

use crate::redact::{REDACTED, SECRET_PARTS};

/// A piece of an answer as it may be printed: one line, at most `max` characters, and without what follows words like
/// `token`, `password` or `Bearer`.
pub fn excerpt(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let safe = redact_text(&line);
    match safe.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &safe[..end]),
        None => safe,
    }
}

/// Masks the values in `"token": "…"`, `password=…`, `Authorization: Bearer …` and the like.
fn redact_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(word);
        rest = after;
        let lower = word.to_ascii_lowercase();
        if SECRET_PARTS.iter().any(|part| lower.contains(part)) {
            rest = skip_value(&mut out, rest);
        } else if matches!(lower.as_str(), "bearer" | "basic") {
            rest = skip_credential(&mut out, rest);
        }
    }
    out.push_str(rest);
    out
}

/// After a secret's name: copies what separates name and value, masks the value, gives back what follows.
fn skip_value<'a>(out: &mut String, rest: &'a str) -> &'a str {
    let separator = rest
        .find(|c: char| !(c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ':' | '=')))
        .unwrap_or(rest.len());
    let (between, value) = rest.split_at(separator);
    if value.is_empty() || !between.contains([':', '=']) {
        return rest;
    }
    let quoted = between.ends_with(['"', '\'']);
    let end_of = |value: &str| {
        let ends = |c: char| {
            if quoted {
                matches!(c, '"' | '\'')
            } else {
                c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\'' | '<' | '>' | '}' | ')')
            }
        };
        value.find(ends).unwrap_or(value.len())
    };
    let mut after = &value[end_of(value)..];
    if !quoted
        && matches!(
            value[..value.len() - after.len()].to_ascii_lowercase().as_str(),
            "bearer" | "basic"
        )
    {
        let credential = after.trim_start();
        after = &credential[end_of(credential)..];
    }
    out.push_str(between);
    out.push_str(REDACTED);
    after
}

/// After `Bearer` or `Basic`: masks the next word if it is long enough to be a credential.
fn skip_credential<'a>(out: &mut String, rest: &'a str) -> &'a str {
    let value = rest.trim_start();
    let end = value
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '<'))
        .unwrap_or(value.len());
    if end < 8 || value.len() == rest.len() {
        return rest;
    }
    out.push(' ');
    out.push_str(REDACTED);
    &value[end..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn excerpts_are_one_short_line_without_secrets() {
        for (text, expected) in [
            ("<h1>Bad\n\n  gateway</h1>", "<h1>Bad gateway</h1>"),
            (
                r#"{"error":"invalid","code":40058}"#,
                r#"{"error":"invalid","code":40058}"#,
            ),
            (r#"{"token":"hunter2","n":1}"#, r#"{"token":"[redacted]","n":1}"#),
            (r#"{"password" : "hun ter2"}"#, r#"{"password" : "[redacted]"}"#),
            (
                "bad password=hunter2, try again",
                "bad password=[redacted], try again",
            ),
            (
                "Authorization: Bearer hunter2hunter2 refused",
                "Authorization: [redacted] refused",
            ),
            ("sent Bearer hunter2hunter2 to us", "sent Bearer [redacted] to us"),
            ("Basic authentication needed", "Basic [redacted] needed"),
            ("your token has expired", "your token has expired"),
        ] {
            assert_eq!(excerpt(text, 200), expected);
        }
        assert_eq!(excerpt("äöüäöü", 3), "äöü…");
    }

    proptest! {
        #[test]
        fn any_text_is_redacted_without_panic(text in any::<String>(), max in 0_usize..50) {
            prop_assert!(excerpt(&text, max).chars().count() <= max + 1);
        }

        #[test]
        fn json_secrets_do_not_survive_in_an_excerpt(secret in "Z[0-9ZQ]{11,30}", spaces in " {0,3}") {
            let shown = excerpt(&format!("{{\"access_token\":{spaces}\"{secret}\",\"n\":1}}"), 500);
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }
    }
}
