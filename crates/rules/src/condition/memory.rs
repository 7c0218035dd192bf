//! What a condition keeps between two readings, beside what is kept for every one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A condition's own notes, stored with the state. Empty until it keeps something, and again after the rule was changed
/// to a condition of another name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory(Option<Value>);

/// [`Memory`] as it is stored: whose it is, and what.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default)]
pub(crate) struct Kept {
    of: String,
    is: Value,
}

impl Memory {
    /// What was kept at the reading before. An older version of the condition may have kept it in another form.
    pub fn recall(&self) -> Option<&Value> {
        self.0.as_ref()
    }

    /// Keeps this, and nothing from before.
    pub fn keep(&mut self, what: impl Into<Value>) {
        self.0 = Some(what.into());
    }

    /// Keeps nothing.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    /// What the condition of this name has kept.
    pub(crate) fn of(name: &str, kept: Option<Kept>) -> Memory {
        Memory(kept.filter(|kept| kept.of == name).map(|kept| kept.is))
    }

    /// To be stored for the condition of this name.
    pub(crate) fn kept(self, name: &str) -> Option<Kept> {
        self.0.map(|is| Kept {
            of: name.to_owned(),
            is,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_for_the_condition_that_kept_it() {
        let mut memory = Memory::of("odd", None);
        assert_eq!((memory.recall(), memory.clone().kept("odd")), (None, None));
        memory.keep(3);
        let kept = memory.kept("odd");
        let stored = serde_json::to_string(&kept).unwrap();
        assert_eq!(stored, r#"{"of":"odd","is":3}"#);
        let kept: Option<Kept> = serde_json::from_str(&stored).unwrap();
        assert_eq!(Memory::of("even", kept.clone()), Memory::default());
        let mut memory = Memory::of("odd", kept);
        assert_eq!(memory.recall(), Some(&Value::from(3)));
        memory.forget();
        assert_eq!(memory.kept("odd"), None);
    }
}
