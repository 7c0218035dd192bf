//! Readings that failed, and those that cannot be judged because something else is not known: nothing alerts and nothing
//! recovers by them.

use monitor_domain::Language;

use super::{Judging, Transition};
use crate::history::Lack;
use crate::state::Unreadable;
use crate::text::{Phrase, add, say};

impl Judging<'_> {
    /// A failed reading: says nothing about the condition, so only the time without data moves on.
    pub(super) fn miss(&mut self, error: &str) {
        let (at, elapsed) = (self.reading.at, self.reading.elapsed);
        let failed = self.state.unreadable.get_or_insert_with(|| Unreadable {
            since: Some(at),
            ..Unreadable::default()
        });
        failed.lasted = failed.lasted.saturating_add(elapsed);
        error.clone_into(&mut failed.error);
        if !failed.reported && failed.lasted >= self.rule.no_data {
            failed.reported = true;
            self.transitions.push(Transition::NoData {
                for_: failed.lasted,
                error: error.to_owned(),
            });
        }
    }

    /// Since when nothing could be read, why, and what was known before.
    pub(super) fn unreadable(&self, error: &str) -> String {
        let failed = self.state.unreadable.as_ref().map(|failed| {
            if failed.reported {
                let lasted = failed.lasted;
                Phrase::NoData { lasted, error }
            } else {
                let since = self.when(failed.since);
                Phrase::Unreadable { since, error }
            }
        });
        let last = self.state.value.map(|value| Phrase::LastRead {
            value,
            at: self.when(self.state.value_at),
        });
        let mut sentence = String::new();
        for phrase in [failed, last].iter().flatten() {
            add(self.rule.language, &mut sentence, phrase);
        }
        self.add_firing(&mut sentence);
        sentence
    }

    /// A good reading whose condition depends on what cannot be read: as little is known as if it had not been read.
    pub(super) fn cannot_judge(&mut self, value: f64, lack: &Lack) -> String {
        let default = Language::default();
        let why = lack.say(default);
        self.miss(&say(default, &[Phrase::CannotBeJudged { value, why: &why }]));
        let language = self.rule.language;
        let why = lack.say(language);
        let mut sentence = say(language, &[Phrase::CannotBeJudged { value, why: &why }]);
        if let Some(failed) = self.state.unreadable.as_ref().filter(|failed| failed.reported) {
            let lasted = failed.lasted;
            let error = &sentence;
            sentence = say(language, &[Phrase::NoData { lasted, error }]);
        }
        self.add_firing(&mut sentence);
        sentence
    }

    /// A good reading of which nothing can be said, and nobody could mend that. What is open stays open.
    pub(super) fn unjudged(&self, value: f64, lack: &Lack) -> String {
        let why = lack.say(self.rule.language);
        let mut sentence = say(self.rule.language, &[Phrase::NotJudged { value, why: &why }]);
        self.add_firing(&mut sentence);
        sentence
    }

    /// Since when what is open has been.
    fn add_firing(&self, sentence: &mut String) {
        if let Some(open) = &self.state.level {
            let since = self.when(open.since);
            add(self.rule.language, sentence, &Phrase::WasFiring { since });
        }
    }
}
