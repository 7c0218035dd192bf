//! Messages of chats: short, in the markup of a service and within its limit.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use monitor_domain::Language;
use serde_json::{Map, Value};
use tera::{Context, Tera};
use unicode_segmentation::UnicodeSegmentation;

use super::engine::{Templates, engine, render_subject, samples};
use super::error::{TemplateError, broken};
use super::language::{more, word};
use super::view::View;
use crate::{Event, Notification};

/// Writes text of others so that a service shows it as it is.
pub type Escape = fn(&str, &mut dyn Write) -> io::Result<()>;

/// How a service reads messages, and how long they may be.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The file of the templates folder that replaces the template: `chat/NAME`, such as `wecom.md`.
    pub file: &'static str,
    /// The template.
    pub template: &'static str,
    /// What is done to everything that a template writes and that is not its own.
    pub escape: Escape,
    /// The longest message, as `measure` counts.
    pub limit: usize,
    /// How long a text is: [`bytes`](Form::bytes) or [`characters`](Form::characters).
    pub measure: fn(&str) -> usize,
}

impl Form {
    /// Plain text for people, with everything there is to know.
    pub const TEXT: &'static str = include_str!("../../chat/text.txt");
    /// What stands below a title, above a link: the same without the two.
    pub const CARD: &'static str = include_str!("../../chat/card.txt");
    /// The same with bold words, quotes and a link as Markdown writes them.
    pub const MARKDOWN: &'static str = include_str!("../../chat/markdown.md");

    /// Plain text with no word more than needed, for phones.
    pub const SHORT: &'static str = include_str!("../../chat/sms.txt");

    /// Plain text; `file` replaces the template.
    pub const fn text(file: &'static str) -> Form {
        Form {
            file,
            template: Form::TEXT,
            escape: Form::plain,
            limit: usize::MAX,
            measure: Form::bytes,
        }
    }

    /// Plain text for services that show the title and the link apart; `file` replaces the template.
    pub const fn card(file: &'static str) -> Form {
        Form {
            template: Form::CARD,
            ..Form::text(file)
        }
    }

    /// Markdown in which `escape` writes what is not the template's.
    pub const fn markdown(file: &'static str, escape: Escape) -> Form {
        Form {
            file,
            template: Form::MARKDOWN,
            escape,
            limit: usize::MAX,
            measure: Form::bytes,
        }
    }

    /// The same, of at most `limit` as `measure` counts.
    #[must_use]
    pub const fn at_most(mut self, limit: usize, measure: fn(&str) -> usize) -> Form {
        (self.limit, self.measure) = (limit, measure);
        self
    }

    /// In UTF-8.
    pub fn bytes(text: &str) -> usize {
        text.len()
    }

    /// Each counts as one.
    pub fn characters(text: &str) -> usize {
        text.chars().count()
    }

    /// In units of UTF-16: an emoji counts as two or more.
    pub fn utf16(text: &str) -> usize {
        text.encode_utf16().count()
    }

    /// In UTF-8 within a string of JSON: a quote and the end of a line count as two.
    pub fn json_bytes(text: &str) -> usize {
        let wide = |one: char| match one {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..'\u{20}' => 6,
            other => other.len_utf8(),
        };
        text.chars().map(wide).sum()
    }

    /// Leaves text as it is: there is no markup.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn plain(text: &str, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(text.as_bytes())
    }

    /// For Markdown of services that know no way to write a mark as itself: what would be one becomes the full-width character
    /// that resembles it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn full_width(text: &str, out: &mut dyn Write) -> io::Result<()> {
        for one in text.chars() {
            let shown = match one {
                '*' => '＊',
                '_' => '＿',
                '`' => '｀',
                '[' => '［',
                ']' => '］',
                '<' => '＜',
                '>' => '＞',
                '#' => '＃',
                '~' => '～',
                '|' => '｜',
                '!' => '！',
                other => other,
            };
            write!(out, "{shown}")?;
        }
        Ok(())
    }

    /// For HTML.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn html(text: &str, out: &mut dyn Write) -> io::Result<()> {
        for one in text.chars() {
            match one {
                '&' => out.write_all(b"&amp;")?,
                '<' => out.write_all(b"&lt;")?,
                '>' => out.write_all(b"&gt;")?,
                '"' => out.write_all(b"&quot;")?,
                other => write!(out, "{other}")?,
            }
        }
        Ok(())
    }
}

