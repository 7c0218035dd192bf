//! The `login = { … }` of a system whose sign-in was recorded.

mod before;
mod fields;
mod token;

use crate::Evidence;
use crate::exchange::Encoding;
use crate::names;
use crate::proposal::{Line, Note, Variable};
use crate::sign_in::{PasswordForm, SignIn, Token};
use crate::target::{self, Target};
use crate::toml::Toml;

/// What is put together for the config.
pub(crate) struct Login<'a> {
    evidence: &'a Evidence<'a>,
    sign_in: &'a SignIn<'a>,
    token: Option<&'a Token>,
    /// Lines of the system itself.
    pub(crate) top: Vec<Line>,
    /// Lines of `login`.
    pub(crate) lines: Vec<Line>,
    pub(crate) steps: Vec<Vec<Line>>,
    pub(crate) notes: Vec<Note>,
    pub(crate) variables: Vec<Variable>,
    extra: Vec<(String, Toml)>,
    headers: Vec<(String, Toml)>,
    values: Vec<(String, Toml)>,
    csrf: Option<Toml>,
    /// What each step takes: its path, the name, and where from.
    taken: Vec<(String, String, Toml)>,
}

impl<'a> Login<'a> {
    pub(crate) fn new(
        evidence: &'a Evidence<'a>,
        sign_in: &'a SignIn<'a>,
        token: Option<&'a Token>,
    ) -> Login<'a> {
        Login {
            evidence,
            sign_in,
            token,
            top: Vec::new(),
            lines: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
            variables: Vec::new(),
            extra: Vec::new(),
            headers: Vec::new(),
            values: Vec::new(),
            csrf: None,
            taken: Vec::new(),
        }
    }

    /// The page that somebody is sent to who is not signed in.
    pub(crate) fn page_path(&self) -> String {
        if self.token.is_some() {
            return "/login".to_owned();
        }
        match self.sign_in.page {
            Some((at, _)) => target::path(&self.evidence.exchanges[at].url),
            None => target::path(&self.sign_in.exchange.url),
        }
    }

    pub(crate) fn describe(&mut self) {
        self.account();
        self.target();
        let is_flat = self
            .sign_in
            .exchange
            .body
            .fields
            .iter()
            .all(|field| field.path.len() == 1);
        let form = PasswordForm::of(&self.sign_in.password.text());
        self.password_note(form);
        match &self.sign_in.exchange.body.json {
            Some(json) if !is_flat => self.whole_body(json.clone(), form),
            _ => self.fields(form),
        }
        self.sent_headers();
        if self.token.is_none() {
            self.form_page();
        }
        if let Some(token) = self.token {
            self.token_lines(token);
        }
        let tables = [
            ("extra", &self.extra),
            ("headers", &self.headers),
            ("values", &self.values),
        ];
        for (key, table) in tables {
            if !table.is_empty() {
                self.lines.push(Line::new(key, Toml::Table(table.clone())));
            }
        }
        self.lines
            .extend(self.csrf.take().map(|csrf| Line::new("csrf", csrf)));
        self.write_steps();
    }

    fn account(&mut self) {
        if let Some(username) = self.sign_in.username {
            let text = username.text();
            // It may be the password too; a token it is not.
            let is_shown = self.evidence.secrets.may_show(&text) || self.sign_in.password.text() == text;
            if !is_shown {
                let text =
                    "the name of the account was not taken over, since it may be a key; write it by hand.";
                self.notes.push(Note::doubt(text));
            }
            let text = if is_shown { text.as_str() } else { "monitor" };
            let why = "Better an account of the monitor's own, which may only read:";
            self.top.push(Line::because("username", Toml::text(text), why));
        }
        let typed = PasswordForm::of(&self.sign_in.password.text()).typed(&self.sign_in.password.text());
        let variable = Variable::new(self.evidence.variable("password"), typed);
        self.top.push(Line::new("password", Toml::env(&variable.name)));
        self.variables.push(variable);
    }

    fn target(&mut self) {
        let call = self.sign_in.exchange;
        let is_own = call.origin() == self.evidence.base;
        match Target::of(call, self.evidence.secrets) {
            Some(target) => {
                if !target.left_out.is_empty() {
                    let names = target.left_out.join(", ");
                    let text = format!(
                        "parameters of the sign-in's address were left out, since they may be keys: {names}"
                    );
                    self.notes.push(Note::doubt(text));
                }
                let line = if is_own {
                    Line::new("path", Toml::text(target.text()))
                } else {
                    Line::new("url", Toml::text(format!("{}{}", call.origin(), target.text())))
                };
                self.lines.push(line);
            }
            None => {
                let text = "the path of the sign-in holds what may be a key, and is another one each time; \
                            write login.path by hand.";
                self.notes.push(Note::obstacle(text));
                self.lines.push(Line::new("path", Toml::text("/login")));
            }
        }
        if call.method != "POST" {
            self.lines
                .push(Line::new("method", Toml::text(call.method.clone())));
        }
        let encoding = match call.body.encoding {
            Encoding::Json => "json",
            Encoding::Form => "form",
            Encoding::None | Encoding::Other => {
                let text = "the sign-in is sent neither as JSON nor as a form (multipart, say), which a config cannot do; often a \
                            form is taken too.";
                self.notes.push(Note::obstacle(text));
                "form"
            }
        };
        let default = if self.token.is_some() { "json" } else { "form" };
        if encoding != default {
            self.lines.push(Line::new("encode", Toml::text(encoding)));
        }
    }

    /// The page that is fetched first.
    fn form_page(&mut self) {
        let own = self.sign_in.exchange;
        let page = self.sign_in.page.map(|(at, _)| &self.evidence.exchanges[at]);
        let page = page
            .and_then(|page| Target::of(page, self.evidence.secrets))
            .map(|page| page.without_next().text());
        if own.origin() != self.evidence.base {
            // The form of another host is where it is sent to.
            if self.csrf.is_none()
                && let Some(name) = self.hidden_token()
            {
                self.csrf = Some(Toml::table([("input", Toml::text(name))]));
            }
            return;
        }
        let needs_page = own.body.fields.iter().any(|field| names::is_csrf(field.name()));
        let page = page.or_else(|| needs_page.then(|| target::path(&own.url)));
        if let Some(page) = page.filter(|page| self.evidence.secrets.may_show(page)) {
            self.lines.push(Line::new("form_path", Toml::text(page)));
        }
    }

    fn hidden_token(&self) -> Option<String> {
        let (_, page) = self.sign_in.page?;
        let hidden = page
            .form
            .iter()
            .find(|input| input.kind == "hidden" && self.evidence.secrets.may_show(&input.name))?;
        Some(hidden.name.clone())
    }

    fn write_steps(&mut self) {
        let mut steps: Vec<(String, Vec<(String, Toml)>)> = Vec::new();
        for (path, name, from) in self.taken.drain(..) {
            match steps.iter_mut().find(|(other, _)| *other == path) {
                Some((_, takes)) => takes.push((name, from)),
                None => steps.push((path, vec![(name, from)])),
            }
        }
        self.steps = steps
            .into_iter()
            .map(|(path, takes)| {
                vec![
                    Line::new("path", Toml::text(path)),
                    Line::new("take", Toml::Table(takes)),
                ]
            })
            .collect();
    }
}
