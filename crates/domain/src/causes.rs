//! An error as people read it: with its causes, each once.

use std::error::Error;

/// The error's text and those of its causes, after colons. A text that ends with its cause already is not followed by it.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !last.ends_with(&why) {
            text = format!("{text}: {why}");
        }
        last = why;
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn each_cause_is_said_once() {
        for (layers, said) in [
            (&["alone"][..], "alone"),
            (&["opening", "refused"], "opening: refused"),
            (&["a: b: c", "b: c", "c"], "a: b: c"),
            (&["starting", "a: b", "b", "c"], "starting: a: b: c"),
            (&["b: a", "a: c", "c"], "b: a: a: c"),
        ] {
            let outer = layers.iter().rev().fold(None, |source, text| {
                let source: Option<Box<Layer>> = source;
                Some(Box::new(Layer { text, source }))
            });
            assert_eq!(with_causes(&*outer.unwrap()), said);
        }
    }
}
