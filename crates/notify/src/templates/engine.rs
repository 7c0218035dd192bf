//! The template engine: the embedded templates, those of a folder, and the rendering of a mail.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chrono::FixedOffset;
use fluent_templates::fluent_bundle::FluentValue;
use monitor_domain::{Language, Severity, one_line};
use rust_embed::RustEmbed;
use tera::{Context, Kwargs, State, Tera};

use super::error::{TemplateError, broken};
use super::language;
use super::picture::{Picture, Pictures};
use super::view::View;
use crate::{AlertFacts, Event, MessageIds, MetricInfo, Notification};

/// The templates of a mail, by their path below the templates folder.
const SUBJECT: &str = "mail/subject.txt";
const TEXT: &str = "mail/body.txt";
const HTML: &str = "mail/body.html";

#[derive(RustEmbed)]
#[folder = "templates"]
#[prefix = "mail/"]
struct Embedded;

/// One mail, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The subject: one line, no control characters.
    pub subject: String,
    /// The body for programs that show text.
    pub text: String,
    /// The body for programs that show HTML.
    pub html: String,
    /// The picture that the HTML shows, where it shows one.
    pub chart: Option<Picture>,
}

/// How messages are rendered. Templates of a folder come first; where one of them fails on a real notification, the
/// embedded ones are used, because a plain message is better than one that is not sent.
#[derive(Clone)]
pub struct Templates {
    pub(super) embedded: Arc<Tera>,
    custom: Option<Arc<Tera>>,
    /// The templates of chats in the folder, by the name of their file.
    pub(super) chats: Arc<HashMap<String, String>>,
    pub(super) zone: Option<FixedOffset>,
    pictures: Pictures,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("custom", &self.custom.is_some())
            .field("zone", &self.zone)
            .finish()
    }
}

impl Templates {
    /// The templates that are part of the program.
    ///
    /// # Errors
    /// [`TemplateError::Broken`], which only somebody who is changing them ever sees.
    pub fn embedded() -> Result<Templates, TemplateError> {
        let files: Vec<(String, String)> = Embedded::iter()
            .filter(|name| is_template(Path::new(name.as_ref())))
            .filter_map(|name| {
                Some((
                    name.to_string(),
                    String::from_utf8(Embedded::get(&name)?.data.into_owned()).ok()?,
                ))
            })
            .collect();
        let mut tera = engine();
        tera.add_raw_templates(files)
            .map_err(|error| broken(Path::new("templates"), HTML, &error))?;
        for name in [SUBJECT, TEXT, HTML] {
            // A debug build reads them from the source folder, which may be gone.
            if !tera.contains_template(name) {
                let message =
                    "is not part of this program; build it again, with --release to move it".to_owned();
                return Err(TemplateError::Broken {
                    place: format!("templates/{name}"),
                    message,
                });
            }
        }
        Ok(Templates {
            embedded: Arc::new(tera),
            custom: None,
            chats: Arc::default(),
            zone: None,
            pictures: Pictures::default(),
        })
    }

    /// The templates that are part of the program, replaced by those in a folder that has the same layout:
    /// `DIR/mail/subject.txt`, `DIR/mail/body.txt`, `DIR/mail/body.html`, each of them optional. Every template is
    /// tried with a sample of every event in every language, so that a mistake shows now and not with the first alert.
    ///
    /// # Errors
    /// [`TemplateError`] naming the file, and line and column where they are known.
    pub fn with_override(dir: Option<&Path>) -> Result<Templates, TemplateError> {
        let mut templates = Templates::embedded()?;
        let Some(dir) = dir else { return Ok(templates) };
        // Reading the folder itself first distinguishes a mistyped one from one without messages.
        std::fs::read_dir(dir).map_err(|source| TemplateError::Read {
            path: dir.to_owned(),
            source,
        })?;
        templates.chats = Arc::new(read_folder(dir, "chat", |_| true)?.into_iter().collect());
        let files = read_folder(dir, "mail", is_template)?
            .into_iter()
            .map(|(name, text)| (format!("mail/{name}"), text))
            .collect::<Vec<_>>();
        if files.is_empty() {
            return Ok(templates);
        }
        let mut tera = (*templates.embedded).clone();
        // All at once, for one may extend or include another that comes later.
        tera.add_raw_templates(files.iter().map(|(name, text)| (name, text)))
            .map_err(|error| broken(dir, &files[0].0, &error))?;
        for language in Language::ALL {
            for event in Event::ALL {
                render(&tera, &View::new(&sample(event), language, None))
                    .map_err(|(name, error)| broken(dir, name, &error))?;
            }
        }
        templates.custom = Some(Arc::new(tera));
        Ok(templates)
    }

