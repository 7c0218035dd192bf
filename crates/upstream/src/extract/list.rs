//! Several numbers of an answer, and what is made of them.

use monitor_domain::counted;
use monitor_login::PageSelector;
use monitor_requests::Response;

use super::{Decimal, MAX_EXACT, Selection, json, number};

/// What is counted, or reckoned with.
#[derive(Clone, Debug)]
pub enum List {
    /// What a JSONPath selects.
    Json(Selection),
    /// Elements of a page.
    Page {
        /// Which.
        select: PageSelector,
        /// The one element that they are in.
        within: Option<PageSelector>,
        /// How numbers are written in them.
        decimal: Decimal,
    },
}

impl List {
    /// How many there are.
    pub(super) fn count(&self, response: &Response) -> Result<f64, String> {
        #[allow(clippy::cast_precision_loss)] // far fewer than 2^53 fit the body limit
        match self {
            List::Json(path) => Ok(path.nodes(&json(response)?)?.len() as f64),
            List::Page { .. } => Ok(self.texts(response)?.len() as f64),
        }
    }

    /// The sum of them; 0 for an empty list.
    pub(super) fn sum(&self, response: &Response) -> Result<f64, String> {
        // Not `Iterator::sum`, which is -0 for nothing.
        let numbers = self.numbers(response)?;
        let sum = numbers.into_iter().fold(0.0, |sum, number| sum + number);
        // A sum that has come this far may have lost ones on the way.
        if sum.abs() >= MAX_EXACT {
            return Err(format!(
                "the sum of {self} is too large to be counted exactly (the limit is 2^53)"
            ));
        }
        Ok(sum)
    }

    /// The best of them.
    pub(super) fn pick(&self, response: &Response, better: fn(f64, f64) -> f64) -> Result<f64, String> {
        self.numbers(response)?
            .into_iter()
            .reduce(better)
            .ok_or_else(|| format!("{self} selects nothing"))
    }

    fn numbers(&self, response: &Response) -> Result<Vec<f64>, String> {
        match self {
            List::Json(path) => {
                let (place, json) = (path.to_string(), json(response)?);
                let nodes = path.all_nodes(&json)?;
                nodes
                    .into_iter()
                    .map(|node| number::from_json(&place, node))
                    .collect()
            }
            List::Page { decimal, .. } => {
                let texts = self.texts(response)?;
                let number = |text: &String| number::from_text(text, *decimal, response);
                texts.iter().map(number).collect()
            }
        }
    }

    /// The texts of the elements. None is a number only where it is known that the list is there: an error page has no rows
    /// either.
    fn texts(&self, response: &Response) -> Result<Vec<String>, String> {
        let List::Page { select, within, .. } = self else {
            return Ok(Vec::new());
        };
        let texts = select.all(&text(response)?, within.as_ref())?;
        if texts.is_empty() && within.is_none() {
            return Err(format!(
                "the page has no {select}; where none may be an answer, say which element they are in: within = \"#orders\""
            ));
        }
        Ok(texts)
    }

    /// What it sees, for those who try it out.
    pub(super) fn found(&self, response: &Response) -> Result<String, String> {
        let texts: Vec<String> = match self {
            List::Json(path) => {
                let json = json(response)?;
                let nodes = path.nodes(&json)?;
                nodes.iter().map(ToString::to_string).collect()
            }
            List::Page { .. } => self.texts(response)?,
        };
        Ok(format!(
            "{}: {}",
            counted(texts.len(), "element"),
            texts.join(", ")
        ))
    }
}

impl std::fmt::Display for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            List::Json(path) => path.fmt(f),
            List::Page { select, .. } => select.fmt(f),
        }
    }
}

/// The text of an answer in its charset.
pub(super) fn text(response: &Response) -> Result<String, String> {
    Ok(String::from_utf8_lossy(&response.utf8()?).into_owned())
}