/// A message as a chat takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatText {
    /// What it is about, in one line without markup: what a notification of a phone shows.
    pub title: String,
    /// All of it, in the service's markup and within its limit.
    pub body: String,
    /// Its colour: `critical`, `warning`, `info`, `good` or `unknown`.
    pub tone: &'static str,
    /// The page about it, for services that show a link apart.
    pub link: Option<ChatLink>,
    /// How many characters of the message were left out.
    pub left: usize,
}

/// Where a message leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLink {
    /// The address: `http` or `https`, without a space, a quote or an angle bracket.
    pub url: String,
    /// The words for it, in the language of the message.
    pub label: String,
}

impl ChatText {
    /// The title within a service's limit, in units of UTF-16.
    pub fn short_title(&self, most: usize) -> String {
        if Form::utf16(&self.title) <= most {
            return self.title.clone();
        }
        let mut kept = String::new();
        for one in self.title.graphemes(true) {
            if Form::utf16(&kept) + Form::utf16(one) >= most {
                break;
            }
            kept.push_str(one);
        }
        format!("{}…", kept.trim_end())
    }
}

/// The template of one form, compiled.
#[derive(Clone)]
pub struct ChatTemplate {
    templates: Templates,
    form: Form,
    embedded: Arc<Tera>,
    custom: Option<Arc<Tera>>,
}

impl Templates {
    /// The template of a form: that of the folder, if it has one. It is tried with a sample of every event in every language.
    ///
    /// # Errors
    /// [`TemplateError`] with file, line and column.
    pub fn chat(&self, form: Form) -> Result<ChatTemplate, TemplateError> {
        let compile = |text: &str| {
            let mut tera = engine();
            tera.autoescape_on(vec![form.file]);
            tera.set_escape_fn(form.escape);
            tera.add_raw_template(form.file, text)
                .map_err(|error| broken(Path::new("chat"), form.file, &error))?;
            for language in Language::ALL {
                for event in Event::ALL {
                    for sample in samples(event, language) {
                        let view = View::new(&sample, language, self.zone);
                        render(&tera, form.file, &view)
                            .map_err(|error| broken(Path::new("chat"), form.file, &error))?;
                    }
                }
            }
            Ok(Arc::new(tera))
        };
        Ok(ChatTemplate {
            embedded: compile(form.template)?,
            custom: self.chats.get(form.file).map(|text| compile(text)).transpose()?,
            templates: self.clone(),
            form,
        })
    }
}

impl ChatTemplate {
    /// What a message is made from, by name and in words: the variables of a template, with the words for the event and the
    /// severity as `event_word` and `severity_word`, and how many messages there are besides the first as `more`.
    pub fn fields(&self, notification: &Notification, language: Language) -> Map<String, Value> {
        let view = View::new(notification, language, self.templates.zone);
        let mut fields = match serde_json::to_value(&view) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let words = HashMap::new();
        for (name, key) in [
            ("event_word", format!("event-{}", notification.event)),
            ("severity_word", format!("severity-{}", notification.severity)),
        ] {
            let word = word(language, &key, &words).unwrap_or_default();
            fields.insert(name.to_owned(), Value::from(word));
        }
        fields.insert(
            "more".to_owned(),
            Value::from(more(language, notification.message_count())),
        );
        fields
    }

