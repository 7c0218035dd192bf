//! The small templates of the config: `"/api/alerts?n={{ delta }}"`, `"{{ password | md5 }}"`.
//!
//! Read once, when the config is checked: what is wrong with one is said there, and so is a name that nobody fills in. What they
//! are filled with may be secret, so neither an error nor `Debug` shows a value or the text around it.

mod dates;
mod filters;
mod json;
mod vars;

use std::fmt;
use std::sync::Arc;

use tera::{ErrorKind, Tera};

pub(crate) use filters::{hex, percent_encode};
pub use json::JsonTemplate;
pub use vars::Vars;
pub(crate) use vars::{ALWAYS, check_name, check_values};

/// The one template that each engine here has.
const NAME: &str = "value";

/// One value of the config that may have `{{ … }}` in it.
#[derive(Clone)]
pub struct Template(Content);

#[derive(Clone)]
enum Content {
    /// Without a placeholder: most of them.
    Plain(Arc<str>),
    Filled {
        tera: Arc<Tera>,
        /// The names that it uses.
        names: Arc<[String]>,
    },
}

impl Template {
    /// Reads a template that may use these names, besides those that [`Vars`] always has.
    ///
    /// # Errors
    /// What is wrong with it, without its text: a syntax error with its column, or a name that is not among `names`.
    pub fn parse(text: &str, names: &[&str]) -> Result<Template, String> {
        if !text.contains("{{") && !text.contains("{%") {
            return Ok(Template(Content::Plain(text.into())));
        }
        let mut tera = filters::engine();
        tera.add_raw_template(NAME, text).map_err(|error| say(&error))?;
        let used = tera.get_template_variables(NAME).map_err(|error| say(&error))?;
        let mut used: Vec<String> = used.into_iter().map(str::to_owned).collect();
        used.sort_unstable();
        let known = |name: &str| names.contains(&name) || vars::ALWAYS.contains(&name);
        if let Some(name) = used.iter().find(|name| !known(name)) {
            let mut all: Vec<&str> = names.iter().chain(&vars::ALWAYS).copied().collect();
            all.sort_unstable();
            return Err(format!(
                "nothing is called {name:?} here; there are {}",
                all.join(", ")
            ));
        }
        Ok(Template(Content::Filled {
            tera: Arc::new(tera),
            names: used.into(),
        }))
    }

    /// Whether it is the same whatever it is filled with.
    pub fn is_plain(&self) -> bool {
        matches!(self.0, Content::Plain(_))
    }

    /// The text with everything filled in.
    ///
    /// # Errors
    /// Why it cannot be filled in, without a value.
    pub fn fill(&self, vars: &Vars) -> Result<String, String> {
        match &self.0 {
            Content::Plain(text) => Ok(text.to_string()),
            Content::Filled { tera, .. } => tera.render(NAME, vars.context()).map_err(|error| say(&error)),
        }
    }

    /// Whether it can be filled in with such values, as far as `vars` has all that it uses: said when the config is checked.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn try_fill(&self, vars: &Vars) -> Result<(), String> {
        match &self.0 {
            Content::Filled { names, .. } if names.iter().all(|name| vars.has(name)) => {
                self.fill(vars).map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_plain() { "[plain]" } else { "[template]" })
    }
}

/// The engine's message with its column; its report would quote the template.
fn say(error: &tera::Error) -> String {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let message = report.message().trim_end_matches('.');
            // Messages about a value quote it.
            let message = message.split('`').next().unwrap_or_default().trim_end();
            format!(
                "not a template: {message} at column {}",
                report.span().start_col + 1
            )
        }
        kind => {
            let text = kind.to_string();
            let filter = text.split_once("nknown filter `").map(|(_, rest)| rest);
            match filter.and_then(|rest| rest.split('`').next()) {
                Some(name) => format!("not a template: there is no filter {name:?}"),
                None => "not a template that can be filled in".to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, String> {
        let template = Template::parse(text, &["username", "password"])?;
        template.fill(
            &Vars::default()
                .with("username", "monitor")
                .with("password", "hunter2"),
        )
    }

    #[test]
    fn values_are_filled_in_and_hashed_as_upstreams_want_it() {
        for (text, filled) in [
            ("plain {text}", "plain {text}"),
            ("{{ username }}:{{ password }}", "monitor:hunter2"),
            ("{{ password | md5 }}", "2ab96390c7dbe3439de74d0c9b0b1767"),
            ("{{ password | md5 | upper }}", "2AB96390C7DBE3439DE74D0C9B0B1767"),
            (
                "{{ password | sha1 }}",
                "f3bbbd66a63d4bf1747940578ec3d0103530e21d",
            ),
            (
                "{{ password | sha256 }}",
                "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7",
            ),
            // GM/T 0004-2012, A.1.
            (
                "{{ 'abc' | sm3 }}",
                "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
            ),
            // RFC 4231, 4.3.
            (
                "{{ 'what do ya want for nothing?' | hmac_sha256(key='Jefe') }}",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            // RFC 2202, 3.
            (
                "{{ 'what do ya want for nothing?' | hmac_sha1(key='Jefe', encode='base64') }}",
                "7/zfauXrL6LSdBbV8YTfnCWafHk=",
            ),
            ("{{ password | base64 }}", "aHVudGVyMg=="),
            ("{{ 'abc' | md5(encode='base64') }}", "kAFQmDzST7DWlj99KOF/cg=="),
            (
                "{{ 1545213570 | date(format='%Y-%m-%d %H:%M:%S', offset=8) }}",
                "2018-12-19 17:59:30",
            ),
            (
                "{{ 1545213570 | date(format='%Y%m%dT%H%M%SZ') }}",
                "20181219T095930Z",
            ),
            ("{{ 'a b&ü' | urlencode }}", "a%20b%26%C3%BC"),
            (
                "{{ (username ~ password) | md5 }}",
                "6e7d268e8dc2416ef21cdbe68da7d355",
            ),
        ] {
            assert_eq!(fill(text).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(fill("{{ '<&>' }}").as_deref(), Ok("<&>"), "nothing is escaped");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_text_around_it() {
        for (text, says) in [
            (
                "hunter3 {{ passwort }}",
                "nothing is called \"passwort\" here; there are",
            ),
            ("hunter3 {{ password", "not a template: "),
            (
                "hunter3 {{ password | md55 }}",
                "not a template: there is no filter \"md55\"",
            ),
            ("hunter3 {% if %}", "not a template: "),
            ("{{ password | hmac_sha256 }}", "not a template"),
            (
                "{{ password | hmac_sha256(key='k', encode='hunter3') }}",
                "not a template",
            ),
            ("{{ password | md5(encode='hunter3') }}", "not a template"),
            ("{{ 1 | date(format='%Q') }}", "not a template"),
            ("{{ 1 | date(format='%Y', offset=100) }}", "not a template"),
            ("{{ password + 1 }}", "not a template"),
        ] {
            let error = fill(text).unwrap_err();
            assert!(
                error.contains(says) && !error.contains("hunter"),
                "{text}: {error}"
            );
            let shown = format!("{:?}", Template::parse("hunter3", &[]));
            assert!(!shown.contains("hunter"), "{shown}");
        }
    }
}
