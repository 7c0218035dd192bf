//! Pages with everything that a template may show, hostile texts among it: to try templates with.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::{Language, MetricKey, Severity};
use monitor_model::alerts::OpenAlerts;
use serde::Serialize;
use serde_json::Value;

use crate::api::{
    AlertView, DeliveryRow, DeliveryState, DeliveryView, EvaluationView, IncidentView, MetricStatus, Number,
    ProcessView, RecordView, SilenceState, SilenceView, System, WorkerState, WorkerStatus,
};
use crate::context::{MetricView, NavLink};
use crate::live::Snapshot;
use crate::pages::alert::AlertPage;
use crate::pages::frame::Frame;
use crate::pages::lists::{
    AlertRow, AlertsPage, Channel, DeliveriesPage, MetricPage, SilenceRow, SystemPage,
};
use crate::pages::monitor::MonitorPage;

/// Stands for every text from outside.
const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[2J\u{202E}";

/// Each template of a page with data for it, full and empty, in each language.
pub(super) fn samples() -> Vec<(&'static str, Value)> {
    Language::ALL.into_iter().flat_map(of).collect()
}

fn of(language: Language) -> Vec<(&'static str, Value)> {
    let link = NavLink {
        label: hostile().into(),
        href: "/".to_owned(),
    };
    let worker = WorkerStatus::at(now(), None, Duration::ZERO);
    let frame = || Frame::new(std::slice::from_ref(&link), language, "/monitor", now()).with(&worker);
    let minute = Duration::from_secs(60);
    let (full, empty) = (snapshot(), Snapshot::default());
    let mut pages = vec![
        ("monitor.html", value(&MonitorPage::new(frame(), &full, minute))),
        ("monitor.html", value(&MonitorPage::new(frame(), &empty, minute))),
    ];
    for filled in [true, false] {
        let metric = full.metrics[usize::from(!filled)].clone();
        pages.push(("alerts.html", value(&alerts(frame(), filled))));
        pages.push(("one-alert.html", value(&alert(frame(), &full, filled))));
        pages.push(("deliveries.html", value(&deliveries(frame(), filled))));
        pages.push(("system.html", value(&system(frame(), filled))));
        pages.push(("metric.html", value(&metric_page(frame(), metric, filled))));
    }
    pages
}

fn value(page: &impl Serialize) -> Value {
    serde_json::to_value(page).expect("strings, numbers and times are always JSON")
}

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default()
}

fn some<T>(filled: bool, items: Vec<T>) -> Vec<T> {
    if filled { items } else { Vec::new() }
}

fn alerts(frame: Frame, filled: bool) -> AlertsPage {
    AlertsPage {
        frame,
        all: filled,
        open: 1,
        alerts: some(filled, alert_rows()),
        next_cursor: filled.then(|| "1".to_owned()),
        silences: some(filled, silence_rows()),
    }
}

fn alert(frame: Frame, snapshot: &Snapshot, filled: bool) -> AlertPage {
    AlertPage {
        frame,
        alerts: [alert_rows().remove(usize::from(!filled))],
        records: some(filled, snapshot.records.clone()),
        deliveries: some(filled, vec![delivery("failed"), delivery("pending")]),
    }
}

fn deliveries(frame: Frame, filled: bool) -> DeliveriesPage {
    DeliveriesPage {
        frame,
        channels: some(filled, channels()),
        undelivered: some(filled, vec![delivery("failed"), delivery("given_up")]),
        next_cursor: filled.then(|| "1".to_owned()),
        waiting: some(filled, vec![delivery("pending")]),
    }
}

fn system(frame: Frame, filled: bool) -> SystemPage {
    let process = |role, state| ProcessView {
        id: hostile(),
        role,
        host: hostile(),
        pid: 1,
        version: hostile(),
        started_at: now(),
        heartbeat_at: now(),
        state,
    };
    let processes = vec![
        process("worker", WorkerState::Alive),
        process("web", WorkerState::Silent),
    ];
    SystemPage {
        frame,
        system: System {
            incidents: some(filled, vec![incident(None)]),
            processes: some(filled, processes),
            undelivered: BTreeMap::new(),
            outbox: BTreeMap::new(),
            silences: usize::from(filled),
        },
        channels: some(filled, channels()),
        incidents: some(filled, vec![incident(None), incident(Some(now()))]),
    }
}

fn metric_page(frame: Frame, m: MetricStatus, filled: bool) -> MetricPage {
    let words = [
        "alert",
        "recovered",
        "no_data",
        "data_back",
        "silence:1",
        "maintenance:<b>",
        "flapping",
        "incident:1",
        HOSTILE,
    ];
    let evaluation = EvaluationView {
        at: now(),
        value: Some(Number(1.0)),
        phase: "firing".to_owned(),
        reason: hostile(),
        effects: words.map(str::to_owned).to_vec(),
    };
    MetricPage {
        frame,
        m,
        evaluations: some(filled, vec![evaluation]),
        alerts: some(filled, alert_rows()),
        silences: some(filled, silence_rows()),
    }
}