    /// Renders a message. What is too long loses the end of what others wrote, between two characters, and says how much; the
    /// markup around it stays whole.
    ///
    /// # Errors
    /// [`TemplateError::Broken`] when even the template that is part of the program fails.
    pub fn render(&self, notification: &Notification, language: Language) -> Result<ChatText, TemplateError> {
        if let Some(custom) = &self.custom {
            match self.fit(custom, notification, language) {
                Ok(text) => return Ok(text),
                Err(error) => {
                    let place = broken(Path::new("chat"), self.form.file, &error);
                    log::error!(id = notification.id.as_str(); "message written with the embedded template: {place}");
                }
            }
        }
        self.fit(&self.embedded, notification, language)
            .map_err(|error| broken(Path::new("chat"), self.form.file, &error))
    }

    fn fit(
        &self,
        tera: &Tera,
        notification: &Notification,
        language: Language,
    ) -> tera::TeraResult<ChatText> {
        let mut view = View::new(notification, language, self.templates.zone);
        let title = render_subject(&self.templates.embedded, &view)?;
        let whole = render(tera, self.form.file, &view)?;
        if self.fits(&whole) {
            return Ok(text(title, &whole, &view, language));
        }
        let message = view.message().to_owned();
        let ends: Vec<usize> = message.grapheme_indices(true).map(|(start, _)| start).collect();
        // The longest beginning that fits is between these two.
        let (mut fits, mut too_long) = (None, ends.len());
        while fits.map_or(0, |kept| kept + 1) < too_long {
            let kept = (fits.unwrap_or(0) + too_long) / 2;
            view = View::new(notification, language, self.templates.zone);
            view.shorten(&message[..ends[kept]]);
            let body = render(tera, self.form.file, &view)?;
            match self.fits(&body) {
                true => fits = Some(kept),
                false => too_long = kept,
            }
        }
        let Some(kept) = fits else {
            // What is too long is not the message.
            return Ok(text(title.clone(), &self.cut(&title), &view, language));
        };
        view = View::new(notification, language, self.templates.zone);
        view.shorten(&message[..ends[kept]]);
        let body = render(tera, self.form.file, &view)?;
        Ok(text(title, &body, &view, language))
    }

    fn fits(&self, body: &str) -> bool {
        (self.form.measure)(body.trim()) <= self.form.limit
    }

    /// A text as it is written.
    fn escaped(&self, text: &str) -> String {
        let mut bytes = Vec::new();
        // A vector takes everything.
        let _ = (self.form.escape)(text, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// As much of a text as fits, without markup.
    fn cut(&self, text: &str) -> String {
        let mut kept = String::new();
        for one in text.graphemes(true) {
            let more = self.escaped(one);
            if (self.form.measure)(&kept) + (self.form.measure)(&more) > self.form.limit {
                break;
            }
            kept.push_str(&more);
        }
        kept
    }
}

fn text(title: String, body: &str, view: &View, language: Language) -> ChatText {
    ChatText {
        title,
        body: body.trim().to_owned(),
        tone: view.tone(),
        link: view.url().map(|url| ChatLink {
            url: url.to_owned(),
            label: word(language, view.link_key(), &HashMap::new()).unwrap_or_default(),
        }),
        left: view.left(),
    }
}

fn render(tera: &Tera, file: &str, view: &View) -> tera::TeraResult<String> {
    tera.render(file, &Context::from_serialize(view)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_that_services_count() {
        let every: String = (0..=0x2100_u32).filter_map(char::from_u32).collect();
        for text in ["", "a\n\"b\\", "告警👩‍👩‍👧‍👦", &every] {
            let written = serde_json::to_string(text).unwrap();
            assert_eq!(Form::json_bytes(text), written.len() - 2, "{text}");
        }
        assert_eq!(Form::utf16("告👍x"), 4);
    }

    #[test]
    fn a_title_that_is_too_long_ends_between_two_characters() {
        let title = |title: &str| ChatText {
            title: title.to_owned(),
            body: String::new(),
            tone: "info",
            link: None,
            left: 0,
        };
        assert_eq!(title("告警").short_title(2), "告警");
        assert_eq!(title("告警告").short_title(2), "告…");
        assert_eq!(title("👩‍👧👩‍👧").short_title(6), "👩‍👧…");
        assert_eq!(title("👩‍👧👩‍👧").short_title(5), "…");
    }
}
