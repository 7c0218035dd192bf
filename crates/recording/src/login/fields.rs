//! What the sign-in sends.

use serde_json::Value;

use super::Login;
use crate::exchange::{Field, Step};
use crate::json::{at_mut, walk};
use crate::names;
use crate::obstacles;
use crate::proposal::{Line, Note, Variable};
use crate::sign_in::{Origin, PasswordForm, origin};
use crate::toml::Toml;

/// What is sent in a field that is neither name nor password.
pub(super) enum Sent {
    Nothing,
    Value(Toml),
}

impl Login<'_> {
    pub(super) fn password_note(&mut self, form: PasswordForm) {
        let field = self.evidence.shown(self.sign_in.password.name());
        match form {
            PasswordForm::AsTyped => {}
            PasswordForm::Base64 => {
                let text = format!(
                    "the page sends the password in base64 (field {field}), and so does the proposal."
                );
                self.notes.push(Note::doubt(text));
            }
            PasswordForm::Hash { filter, .. } => {
                let text = format!(
                    "the page sends a hash of the password (field {field}). By its length it is {filter}, which is what is proposed; \
                     with a salt, or for SM3, change the template in login.extra (docs/configuration.md, json_token). Set the \
                     variable to the password as it is typed, and try it."
                );
                self.notes.push(Note::doubt(text));
            }
            PasswordForm::Encrypted => {
                let text = format!(
                    "a script of the page encrypts the password (field {field}; RSA, SM2 or AES), which a config cannot do. \
                     Have an account or a fixed token for programs (kind = \"bearer\", \"basic\" or \"oauth2\") from those who run \
                     the system; or add a kind of login in Rust (docs/extending.md)."
                );
                self.notes.push(Note::obstacle(text));
            }
        }
    }

    /// Names of the fields, and those besides.
    pub(super) fn fields(&mut self, form: PasswordForm) {
        let mut names = Vec::new();
        if let Some(username) = self.sign_in.username {
            names.extend(self.field_name("username", username.name()));
        }
        let own = self.sign_in.password.name().to_owned();
        match form.template() {
            Some(template) => {
                names.push(("password".to_owned(), Toml::text("")));
                self.extra.push((own, Toml::text(template)));
            }
            None => names.extend(self.field_name("password", &own)),
        }
        if !names.is_empty() {
            self.lines.push(Line::new("fields", Toml::Table(names)));
        }
        let more: Vec<&Field> = self.sign_in.more().collect();
        for field in more {
            match self.sent(field) {
                Sent::Nothing => {}
                Sent::Value(value) => self.extra.push((field.name().to_owned(), value)),
            }
        }
    }

    fn field_name(&mut self, key: &str, name: &str) -> Option<(String, Toml)> {
        if name == key {
            return None;
        }
        if !self.evidence.secrets.may_show_name(name) {
            let text = format!(
                "the name of the {key} field may be a key and is not shown; write login.fields.{key} by hand."
            );
            self.notes.push(Note::obstacle(text));
            return None;
        }
        Some((key.to_owned(), Toml::text(name)))
    }

    /// A document whose fields are not all at its top, such as that of GraphQL.
    pub(super) fn whole_body(&mut self, mut body: Value, form: PasswordForm) {
        let password = form.template().unwrap_or_else(|| "{{ password }}".to_owned());
        let username = self
            .sign_in
            .username
            .map(|field| (&field.path, "{{ username }}".to_owned()));
        for (path, template) in username
            .into_iter()
            .chain([(&self.sign_in.password.path, password)])
        {
            if let Some(place) = at_mut(&mut body, path) {
                *place = Value::String(template);
            }
        }
        let more: Vec<&Field> = self.sign_in.more().collect();
        for field in more {
            let sent = match self.sent(field) {
                Sent::Value(Toml::Table(_)) => {
                    // A secret of the environment; a body takes it from `values`.
                    let name = self.value_name(field.name());
                    let variable = self.variables.last().map(|variable| Toml::env(&variable.name));
                    self.values
                        .extend(variable.map(|variable| (name.clone(), variable)));
                    Value::String(format!("{{{{ {name} }}}}"))
                }
                Sent::Value(Toml::Text(text)) => Value::String(text),
                Sent::Value(_) => continue,
                Sent::Nothing => Value::String(String::new()),
            };
            if let Some(place) = at_mut(&mut body, &field.path) {
                *place = sent;
            }
        }
        let mut is_shown = true;
        walk(&body, |way, _| {
            is_shown &= way.iter().all(|step| match step {
                Step::Key(key) => self.evidence.secrets.may_show_name(key),
                Step::Index(_) => true,
            });
        });
        match Toml::from_json(&body).filter(|_| is_shown) {
            Some(body) => self.lines.push(Line::new("body", body)),
            None => self.notes.push(Note::obstacle(
                "the body of the sign-in cannot be written as it is (it has null, or what may be a key as a name); write login.body \
                 by hand.",
            )),
        }
    }

    pub(super) fn sent(&mut self, field: &Field) -> Sent {
        let (evidence, name, text) = (self.evidence, field.name(), field.text());
        if let Some(note) = obstacles::of_field(evidence, self.sign_in, field) {
            self.notes.push(note);
            return Sent::Nothing;
        }
        if !evidence.secrets.may_show_name(name) {
            let text = "a field of the sign-in was left out, since its name may be a key.";
            self.notes.push(Note::doubt(text));
            return Sent::Nothing;
        }
        match &field.value {
            Value::Bool(_) | Value::Number(_) => {
                if let Some(value) =
                    Toml::from_json(&field.value).filter(|value| !matches!(value, Toml::Float(_)))
                    && origin(evidence.exchanges, evidence.pages, self.sign_in, name, &text)
                        == Origin::Unknown
                    && evidence.secrets.may_show_value(&text)
                {
                    return Sent::Value(value);
                }
            }
            Value::Null => return Sent::Nothing,
            _ => {}
        }
        match origin(evidence.exchanges, evidence.pages, self.sign_in, name, &text) {
            Origin::Hidden if self.token.is_none() => Sent::Nothing,
            Origin::Clock { is_ms: true } => Sent::Value(Toml::text("{{ now_ms }}")),
            Origin::Clock { is_ms: false } => Sent::Value(Toml::text("{{ now }}")),
            Origin::Unknown => self.constant(name, &text),
            origin => self.brought_before(&origin, name, false),
        }
    }

    /// A field whose value the page knows by itself.
    fn constant(&mut self, name: &str, text: &str) -> Sent {
        let secrets = self.evidence.secrets;
        if names::is_csrf(name) {
            let shown = self.evidence.shown(name);
            let text = format!(
                "the sign-in sends {shown}, a token against forged requests, and the page that it came from is not in the \
                 recording; the form is fetched first, which often brings it. Else record again from the login page on."
            );
            self.notes.push(Note::doubt(text));
            return Sent::Nothing;
        }
        if secrets.may_show_value(text) && !names::is_secret(name) {
            return Sent::Value(Toml::text(text));
        }
        let shown = self.evidence.shown(name);
        let variable = Variable::new(self.evidence.variable(name), Some(text.to_owned()));
        self.notes.push(Note::doubt(format!(
            "the sign-in sends {shown}, which may be a key of the page: it is read from {}. Where it is another one each time, a \
             script makes it, and the sign-in will be refused.",
            variable.name
        )));
        let value = Toml::env(&variable.name);
        self.variables.push(variable);
        Sent::Value(value)
    }
}
