//! Values and headers that the sign-in sends and answers before it brought.

use super::Login;
use super::fields::Sent;
use crate::json::json_path;
use crate::names;
use crate::proposal::{Note, Variable};
use crate::sign_in::{Origin, origin};
use crate::target::Target;
use crate::toml::Toml;

impl Login<'_> {
    /// A value that an answer before brought. `name` is the field, or with `is_header` the header that sends it.
    pub(super) fn brought_before(&mut self, origin: &Origin, name: &str, is_header: bool) -> Sent {
        let (from, call, source) = match origin {
            Origin::Hidden => ("input", self.sign_in.page.map(|(at, _)| at), name.to_owned()),
            Origin::Input { page, name } => ("input", Some(*page), name.clone()),
            Origin::Cookie { set_by, name } => ("cookie", *set_by, name.clone()),
            Origin::Json { call, way } => ("", Some(*call), json_path(way)),
            Origin::Clock { .. } | Origin::Unknown => return Sent::Nothing,
        };
        if !self.evidence.secrets.may_show(&source) {
            return Sent::Nothing;
        }
        // One token of the form's own page has a key of its own.
        let is_of_page = call.is_none() || call == self.sign_in.page.map(|(at, _)| at);
        if self.token.is_none() && self.csrf.is_none() && !from.is_empty() && is_of_page {
            let mut csrf = vec![(from.to_owned(), Toml::text(source.clone()))];
            if is_header {
                csrf.push(("header".to_owned(), Toml::text(name)));
            } else if source != name {
                csrf.push(("field".to_owned(), Toml::text(name)));
            }
            self.csrf = Some(Toml::Table(csrf));
            return Sent::Nothing;
        }
        let call = call.map(|at| &self.evidence.exchanges[at]);
        let path = call
            .and_then(|call| Target::of(call, self.evidence.secrets))
            .map(|target| target.text());
        let take = match from {
            "" => Toml::text(source),
            from => Toml::Table(vec![(from.to_owned(), Toml::text(source))]),
        };
        let value = self.value_name(name);
        let path = path.unwrap_or_else(|| "/".to_owned());
        self.taken.push((path, value.clone(), take));
        Sent::Value(Toml::text(format!("{{{{ {value} }}}}")))
    }

    /// A name for templates that nothing else has.
    pub(super) fn value_name(&self, field: &str) -> String {
        let plain: String = field
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .take(30)
            .collect();
        let plain = format!("from_{}", plain.to_ascii_lowercase());
        let is_taken = |name: &str| {
            self.taken.iter().any(|(_, other, _)| other == name)
                || self.values.iter().any(|(other, _)| other == name)
        };
        let mut name = plain.clone();
        for n in 2.. {
            if !is_taken(&name) {
                break;
            }
            name = format!("{plain}_{n}");
        }
        name
    }

    /// Headers of the sign-in that browsers do not send by themselves.
    pub(super) fn sent_headers(&mut self) {
        let call = self.sign_in.exchange;
        if let Some(value) = call.header("authorization") {
            let variable = Variable::new(self.evidence.variable("client"), Some(value.to_owned()));
            self.values.push(("client".to_owned(), Toml::env(&variable.name)));
            self.headers
                .push(("Authorization".to_owned(), Toml::text("{{ client }}")));
            self.notes.push(Note::doubt(format!(
                "the sign-in sends an Authorization header of the page's own, such as a client id: it is read from {}.",
                variable.name
            )));
            self.variables.push(variable);
        }
        for (name, value) in call
            .headers
            .iter()
            .filter(|(name, _)| names::is_sent_by_script(name))
            .take(10)
        {
            if !self.evidence.secrets.may_show_value(name)
                || self.headers.iter().any(|(other, _)| other == name)
            {
                continue;
            }
            let evidence = self.evidence;
            let origin = origin(evidence.exchanges, evidence.pages, self.sign_in, name, value);
            let sent = match origin {
                Origin::Unknown
                    if evidence.secrets.may_show_value(value)
                        && value.is_ascii()
                        && !names::is_secret(name) =>
                {
                    Sent::Value(Toml::text(value))
                }
                Origin::Unknown | Origin::Clock { .. } => Sent::Nothing,
                origin => self.brought_before(&origin, name, true),
            };
            if let Sent::Value(value) = sent {
                self.headers.push((name.clone(), value));
            }
        }
    }
}
