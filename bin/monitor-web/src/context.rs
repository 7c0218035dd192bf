//! What the web is made with: plain values, so that it can be embedded and tested without a config file.

mod lists;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use monitor_domain::{Language, MetricKey, Severity, SharedClock};
use monitor_model::{Db, MetricItem, Presence, ProcessRole};
use monitor_requests::Secret;
use monitor_rules::Maintenance;
use monitor_telemetry::ConfigRefusal;
use tokio::sync::watch;

use crate::localized::Localized;
use lists::expanded;
pub use lists::{ItemView, ListView};

/// Everything the web needs to know. Made by [`WebContext::new`], then changed field by field.
#[derive(Clone)]
pub struct WebContext {
    /// Where all that is shown comes from.
    pub db: Db,
    /// The metrics that are turned on, in the config's order.
    pub metrics: Vec<MetricView>,
    /// The tokens that the senders of values show, each with its metric.
    pub pushed: Vec<(MetricKey, Secret)>,
    /// Those that are lists, in the config's order: their items are shown.
    pub lists: Vec<ListView>,
    /// The maintenance windows, in which nobody is notified of alerts, by name; shown beside the metrics they mute.
    pub maintenance: Vec<(String, Maintenance)>,
    /// The names of the channels of the config: what may be retried and is counted, also where nothing was sent yet.
    pub channels: Vec<String>,
    /// What `POST /reset` sounds; `None` where no alarm is configured: a reset then only acknowledges.
    pub alarm: Option<Arc<dyn GlobalAlarm>>,
    /// Where the time comes from.
    pub clock: SharedClock,
    /// The language of pages for readers who choose none and whose browser names none that there is.
    pub lang: Language,
    /// A folder; the files in its `pages` replace the built-in page templates of the same name.
    pub templates: Option<PathBuf>,
    /// Where to listen: [`listen`](crate::listen) opens it.
    pub bind: SocketAddr,
    /// Origins (`https://host[:port]`) whose pages may call the API from a browser.
    pub cors_origins: Vec<String>,
    /// What a scraper of `/metrics` shows as its bearer token. None at first: it needs none.
    pub metrics_token: Option<Secret>,
    /// More links for the header of each page, such as the demo's inbox.
    pub nav: Vec<NavLink>,
    /// A worker not heard from for longer than this is shown as silent. 30 s at first.
    pub worker_timeout: Duration,
    /// How many live connections (`/api/v1/events`) there can be at once. 1000 at first.
    pub max_streams: usize,
    /// This web in the list of processes.
    pub presence: Presence,
    /// What a changed config replaces while it serves: metrics, tokens of senders, maintenance, alarm and language.
    pub reloader: WebReloader,
}

impl WebContext {
    /// A context with the defaults: no alarm, English, built-in templates, `127.0.0.1:8080`.
    pub fn new(db: Db, metrics: Vec<MetricView>, clock: SharedClock) -> WebContext {
        WebContext {
            presence: Presence::new(ProcessRole::Web, env!("CARGO_PKG_VERSION"), clock.wall()),
            reloader: WebReloader::default(),
            db,
            metrics,
            pushed: Vec::new(),
            lists: Vec::new(),
            maintenance: Vec::new(),
            channels: Vec::new(),
            alarm: None,
            clock,
            lang: Language::English,
            templates: None,
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            cors_origins: Vec::new(),
            metrics_token: None,
            nav: Vec::new(),
            worker_timeout: Duration::from_secs(30),
            max_streams: 1_000,
        }
    }
}

/// What of a context another config changes. Every reader sees the newest from its next request on.
#[derive(Clone)]
pub(crate) struct Shown {
    /// With the items of lists.
    pub(crate) metrics: Arc<Vec<MetricView>>,
    pub(crate) pushed: Arc<Vec<(MetricKey, Secret)>>,
    /// As the config has them.
    configured: Arc<(Vec<MetricView>, Vec<ListView>)>,
    /// The items of lists that there are.
    items: Arc<Vec<MetricItem>>,
    pub(crate) maintenance: Vec<(String, Maintenance)>,
    pub(crate) channels: Vec<String>,
    pub(crate) alarm: Option<Arc<dyn GlobalAlarm>>,
    pub(crate) lang: Language,
}

impl Shown {
    /// Whether the config has metrics that are lists.
    pub(crate) fn has_lists(&self) -> bool {
        !self.configured.1.is_empty()
    }

    /// The same with these items.
    fn with(mut self, items: Arc<Vec<MetricItem>>) -> Shown {
        let (metrics, lists) = &*self.configured;
        if !lists.is_empty() {
            self.metrics = Arc::new(expanded(metrics, lists, &items));
        }
        self.items = items;
        self
    }

