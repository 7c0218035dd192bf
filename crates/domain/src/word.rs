//! A word that an enum of ours does not have.

/// A word that is none of an enum's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {what} \"{word}\"; there are {known}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: String,
}

impl UnknownWord {
    /// `word` is no `what`, of which there are the `known` ones.
    pub fn new(what: &'static str, word: &str, known: &[&str]) -> UnknownWord {
        UnknownWord {
            what,
            word: word.to_owned(),
            known: known.join(", "),
        }
    }
}
