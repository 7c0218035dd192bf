//! What the page says to do, read from the page: new files, lines of lists, and pieces of config.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cases::blocks::blocks;

/// The page.
pub(super) const PAGE: &str = include_str!("../../../docs/extending.md");

/// `source` with the lines of a diff that begin with `+`. They go below the line before them, or above the line after them
/// where `…` stands for what is between.
///
/// # Errors
/// The line that the source does not have exactly once, from there on.
pub(super) fn with_lines(source: &str, diff: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = source.lines().collect();
    let (mut at, mut waiting, mut below) = (0, Vec::new(), true);
    for line in diff.lines() {
        match (line.strip_prefix('+'), line.strip_prefix(' ')) {
            (Some(new), _) if below => {
                lines.insert(at, new);
                at += 1;
            }
            (Some(new), _) => waiting.push(new),
            (None, Some("…")) => below = false,
            (None, Some(known)) => {
                let found = lines[at..].iter().position(|line| *line == known);
                at += found.ok_or(format!("no line {known:?}"))?;
                for new in std::mem::take(&mut waiting) {
                    lines.insert(at, new);
                    at += 1;
                }
                (at, below) = (at + 1, true);
            }
            _ => return Err(format!("neither a line that is there nor a new one: {line:?}")),
        }
    }
    if !waiting.is_empty() {
        return Err(format!("nothing says what these are above of: {waiting:?}"));
    }
    Ok(lines.join("\n") + "\n")
}

/// Every file that the page makes or changes, as it is afterwards, by its path in the repository.
pub(super) fn taken(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for block in blocks(PAGE) {
        let Some(file) = block.file() else { continue };
        let text = match block.language {
            "rust" => block.text.to_owned(),
            "diff" => {
                let source = std::fs::read_to_string(root.join(file)).unwrap();
                with_lines(&source, block.text).unwrap_or_else(|wrong| panic!("{file}: {wrong}"))
            }
            other => panic!("{file}: what is to be done with {other}?"),
        };
        assert_eq!(files.insert(file.to_owned(), text), None, "{file}: once");
    }
    files
}

/// The pieces of config, one below the other.
pub(super) fn config() -> String {
    let pieces = blocks(PAGE);
    let pieces = pieces.iter().filter(|block| block.about == "config");
    pieces.map(|block| block.text).collect::<Vec<_>>().join("\n")
}

#[test]
fn lines_go_where_the_diff_has_them() {
    let source = "mod a;\nmod c;\n\nconst ALL: &[&str] = &[\n    \"a\",\n    \"c\",\n];\n";
    let both = " mod a;\n+mod b;\n …\n const ALL: &[&str] = &[\n …\n+    \"b\",\n ];\n";
    let after = "mod a;\nmod b;\nmod c;\n\nconst ALL: &[&str] = &[\n    \"a\",\n    \"c\",\n    \"b\",\n];\n";
    assert_eq!(with_lines(source, both).as_deref(), Ok(after));
    let second = " mod c;\n+mod d;\n";
    assert!(
        with_lines(source, second)
            .unwrap()
            .starts_with("mod a;\nmod c;\nmod d;\n")
    );
    // In the order of the source only, and nothing in the air.
    for (wrong, why) in [
        (" mod b;\n+mod c;\n", "no line \"mod b;\""),
        (" mod c;\n …\n mod a;\n", "no line \"mod a;\""),
        (" mod a;\n …\n+mod b;\n", "above of"),
        (" mod a;\n-mod c;\n", "\"-mod c;\""),
    ] {
        let said = with_lines(source, wrong).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}
