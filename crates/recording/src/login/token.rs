//! Where the token is, how it lives and how it goes along.

use super::Login;
use crate::json::json_path;
use crate::names;
use crate::proposal::{Line, Note};
use crate::sign_in::{Carrier, Place, Token};
use crate::toml::Toml;

impl Login<'_> {
    pub(super) fn token_lines(&mut self, token: &Token) {
        let secrets = self.evidence.secrets;
        let is_shown = match &token.place {
            Place::Json(way) => secrets.may_show(&json_path(way)),
            Place::Header(name) => {
                secrets.may_show(name) && names::is_sent_by_script(name) || name == "authorization"
            }
        };
        if !is_shown {
            let text =
                "where the token is cannot be shown, since its name may be a key; write login.token by hand.";
            return self.notes.push(Note::obstacle(text));
        }
        match &token.place {
            Place::Json(way) => self.lines.push(Line::new("token", Toml::text(json_path(way)))),
            Place::Header(name) => self.lines.push(Line::new("token_header", Toml::text(name))),
        }
        let carrier = token.carrier.as_ref().filter(|carrier| match carrier {
            Carrier::Header { name, scheme } => secrets.may_show(name) && secrets.may_show_value(scheme),
            Carrier::Cookie(_) | Carrier::Query(_) => true,
        });
        match carrier {
            Some(Carrier::Header { name, scheme }) => {
                if name != "authorization" {
                    self.top.push(Line::new("header", Toml::text(name)));
                }
                let default = if name == "authorization" { "Bearer" } else { "" };
                if scheme != default {
                    self.top.push(Line::new("scheme", Toml::text(scheme)));
                }
            }
            Some(Carrier::Cookie(name)) => {
                let name = self.evidence.shown(name);
                let text = format!(
                    "later calls carry the token in the cookie {name}, which a script of the page sets; a config cannot do \
                     that. Often the system takes it as \"Authorization: Bearer\" too, which is what is proposed."
                );
                self.notes.push(Note::obstacle(text));
            }
            Some(Carrier::Query(name)) => {
                let name = self.evidence.shown(name);
                let text = format!(
                    "later calls carry the token in the query parameter {name}, which a config cannot do. Often the system \
                     takes it as \"Authorization: Bearer\" too, which is what is proposed."
                );
                self.notes.push(Note::obstacle(text));
            }
            None => {
                let text =
                    "no later call of the recording carries the token; \"Authorization: Bearer\" is a guess.";
                self.notes.push(Note::doubt(text));
            }
        }
        self.life(token);
    }

    fn life(&mut self, token: &Token) {
        if let Some(life) = token.life(self.sign_in.exchange) {
            let path = json_path(&life.way);
            let why = "Whether this is in seconds or milliseconds is a guess by its size:";
            if self.evidence.secrets.may_show(&path) {
                let line = Line::new("expires_in", Toml::text(path));
                self.lines.push(if life.is_guess {
                    Line {
                        why: Some(why.to_owned()),
                        ..line
                    }
                } else {
                    line
                });
                if life.is_ms {
                    self.lines.push(Line::new("expires_unit", Toml::text("ms")));
                }
            }
        }
        if let Some(refresh) = token.refresh(self.evidence.exchanges, self.sign_in.index) {
            let from = json_path(&refresh.from);
            let secrets = self.evidence.secrets;
            if secrets.may_show_path(&refresh.path)
                && secrets.may_show(&from)
                && secrets.may_show_name(&refresh.field)
            {
                let refresh = [
                    ("path", Toml::text(refresh.path)),
                    ("from", Toml::text(from)),
                    ("field", Toml::text(refresh.field)),
                ];
                self.lines.push(Line::new("refresh", Toml::table(refresh)));
            }
        }
    }
}
