//! Turning a parser's messages into sentences for people, and "did you mean".

/// What serde calls the types whose values may be secret or hold one, so that what stands there instead is not quoted.
const UNQUOTED: &[&str] = &["a string, { env = \"NAME\" } or { file = \"/path\" }", "a map"];

/// What serde calls a type, and what a person would write.
const TYPES: &[(&str, &str)] = &[
    ("a duration", "a duration such as \"30s\" or \"5m\""),
    ("an array of length 2", "a list of two numbers, [low, high]"),
    ("a string", "a string in quotes"),
    ("a boolean", "true or false"),
    ("a sequence", "a list such as [\"a\", \"b\"]"),
    ("path string", "a path in quotes"),
    ("a map", "a table such as { key = \"value\" }"),
    ("f64", "a number"),
    ("u8", "a whole number, 0 or more"),
    ("u16", "a whole number, 0 to 65535"),
    ("u32", "a whole number, 0 or more"),
    ("u64", "a whole number, 0 or more"),
    ("usize", "a whole number, 0 or more"),
    ("i64", "a whole number"),
    ("any valid TOML value", "a value"),
];

/// What serde calls a value of the wrong type.
const VALUES: &[(&str, &str)] = &[
    ("map", "a table"),
    ("sequence", "a list"),
    ("unit value", "nothing"),
];

/// What serde calls numbers.
const NUMBERS: &[&str] = &["integer ", "floating point "];

/// A serde error, understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// A key that no struct has; with those that there are.
    UnknownKey { key: String, known: Vec<String> },
    /// Something that must be there is not.
    MissingKey(String),
    /// Anything else, in words.
    Other(String),
}

/// Understands serde's own messages; others pass as they are.
pub(crate) fn understand(message: &str) -> Complaint {
    let quoted = || message.split('`').skip(1).step_by(2).map(str::to_owned);
    if message.starts_with("unknown field `") {
        let mut words = quoted();
        return Complaint::UnknownKey {
            key: words.next().unwrap_or_default(),
            known: words.collect(),
        };
    }
    if message.starts_with("missing field `") {
        return Complaint::MissingKey(quoted().next().unwrap_or_default());
    }
    if message.starts_with("unknown variant `") {
        let mut words = quoted();
        let given = words.next().unwrap_or_default();
        return Complaint::Other(not_one_of(&given, &words.collect::<Vec<_>>()));
    }
    for prefix in ["invalid type: ", "invalid value: "] {
        if let Some((got, wanted)) = message
            .strip_prefix(prefix)
            .and_then(|rest| rest.rsplit_once(", expected "))
        {
            return Complaint::Other(wrong_type(got, wanted));
        }
    }
    if message.starts_with("wanted string or table") {
        return Complaint::Other("must be a string in quotes".to_owned());
    }
    Complaint::Other(message.to_owned())
}

/// "no such key; did you mean "interval"?", or all that there are.
pub(crate) fn no_such_key(key: &str, known: &[String]) -> String {
    match suggest(key, known) {
        Some(near) => format!("there is no such key; did you mean \"{near}\"?"),
        None => format!("there is no such key; {}", there_is(known)),
    }
}

/// "no system "c"; there are a, b".
pub(crate) fn no_such<S: AsRef<str>>(what: &str, name: &str, all: &[S]) -> String {
    match suggest(name, all) {
        Some(near) => format!("no {what} \"{name}\"; did you mean \"{near}\"?"),
        None => format!("no {what} \"{name}\"; {}", there_is(all)),
    }
}

/// ""crit" is not possible; did you mean "critical"? There are …".
pub(crate) fn not_one_of<S: AsRef<str>>(given: &str, known: &[S]) -> String {
    match suggest(given, known) {
        Some(near) => format!(
            "\"{given}\" is not possible; did you mean \"{near}\"? {}",
            capital(&there_is(known))
        ),
        None => format!("\"{given}\" is not possible; {}", there_is(known)),
    }
}

