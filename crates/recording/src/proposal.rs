//! What is proposed for the config.

use std::fmt;

use crate::toml::Toml;

/// Systems and metrics for the config, read from a recording.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub(crate) system: System,
    pub(crate) metrics: Vec<Metric>,
    /// Numbers that were left out, one a line.
    pub(crate) others: Vec<String>,
    pub(crate) notes: Vec<Note>,
    pub(crate) variables: Vec<Variable>,
    /// The host, for the heading.
    pub(crate) host: String,
}

/// Something that a person must know of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether it works all the same.
    pub kind: NoteKind,
    /// What is the matter, and what to do.
    pub text: String,
}

/// How bad a [`Note`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// The monitor cannot sign in this way.
    Obstacle,
    /// Something was not in the recording, or is a guess.
    Doubt,
}

/// A variable of the environment that holds a secret of the proposal.
#[derive(Clone)]
pub struct Variable {
    /// Such as `SHOP_PASSWORD`.
    pub name: String,
    recorded: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) lines: Vec<Line>,
    pub(crate) login: Vec<Line>,
    pub(crate) steps: Vec<Vec<Line>>,
}

/// `key = value   # why`
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) key: &'static str,
    pub(crate) value: Toml,
    pub(crate) why: Option<String>,
}

/// A metric of the proposal.
#[derive(Clone, Debug)]
pub struct Metric {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) fetch: Vec<(&'static str, Toml)>,
    /// Whether it counts things, so that a rise is news.
    pub(crate) counts: bool,
    /// What the recording showed.
    pub(crate) recorded: Option<String>,
    pub(crate) why: Vec<String>,
}

impl Proposal {
    /// What a person must know: what cannot work first.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The variables that the proposal reads its secrets from.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The text for the config with the recorded secrets in the place of variables for which `is_set` says no: to try it with,
    /// and to be shown and stored nowhere.
    pub fn with_recorded_secrets(&self, is_set: impl Fn(&str) -> bool) -> String {
        let mut proposal = self.clone();
        let missing = self.variables.iter().filter(|variable| !is_set(&variable.name));
        let secrets: Vec<(&str, &str)> = missing
            .filter_map(|variable| Some((variable.name.as_str(), variable.recorded.as_deref()?)))
            .collect();
        let system = &mut proposal.system;
        let lines = system.lines.iter_mut().chain(&mut system.login);
        lines.for_each(|line| line.value.fill_in(&secrets));
        proposal.to_string()
    }

    /// The metrics, the most plausible first.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The name of the system.
    pub fn system(&self) -> &str {
        &self.system.name
    }

    /// The kind of its login, such as `json_token`.
    pub fn kind(&self) -> &str {
        self.system.kind
    }
}

impl Metric {
    /// Its key in the config.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What people read.
    pub fn title(&self) -> &str {
        &self.title
    }
}

impl Note {
    pub(crate) fn obstacle(text: impl Into<String>) -> Note {
        Note {
            kind: NoteKind::Obstacle,
            text: text.into(),
        }
    }

    pub(crate) fn doubt(text: impl Into<String>) -> Note {
        Note {
            kind: NoteKind::Doubt,
            text: text.into(),
        }
    }
}

impl Line {
    pub(crate) fn new(key: &'static str, value: Toml) -> Line {
        Line {
            key,
            value,
            why: None,
        }
    }

    pub(crate) fn because(key: &'static str, value: Toml, why: &str) -> Line {
        Line {
            key,
            value,
            why: Some(why.to_owned()),
        }
    }
}

impl Variable {
    pub(crate) fn new(name: String, recorded: Option<String>) -> Variable {
        Variable { name, recorded }
    }

    /// What the recording has for it; it is in no text of the proposal.
    pub fn recorded_secret(&self) -> Option<&str> {
        self.recorded.as_deref()
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
