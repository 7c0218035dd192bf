//! How bad something is.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownWord;

/// How much it matters that somebody hears of it.
#[derive(
    Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; nobody has to act.
    Info,
    /// Somebody should act on it in working hours.
    #[default]
    Warning,
    /// Somebody should act on it now.
    Critical,
}

impl Severity {
    /// Every severity, lowest first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// The word used in the config, the database and the API: `info`, `warning` or `critical`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Severity, UnknownWord> {
        let known = Severity::ALL.into_iter().find(|one| one.as_str() == word);
        known.ok_or_else(|| UnknownWord::new("severity", word, &Severity::ALL.map(Severity::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_there_and_back() {
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse(), Ok(severity));
            let json = serde_json::to_string(&severity).unwrap();
            assert_eq!(json, format!("\"{severity}\""));
        }
        assert!(Severity::Critical > Severity::Warning && Severity::Warning > Severity::Info);
        let error = "fatal".parse::<Severity>().unwrap_err().to_string();
        assert_eq!(error, "no severity \"fatal\"; there are info, warning, critical");
    }
}