    /// The lanes that there are by the config: its channels, and the alarm.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = String> {
        let alarm = self.alarm.as_ref().map(|_| "@alarm".to_owned());
        self.channels.iter().cloned().chain(alarm)
    }
}

impl From<&WebContext> for Shown {
    fn from(ctx: &WebContext) -> Shown {
        Shown {
            metrics: Arc::new(ctx.metrics.clone()),
            pushed: Arc::new(ctx.pushed.clone()),
            configured: Arc::new((ctx.metrics.clone(), ctx.lists.clone())),
            items: Arc::default(),
            maintenance: ctx.maintenance.clone(),
            channels: ctx.channels.clone(),
            alarm: ctx.alarm.clone(),
            lang: ctx.lang,
        }
    }
}

/// What a web goes by now; a clone is of the same web.
#[derive(Clone, Default)]
pub struct WebReloader {
    /// Nothing until it serves, or may go on by another config.
    shown: watch::Sender<Option<Arc<Shown>>>,
    refusal: ConfigRefusal,
}

/// Hears that something else is shown.
pub(crate) struct Changes(watch::Receiver<Option<Arc<Shown>>>);

impl WebReloader {
    /// Shows this, unless something else is shown already.
    pub(crate) fn begin(&self, first: Shown) {
        self.shown.send_if_modified(|shown| {
            let is_first = shown.is_none();
            shown.get_or_insert_with(|| Arc::new(first));
            is_first
        });
    }

    /// Shows this from now on.
    pub(crate) fn show(&self, shown: Shown) {
        self.shown.send_modify(|now| {
            let items = now.as_ref().map(|now| Arc::clone(&now.items));
            *now = Some(Arc::new(shown.with(items.unwrap_or_default())));
        });
    }

    /// Shows these items of the lists from now on.
    pub(crate) fn show_items(&self, items: Arc<Vec<MetricItem>>) {
        self.shown.send_if_modified(|now| {
            let Some(shown) = now.as_ref().filter(|now| now.items != items) else {
                return false;
            };
            *now = Some(Arc::new(Shown::clone(shown).with(items)));
            true
        });
    }

    /// What is shown now.
    pub(crate) fn now(&self) -> Arc<Shown> {
        let shown = self.shown.borrow();
        shown.clone().expect("it is set before anything is served")
    }

    /// Hears of everything else that is shown from now on.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.shown.subscribe())
    }

    /// Whether a changed config was refused.
    pub(crate) fn refusal(&self) -> &ConfigRefusal {
        &self.refusal
    }
}

impl Changes {
    /// Waits until something is shown that was not heard of yet.
    pub(crate) async fn next(&mut self) {
        let Changes(shown) = self;
        if shown.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A metric's name for people; its key where it is turned off.
pub(crate) fn title_of(metrics: &[MetricView], key: &str) -> String {
    let view = metrics.iter().find(|metric| metric.key == key);
    view.map_or(key, |metric| metric.title.as_str()).to_owned()
}

/// A metric, as far as readers are concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricView {
    /// Its name in the config, the API and the database.
    pub key: MetricKey,
    /// Its name for people.
    pub title: String,
    /// What is counted; may be empty.
    pub unit: String,
    /// How bad its alerts are.
    pub severity: Severity,
    /// The rule that alerts, for people: "above 100, clear below 90". The API has it as it was given.
    pub rule_text: Localized,
    /// Other metrics: while one of them fires or cannot be read, nobody is notified of this one.
    pub depends_on: Vec<MetricKey>,
    /// How often it is read. A value is stale when it was not checked for three of these and 10 s.
    pub interval: Duration,
    /// The item of a list that it is.
    pub item: Option<ItemView>,
}

/// A link in the header.
#[derive(Clone, Debug, PartialEq)]
pub struct NavLink {
    /// What it says.
    pub label: Localized,
    /// Where it leads, a path on this server.
    pub href: String,
}

/// The alarm that a reset sounds.
#[async_trait]
pub trait GlobalAlarm: Send + Sync {
    /// Sounds the alarm for `kind`; the web only uses `global`.
    ///
    /// # Errors
    /// Where the alarm did not confirm it; written to the log and the audit log, so without secrets.
    async fn sound(&self, kind: &str) -> Result<(), AlarmError>;
}

/// Why the alarm could not be sounded.
pub type AlarmError = Box<dyn std::error::Error + Send + Sync>;

#[async_trait]
impl GlobalAlarm for monitor_upstream::Alarm {
    async fn sound(&self, kind: &str) -> Result<(), AlarmError> {
        Ok(monitor_upstream::Alarm::sound(self, kind, None).await?)
    }
}
