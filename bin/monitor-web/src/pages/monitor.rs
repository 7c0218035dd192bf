//! What the page `/monitor` shows, ready for its template.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use monitor_model::alerts::OpenAlerts;
use serde::Serialize;

use crate::api::{MetricStatus, Number, RecordView, Status, WorkerState, WorkerStatus};
use crate::context::{MetricView, NavLink, WebContext};
use crate::live::Snapshot;
use crate::pages::{Language, filters, texts};

/// The data of `monitor.html`; its fields are the template's variables.
#[derive(Serialize)]
pub(crate) struct MonitorPage {
    lang: &'static str,
    languages: Vec<LanguageLink>,
    nav: Vec<Nav>,
    now: DateTime<Utc>,
    worker: WorkerStatus,
    worker_age: String,
    database_error_since: Option<DateTime<Utc>>,
    metrics: Vec<MetricStatus>,
    tally: Vec<Tally>,
    unacknowledged: i64,
    records: Vec<RecordView>,
    next_cursor: Option<i64>,
    blank_record: BlankRecord,
    boot: String,
}

#[derive(Serialize)]
struct LanguageLink {
    code: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Nav {
    label: String,
    href: String,
    current: bool,
}

/// How many metrics are in a state.
#[derive(Serialize)]
struct Tally {
    status: &'static str,
    count: usize,
    label: String,
}

/// The row that the script clones: a record with nothing in it.
#[derive(Default, Serialize)]
struct BlankRecord {
    id: &'static str,
    title: &'static str,
    value: Option<Number>,
    message: &'static str,
    timestamp: &'static str,
    deliveries: [(); 0],
}

/// What the script starts with.
#[derive(Serialize)]
struct Boot<'a> {
    lang: &'static str,
    now: DateTime<Utc>,
    worker_timeout: u64,
    worker: &'a WorkerStatus,
    metrics: &'a [MetricStatus],
    text: BTreeMap<&'static str, String>,
}

impl MonitorPage {
    /// The page of a snapshot, at `now`.
    pub(crate) fn new(
        ctx: &WebContext,
        snapshot: &Snapshot,
        language: Language,
        now: DateTime<Utc>,
    ) -> MonitorPage {
        let worker = WorkerStatus::at(now, snapshot.heartbeat_at, ctx.worker_timeout);
        let boot = Boot {
            lang: language.code(),
            now,
            worker_timeout: ctx.worker_timeout.as_secs(),
            worker: &worker,
            metrics: &snapshot.metrics,
            text: texts::for_script(language),
        };
        let metrics: Vec<MetricStatus> = snapshot.metrics.iter().map(|m| m.clone().at(now)).collect();
        MonitorPage {
            lang: language.code(),
            languages: Language::ALL
                .iter()
                .map(|l| LanguageLink {
                    code: l.code(),
                    name: l.name(),
                })
                .collect(),
            nav: nav(&ctx.nav, language),
            now,
            worker_age: filters::age(language, worker.age_seconds.unwrap_or_default()),
            database_error_since: snapshot.database_error_since,
            tally: tally(&metrics, language),
            unacknowledged: metrics.iter().map(|m| m.unacknowledged).sum(),
            records: snapshot.records.clone(),
            next_cursor: snapshot
                .records
                .last()
                .map(|r| r.id)
                .filter(|_| snapshot.more_records),
            blank_record: BlankRecord::default(),
            boot: in_script(&boot),
            worker,
            metrics,
        }
    }

    /// Pages with everything that a template may show, hostile texts among it: to try templates with.
    pub(crate) fn samples() -> Vec<MonitorPage> {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let hostile = "<script>alert(1)</script>";
        let view = MetricView {
            key: "x".to_owned(),
            title: hostile.to_owned(),
            unit: hostile.to_owned(),
            severity: "warning".to_owned(),
            rule_text: hostile.to_owned(),
            interval: std::time::Duration::from_secs(10),
        };
        let mut metric = MetricStatus::new(&view, None, None, OpenAlerts::default(), String::new());
        let blank = metric.clone();
        metric.value = Some(Number(1.5));
        metric.value_at = Some(now);
        metric.error = Some(hostile.to_owned());
        metric.reason = Some(hostile.to_owned());
        let delivery = crate::api::DeliveryView {
            channel: hostile.to_owned(),
            status: crate::api::DeliveryState::Retrying,
            sent: 1,
            total: 2,
            attempt: 3,
            next_at: Some(now),
            error: Some(hostile.to_owned()),
        };
        let record = RecordView {
            id: 1,
            key: "x".to_owned(),
            title: hostile.to_owned(),
            value: Some(Number(1.0)),
            message: hostile.to_owned(),
            timestamp: now,
            alert_id: Some(1),
            muted: Some(hostile.to_owned()),
            acknowledged_at: Some(now),
            acknowledged_by: Some(hostile.to_owned()),
            resolved_at: None,
            deliveries: vec![delivery],
        };
        Language::ALL
            .iter()
            .map(|language| MonitorPage {
                lang: language.code(),
                languages: vec![LanguageLink {
                    code: language.code(),
                    name: language.name(),
                }],
                nav: nav(
                    &[NavLink {
                        label: hostile.to_owned(),
                        href: "/".to_owned(),
                    }],
                    *language,
                ),
                now,
                worker: WorkerStatus {
                    state: WorkerState::Silent,
                    heartbeat_at: Some(now),
                    age_seconds: Some(99),
                },
                worker_age: filters::age(*language, 99),
                database_error_since: Some(now),
                metrics: vec![metric.clone(), blank.clone()],
                tally: tally(&[metric.clone()], *language),
                unacknowledged: 2,
                records: vec![record.clone()],
                next_cursor: Some(1),
                blank_record: BlankRecord::default(),
                boot: in_script(&hostile),
            })
            .collect()
    }
}

fn nav(extra: &[NavLink], language: Language) -> Vec<Nav> {
    // With nothing else to go to, the brand alone leads here.
    if extra.is_empty() {
        return Vec::new();
    }
    let label = texts::text(language, "nav-monitor", &[]).unwrap_or_default();
    let own = Nav {
        label,
        href: "/monitor".to_owned(),
        current: true,
    };
    let others = extra.iter().map(|l| Nav {
        label: l.label.clone(),
        href: l.href.clone(),
        current: false,
    });
    std::iter::once(own).chain(others).collect()
}

fn tally(metrics: &[MetricStatus], language: Language) -> Vec<Tally> {
    let label = |status: Status| {
        texts::text(language, &format!("tally-{}", status.as_str()), &[]).unwrap_or_default()
    };
    let count = |status| metrics.iter().filter(|m| m.status == status).count();
    Status::ALL
        .iter()
        .map(|s| Tally {
            status: s.as_str(),
            count: count(*s),
            label: label(*s),
        })
        .collect()
}

/// JSON that can stand inside a `<script>` element: no text in it can end the element or open another.
fn in_script(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("strings, numbers and times are always JSON");
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Templates;

    #[test]
    fn text_from_outside_is_never_markup() {
        let templates = Templates::load(None).unwrap();
        for page in MonitorPage::samples() {
            let html = templates.render("monitor.html", &page).unwrap();
            assert!(!html.contains("<script>alert"), "{html}");
            assert!(html.contains("&lt;script&gt;alert(1)"));
            assert!(html.contains(r"\u003cscript\u003ealert(1)"));
            assert!(
                !html.contains("style=") && !html.contains("onclick"),
                "the CSP would block it"
            );
        }
    }
}
