//! Texts from outside, made fit for both databases.

use std::borrow::Cow;

/// A text without NUL characters: PostgreSQL's TEXT cannot hold them, and one in an upstream's message must not make an
/// alert impossible to store. They become U+FFFD.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same for a text that may be missing.
pub(crate) fn clean_opt(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(clean)
}