fn snapshot() -> Snapshot {
    let view = MetricView {
        key: MetricKey::stored("x"),
        title: hostile(),
        unit: hostile(),
        severity: Severity::Warning,
        rule_text: hostile().into(),
        depends_on: Vec::new(),
        interval: Duration::from_secs(10),
        item: None,
    };
    let blank = MetricStatus::new(&view, None, None, OpenAlerts::default(), String::new());
    let mut metric = blank.clone();
    metric.value = Some(Number(1.5));
    metric.value_at = Some(now());
    metric.error = Some(hostile());
    metric.reason = Some(hostile());
    metric.muted = Some("silence:1".to_owned());
    (metric.muted_until, metric.muted_reason) = (Some(now()), Some(hostile()));
    metric.unacknowledged = 2;
    let delivery = DeliveryView {
        channel: hostile(),
        status: DeliveryState::Retrying,
        sent: 1,
        total: 2,
        attempt: 3,
        next_at: Some(now()),
        error: Some(hostile()),
    };
    let acknowledged = RecordView {
        id: 1,
        key: MetricKey::stored("x"),
        title: hostile(),
        value: Some(Number(1.0)),
        message: hostile(),
        timestamp: now(),
        alert_id: Some(1),
        muted: Some(format!("maintenance:{HOSTILE}")),
        acknowledged_at: Some(now()),
        acknowledged_by: Some(hostile()),
        resolved_at: None,
        deliveries: vec![delivery],
    };
    let mut free = acknowledged.clone();
    free.acknowledged_at = None;
    Snapshot {
        seq: 1,
        metrics: vec![metric, blank],
        records: vec![acknowledged, free],
        more_records: true,
        incidents: vec![incident(None)],
        silences: vec![silence(Some("x"))],
        heartbeat_at: Some(now() - chrono::TimeDelta::seconds(99)),
        read_at: (Duration::ZERO, now()),
        stopped_at: None,
        database_error_since: Some(now()),
        is_file_replaced: false,
    }
}

fn incident(ended_at: Option<DateTime<Utc>>) -> IncidentView {
    IncidentView {
        id: 1,
        kind: "system",
        subject: hostile(),
        severity: Severity::Critical,
        reason: hostile(),
        since: now(),
        opened_at: now(),
        ended_at,
    }
}

fn silence(key: Option<&str>) -> SilenceView {
    SilenceView {
        id: 1,
        key: key.map(str::to_owned),
        severity: Some(Severity::Warning),
        reason: hostile(),
        created_by: hostile(),
        created_at: now(),
        starts_at: now(),
        ends_at: now() + chrono::TimeDelta::days(2),
        cancelled_at: None,
        cancelled_by: None,
        state: SilenceState::Active,
    }
}

fn silence_rows() -> Vec<SilenceRow> {
    let coming = SilenceView {
        severity: None,
        state: SilenceState::Coming,
        ..silence(None)
    };
    vec![
        SilenceRow {
            silence: silence(Some("x")),
            title: Some(hostile()),
        },
        SilenceRow {
            silence: coming,
            title: None,
        },
    ]
}

fn alert_rows() -> Vec<AlertRow> {
    let alert = AlertView {
        id: 1,
        key: MetricKey::stored(hostile()),
        title: hostile(),
        kind: "level",
        severity: Severity::Critical,
        reason: hostile(),
        value: Some(Number(1.0)),
        previous: None,
        opened_at: now(),
        acknowledged_at: None,
        acknowledged_by: None,
        note: None,
        resolved_at: None,
        resolved_value: None,
        further_messages: 3,
        muted: Some("flapping".to_owned()),
        escalated_at: Some(now()),
        escalation_step: 2,
    };
    let over = AlertView {
        acknowledged_at: Some(now()),
        acknowledged_by: Some(hostile()),
        note: Some(hostile()),
        resolved_at: Some(now()),
        resolved_value: Some(Number(0.0)),
        muted: None,
        ..alert.clone()
    };
    vec![
        AlertRow { alert, known: true },
        AlertRow {
            alert: over,
            known: false,
        },
    ]
}

fn delivery(status: &'static str) -> DeliveryRow {
    DeliveryRow {
        id: 1,
        alert_id: Some(1),
        record_id: None,
        incident_id: None,
        channel: hostile(),
        channel_configured: true,
        event: hostile(),
        recipient: hostile(),
        status,
        attempt: 3,
        created_at: now(),
        next_at: (status == "pending").then(now),
        finished_at: (status != "pending").then(now),
        error: Some(hostile()),
        text: hostile(),
    }
}

fn channels() -> Vec<Channel> {
    let channel = |undelivered, waiting, oldest_at| Channel {
        name: hostile(),
        undelivered,
        waiting,
        oldest_at,
    };
    vec![channel(2, 1, Some(now())), channel(0, 0, None)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::templates::Templates;

    #[test]
    fn text_from_outside_is_never_markup() {
        let templates = Templates::load(None).unwrap();
        let mut hostile = 0;
        for (name, page) in samples() {
            let html = templates.render(name, &page).unwrap();
            assert!(!html.contains("<script>alert"), "{html}");
            // The boot data of the live page is no text; its script shows it likewise.
            let text: String = html.split(r#"id="boot">"#).take(1).collect();
            assert!(!text.contains(['\u{1b}', '\u{202E}']), "{name}: {text}");
            hostile += usize::from(html.contains("&lt;script&gt;alert(1)"));
            for blocked in ["style=", "onclick", "javascript:"] {
                assert!(!html.contains(blocked), "{name}: the CSP would block {blocked}");
            }
            if name == "monitor.html" && page["metrics"] != Value::Array(Vec::new()) {
                assert!(html.contains(r"\u003cscript\u003ealert(1)"));
            }
        }
        assert_eq!(
            hostile,
            samples().len(),
            "each page shows some, its links at least"
        );
    }
}