/// "there are a, b", "there is only a", "there are none".
pub fn there_is<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => "there is none".to_owned(),
        [one] => format!("there is only {}", one.as_ref()),
        several => format!(
            "there are {}",
            several.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// "smtp", "a or b", "one of a, b, c".
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} or {other}"),
        several => format!("one of {}", several.join(", ")),
    }
}

/// The nearest of the known words, if it is near enough to be what was meant.
pub fn suggest<'k, S: AsRef<str>>(word: &str, known: &'k [S]) -> Option<&'k str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|one| {
            (
                distance(&word.to_lowercase(), &one.as_ref().to_lowercase()),
                one.as_ref(),
            )
        })
        .filter(|(distance, one)| *distance <= allowed && *distance < one.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

fn wrong_type(got: &str, wanted: &str) -> String {
    let is_unquoted = UNQUOTED.contains(&wanted);
    let wanted = TYPES.iter().find(|(serde, _)| *serde == wanted).map_or_else(
        || wanted.strip_prefix("struct ").map_or(wanted, |_| "a table"),
        |(_, words)| words,
    );
    if is_unquoted {
        return format!("must be {wanted}");
    }
    // What a number stands for may be a key as well as a text.
    if wanted == "a string in quotes" && NUMBERS.iter().any(|kind| got.starts_with(kind)) {
        return format!("must be {wanted}, not a number");
    }
    let got = match VALUES.iter().find(|(serde, _)| *serde == got) {
        Some((_, words)) => (*words).to_owned(),
        None => match got.split_once(' ') {
            Some(("string", text)) => text.to_owned(),
            Some((_, rest)) if rest.contains('`') => rest.split('`').nth(1).unwrap_or(rest).to_owned(),
            _ => got.to_owned(),
        },
    };
    format!("must be {wanted}, not {got}")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour to get from one word to the
/// other (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(message: &str) -> String {
        match understand(message) {
            Complaint::Other(text) => text,
            complaint => panic!("{complaint:?}"),
        }
    }

    #[test]
    fn near_words_are_suggested_and_far_ones_not() {
        let known = ["interval", "title", "unit", "fetch"];
        assert_eq!(suggest("intervall", &known), Some("interval"));
        assert_eq!(suggest("tilte", &known), Some("title"), "a swap is one slip");
        assert_eq!(suggest("Fetch", &known), Some("fetch"));
        assert_eq!(suggest("colour", &known), None);
        assert_eq!(suggest("q", &["x"]), None, "one letter is never near another");
    }

    #[test]
    fn messages_of_serde_read_like_sentences() {
        let unknown = understand("unknown field `tilte`, expected one of `title`, `unit`");
        assert_eq!(
            unknown,
            Complaint::UnknownKey {
                key: "tilte".to_owned(),
                known: vec!["title".to_owned(), "unit".to_owned()]
            }
        );
        assert_eq!(
            understand("missing field `kind`"),
            Complaint::MissingKey("kind".to_owned())
        );
        assert_eq!(
            other("invalid value: string \"5x\", expected a duration"),
            "must be a duration such as \"30s\" or \"5m\", not \"5x\""
        );
        assert_eq!(
            other("invalid type: integer `5`, expected a string"),
            "must be a string in quotes, not a number"
        );
        assert_eq!(
            other("invalid type: floating point `1.5`, expected usize"),
            "must be a whole number, 0 or more, not 1.5"
        );
        assert_eq!(
            other("invalid type: map, expected f64"),
            "must be a number, not a table"
        );
        assert_eq!(
            other("unknown variant `crit`, expected one of `info`, `warning`, `critical`"),
            "\"crit\" is not possible; there are info, warning, critical"
        );
    }

    #[test]
    fn secrets_are_not_quoted() {
        for wanted in ["a map", "a string, { env = \"NAME\" } or { file = \"/path\" }"] {
            let text = other(&format!("invalid type: string \"hunter2\", expected {wanted}"));
            assert!(
                !text.contains("hunter2") && text.starts_with("must be a"),
                "{text}"
            );
        }
    }
}
