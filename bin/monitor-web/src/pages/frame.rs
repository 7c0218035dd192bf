//! What every page has: its language, the links of its header, and what its script starts with.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use monitor_domain::Language;
use monitor_rules::time_of_day;
use serde::Serialize;

use crate::api::{WorkerState, WorkerStatus};
use crate::context::NavLink;
use crate::pages::{filters, language, texts};

/// The pages with a link in the header, and the texts of the links.
const PAGES: [(&str, &str); 4] = [
    ("/monitor", "nav-monitor"),
    ("/alerts", "nav-alerts"),
    ("/deliveries", "nav-deliveries"),
    ("/system", "nav-system"),
];

/// The variables of `layout.html`.
#[derive(Clone, Serialize)]
pub(crate) struct Frame {
    #[serde(skip)]
    pub(super) language: Language,
    lang: &'static str,
    languages: Vec<LanguageLink>,
    nav: Vec<Nav>,
    pub(super) now: DateTime<Utc>,
    pub(super) boot: String,
    /// The banner where no worker is alive: what is shown is then from before, and incidents are not being checked.
    worker_warning: Option<String>,
}

#[derive(Clone, Serialize)]
struct LanguageLink {
    code: &'static str,
    name: &'static str,
}

#[derive(Clone, Serialize)]
struct Nav {
    label: String,
    href: String,
    current: bool,
}

/// What the script of a page that does not change by itself starts with.
#[derive(Serialize)]
struct Boot {
    lang: &'static str,
    now: DateTime<Utc>,
    text: BTreeMap<&'static str, String>,
}

impl Frame {
    /// The frame of the page at `path`, with `extra` links behind its own.
    pub(crate) fn new(extra: &[NavLink], language: Language, path: &str, now: DateTime<Utc>) -> Frame {
        let own = PAGES.iter().map(|(href, key)| Nav {
            label: texts::text(language, key, &[]).unwrap_or_default(),
            href: (*href).to_owned(),
            current: *href == path,
        });
        let others = extra.iter().map(|link| Nav {
            label: link.label.of(language).to_owned(),
            href: link.href.clone(),
            current: link.href == path,
        });
        let languages = Language::ALL.iter().map(|language| LanguageLink {
            code: language.tag(),
            name: language::name(*language),
        });
        Frame {
            language,
            lang: language.tag(),
            languages: languages.collect(),
            nav: own.chain(others).collect(),
            now,
            worker_warning: None,
            boot: in_script(&Boot {
                lang: language.tag(),
                now,
                text: texts::for_script(language),
            }),
        }
    }

    /// The same, with a banner where no worker is alive.
    pub(crate) fn with(mut self, worker: &WorkerStatus) -> Frame {
        let key = match worker.state {
            WorkerState::Alive => return self,
            WorkerState::Silent => "banner-worker-silent",
            WorkerState::Stopped => "banner-worker-stopped",
            WorkerState::Never => "banner-worker-never",
        };
        let age = filters::age(self.language, worker.age_seconds.unwrap_or_default());
        let stopped = worker
            .stopped_at
            .map(|at| time_of_day(at, self.now))
            .unwrap_or_default();
        let known = [("age".to_owned(), age), ("at".to_owned(), stopped)];
        self.worker_warning = texts::text(self.language, key, &known);
        self
    }
}

/// JSON that can stand inside a `<script>` element: no text in it can end the element or open another.
pub(super) fn in_script(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("strings, numbers and times are always JSON");
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}
