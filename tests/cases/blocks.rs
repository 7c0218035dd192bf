//! The blocks of code of a document, for the tests that take them at their word.

/// A block of code.
#[derive(Debug, PartialEq)]
pub(super) struct Block<'a> {
    /// Its language.
    pub(super) language: &'a str,
    /// What stands behind it: such as `file=PATH`.
    pub(super) about: &'a str,
    pub(super) text: &'a str,
    /// What the document says since the block before.
    pub(super) before: &'a str,
}

impl Block<'_> {
    /// The file that it is, or that it changes.
    pub(super) fn file(&self) -> Option<&str> {
        self.about.strip_prefix("file=")
    }
}

/// All blocks of a page. A fence is closed by as many backticks, so that a block may show shorter ones.
pub(super) fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut found, mut after) = (Vec::new(), 0);
    let mut open: Option<(&str, usize, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let info = line[ticks..].trim();
        match open {
            None if ticks >= 3 => open = Some((info, at, ticks)),
            Some((info_of_it, began, fence)) if ticks == fence && info.is_empty() => {
                let (language, about) = info_of_it.split_once(' ').unwrap_or((info_of_it, ""));
                let text = began + page[began..].find('\n').unwrap() + 1;
                found.push(Block {
                    language,
                    about,
                    text: &page[text..at],
                    before: &page[after..began],
                });
                after = at + line.len();
                open = None;
            }
            _ => {}
        }
        at += line.len();
    }
    assert_eq!(open, None, "a block is not closed");
    found
}

#[test]
fn blocks_are_read_as_markdown_has_them() {
    let page = "One\n```rust file=a.rs\nfn a() {}\n```\ntwo\n````rust\n```toml\nb = 1\n```\n````\n";
    let block = |language, about, text, before| Block {
        language,
        about,
        text,
        before,
    };
    assert_eq!(
        blocks(page),
        [
            block("rust", "file=a.rs", "fn a() {}\n", "One\n"),
            block("rust", "", "```toml\nb = 1\n```\n", "two\n"),
        ]
    );
    assert_eq!(blocks(""), []);
    assert!(std::panic::catch_unwind(|| blocks("```rust\nfn a() {}\n")).is_err());
}