    /// Times in this zone instead of the machine's.
    #[must_use]
    pub fn in_zone(mut self, zone: FixedOffset) -> Templates {
        self.zone = Some(zone);
        self
    }

    /// Renders a mail.
    ///
    /// # Errors
    /// [`TemplateError::Broken`] when even the embedded templates fail, which a test rules out for every event.
    pub fn mail(&self, notification: &Notification, language: Language) -> Result<Mail, TemplateError> {
        let (picture, chart) = Picture::of(notification, self.zone, &self.pictures).unzip();
        let view = View::new(notification, language, self.zone).with_chart(chart);
        if let Some(custom) = &self.custom {
            match render(custom, &view) {
                Ok(mail) => return Ok(mail.with_chart(picture)),
                Err((name, error)) => {
                    let place = broken(Path::new("templates"), name, &error);
                    log::error!(id = notification.id.as_str(); "mail written with the embedded templates: {place}");
                }
            }
        }
        render(&self.embedded, &view)
            .map(|mail| mail.with_chart(picture))
            .map_err(|(name, error)| broken(Path::new("templates"), name, &error))
    }
}

impl Mail {
    /// The same with a picture, if the HTML shows it: a template of the folder may not.
    fn with_chart(mut self, picture: Option<Picture>) -> Mail {
        self.chart = picture.filter(|picture| self.html.contains(&format!("cid:{}", picture.cid)));
        self
    }
}

pub(super) fn engine() -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on([".html"]);
    tera.register_function("t", translate);
    tera
}

/// `t(key="…", name=value…)`: the words behind a key in the language of the message.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tera's")]
fn translate(kwargs: Kwargs, state: &State) -> tera::TeraResult<String> {
    let key: &str = kwargs.must_get("key")?;
    let tag: String = state.get("lang")?.unwrap_or_default();
    let language = Language::find(&tag).unwrap_or_default();
    let values: HashMap<Cow<'static, str>, FluentValue> = kwargs
        .iter()
        .filter(|(name, value)| name.as_str() != Some("key") && !value.is_none() && !value.is_undefined())
        .map(|(name, value)| (Cow::Owned(name.to_string()), FluentValue::from(value.to_string())))
        .collect();
    language::word(language, key, &values)
        .ok_or_else(|| tera::Error::message(format!("no words with the key {key:?}")))
}

fn render(tera: &Tera, view: &View) -> Result<Mail, (&'static str, tera::Error)> {
    let context = Context::from_serialize(view).map_err(|error| (SUBJECT, error))?;
    let one = |name| tera.render(name, &context).map_err(|error| (name, error));
    Ok(Mail {
        subject: one_line(&one(SUBJECT)?),
        text: one(TEXT)?,
        html: one(HTML)?,
        chart: None,
    })
}

/// The subject of a mail alone.
pub(super) fn render_subject(tera: &Tera, view: &View) -> tera::TeraResult<String> {
    Ok(one_line(&tera.render(SUBJECT, &Context::from_serialize(view)?)?))
}

fn is_template(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "html" || ending == "txt")
}

/// The templates in one folder of the templates folder, by the name of their file; none where it is not there.
fn read_folder(
    dir: &Path,
    of: &str,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<(String, String)>, TemplateError> {
    let read = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Read { path, source }
    };
    let folder = dir.join(of);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(read(&folder))? {
        let path = entry.map_err(read(&folder))?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && path.is_file()
            && is_wanted(&path)
        {
            let text = std::fs::read_to_string(&path).map_err(read(&path))?;
            files.push((name.to_owned(), text));
        }
    }
    files.sort();
    Ok(files)
}

/// A notification with everything in it, to try templates with.
pub(super) fn sample(event: Event) -> Notification {
    let facts = AlertFacts {
        alert_id: 1,
        severity: Severity::Critical,
        value: (event != Event::NoData).then_some(131.0),
        previous: (event == Event::Alert).then_some(128.0),
        threshold: Some(100.0),
        reason: "131 is above 100 since 09:12:40 UTC".to_owned(),
    };
    Notification::about_alert(
        MessageIds::new("sample", "sample@localhost"),
        event,
        MetricInfo::new("z", "Z").with_unit("orders"),
        facts,
        "Order 5 failed",
        chrono::DateTime::UNIX_EPOCH,
    )
    .with_url(Some("https://monitor.example.com/alerts/1".to_owned()))
    .with_opening(
        "level",
        chrono::DateTime::UNIX_EPOCH - chrono::TimeDelta::hours(2),
    )
}
