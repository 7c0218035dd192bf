//! The page with made-up data in every state, for looking at it while working on its style:
//! `cargo run -p monitor-web --example fixture -- 8090`, then open <http://127.0.0.1:8090/monitor>.
//! `… 8090 empty` shows it with nothing in the database, `… 8090 still` with values that do not move.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta, Utc};
use monitor_domain::{MetricKey, Severity, SystemClock};
use monitor_model::{
    AlertKind, Conn, Db, DbError, DbOptions, Evaluation, IncidentKind, MetricState, NewAlert, NewDelivery,
    NewIncident, NewRecord, NewSample, NewSilence, ProcessRole, WorkerRow, alerts, deliveries, evaluations,
    incidents, realtime, records, samples, silences, states, stored, workers,
};
use monitor_web::{AlarmError, GlobalAlarm, MetricView, NavLink, WebContext, listen, serve};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn std::error::Error>;

struct NoAlarm;

#[async_trait::async_trait]
impl GlobalAlarm for NoAlarm {
    async fn sound(&self, _kind: &str) -> Result<(), AlarmError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(8090), |port| port.parse())?;
    let mode = std::env::args().nth(2).unwrap_or_default();
    let path = std::env::temp_dir().join(format!("monitor-fixture-{}.db", std::process::id()));
    let db = Db::open(&DbOptions::new(format!("sqlite:{}", path.display()))).await?;
    db.migrate().await?;
    let mut ctx = WebContext::new(db.clone(), metrics(), SystemClock::shared());
    ctx.bind = SocketAddr::from(([127, 0, 0, 1], port));
    ctx.alarm = Some(std::sync::Arc::new(NoAlarm));
    ctx.nav = vec![NavLink {
        label: "Inbox".into(),
        href: "/demo/inbox".into(),
    }];
    if mode != "empty" {
        db.write(|c| seed(c, stored(Utc::now()))).await?;
    }
    if mode.is_empty() {
        tokio::spawn(move_values(db.clone()));
    }
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            let _ = tokio::signal::ctrl_c().await;
            shutdown.cancel();
        }
    });
    serve(listen(ctx.bind)?, ctx, |_| {}, shutdown).await?;
    db.close().await;
    Ok(())
}

fn metrics() -> Vec<MetricView> {
    let metric = |key: &str, title: &str, unit: &str, severity: &str, rule: &str| MetricView {
        key: MetricKey::stored(key),
        title: title.into(),
        unit: unit.into(),
        severity: severity.parse().expect("a severity"),
        rule_text: rule.into(),
        interval: Duration::from_secs(10),
    };
    vec![
        metric("x", "X", "", "warning", "rise by 1"),
        metric("y", "Y", "", "warning", "rise by 1"),
        metric("z", "Z", "", "critical", "above 100, clear below 90"),
        metric(
            "orders",
            "Unpaid orders 未支付订单",
            "orders",
            "critical",
            "above 12000 for 30s",
        ),
        metric("queue", "Settlement queue", "jobs", "warning", "above 500"),
        metric("latency", "Checkout p99", "ms", "info", "outside 20 to 800"),
        metric(
            "refunds",
            "Refunds waiting for a second pair of eyes",
            "",
            "warning",
            "change by 5",
        ),
    ]
}

fn seed(c: &mut Conn, now: NaiveDateTime) -> Result<(), DbError> {
    let ago = |s: i64| now - TimeDelta::seconds(s);
    let host = WorkerRow {
        id: "w1".into(),
        host: "mon-1".into(),
        pid: 4711,
        version: "0.1.0".into(),
        started_at: ago(90_000),
        heartbeat_at: now,
        role: ProcessRole::Worker,
    };
    workers::heartbeat(c, &host)?;
    let series: [(&str, f64, f64, &str, &str); 6] = [
        ("x", 1284.0, 1.0, "normal", "1284 has not risen by 1 above 1284"),
        ("y", 42.0, 0.3, "normal", "42 has not risen by 1 above 42"),
        ("z", 131.0, 9.0, "firing", "131 is above 100 since 09:12:40 UTC"),
        (
            "orders",
            12345.0,
            90.0,
            "pending",
            "12345 is above 12000 since 09:12:31 UTC, must hold for 30s",
        ),
        (
            "queue",
            208.0,
            14.0,
            "no_data",
            "no reading for 3m 20s: System B answers 503",
        ),
        ("latency", 183.25, 21.0, "normal", "183.25 is within 20 to 800"),
    ];
    for (key, value, swing, phase, reason) in series {
        for i in (0..48).rev() {
            let wave = (f64::from(i) / 4.0).sin() + (f64::from(i * i % 17) / 17.0 - 0.5);
            let failed = (key == "queue" && i < 9) || (key == "latency" && (20..24).contains(&i));
            let sample = NewSample {
                key: MetricKey::stored(key),
                at: ago(i64::from(i) * 10),
                value: (!failed).then_some((value + wave * swing).round()),
                error: failed.then(|| "System B answers 503".into()),
                took_ms: 12,
            };
            samples::insert(c, &sample)?;
        }
        realtime::record_value(c, key, value, ago(if key == "queue" { 200 } else { 3 }))?;
        let state = MetricState {
            key: MetricKey::stored(key),
            version: 0,
            phase: phase.into(),
            since: ago(95),
            reason: reason.into(),
            state: "{}".into(),
            updated_at: now,
        };
        states::save(c, &state, 0)?;
    }
    let error = "GET https://b.example/api/totals/queue: answered 503 Service Unavailable (3 attempts)";
    realtime::record_error(c, "queue", error, ago(3))?;
    let alert = alerts::open(c, &new_alert("z", AlertKind::Level, "131 is above 100", ago(95)))?;
    alerts::open(
        c,
        &new_alert("queue", AlertKind::NoData, "no reading for 1m", ago(140)),
    )?;
    let noisy = NewAlert {
        muted: Some("flapping".into()),
        severity: Severity::Warning,
        ..new_alert("latency", AlertKind::Level, "912 is outside 20 to 800", ago(700))
    };
    let noisy = alerts::open(c, &noisy)?;
    alerts::resolve(c, noisy.id, ago(400), Some(640.0))?;
    let event = NewAlert {
        muted: Some("silence:1".into()),
        severity: Severity::Info,
        previous: Some(1283.0),
        value: Some(1284.0),
        ..new_alert("x", AlertKind::Event, "1284 has risen by 1 above 1283", ago(300))
    };
    let event = alerts::open(c, &event)?;
    let note = "已联系支付网关，预计 10 点前恢复 — they are on it";
    let taken = alerts::open(c, &new_alert("y", AlertKind::Level, "44 is above 42", ago(250)))?;
    alerts::acknowledge(c, taken.id, "王芳", Some(note), ago(200))?;
    alerts::escalate(c, alert.id, ago(30))?;
    seed_records(c, now, [alert.id, event.id, taken.id])?;
    seed_evaluations(c, now)?;
    seed_itself(c, now)
}

/// The judgements of Z, with every word that there is.
fn seed_evaluations(c: &mut Conn, now: NaiveDateTime) -> Result<(), DbError> {
    let rows = [
        (Some(88.0), "normal", "88 is not above 100", ""),
        (
            None,
            "no_data",
            "no reading for 1m: System A answers 503",
            "no_data,incident:1",
        ),
        (Some(91.0), "normal", "91 is not above 100", "data_back"),
        (Some(104.0), "firing", "104 is above 100", "alert,flapping"),
        (
            Some(86.0),
            "normal",
            "86 is below 90",
            "recovered,maintenance:nightly",
        ),
        (Some(104.0), "pending", "104 is above 100, must hold for 10s", ""),
        (
            Some(117.0),
            "firing",
            "117 is above 100 since 09:12:30 UTC",
            "alert",
        ),
        (Some(131.0), "firing", "131 is above 100 since 09:12:30 UTC", ""),
    ];
    for (i, (value, phase, reason, effects)) in (0_i64..).zip(rows) {
        let evaluation = Evaluation {
            key: MetricKey::stored("z"),
            slot: 0,
            version: i + 1,
            at: now - TimeDelta::seconds(10 * (8 - i)),
            value,
            phase: phase.into(),
            reason: reason.into(),
            effects: effects.into(),
        };
        evaluations::record(c, &evaluation)?;
    }
    Ok(())
}

/// Silences, incidents and processes.
fn seed_itself(c: &mut Conn, now: NaiveDateTime) -> Result<(), DbError> {
    let silence = |key: Option<&str>, severity: Option<&str>, reason: &str, from: i64, to: i64| NewSilence {
        key: key.map(str::to_owned),
        severity: severity.map(|word| word.parse().expect("a severity")),
        reason: reason.into(),
        created_by: "李伟".into(),
        created_at: now,
        starts_at: now + TimeDelta::minutes(from),
        ends_at: now + TimeDelta::minutes(to),
    };
    silences::create(
        c,
        &silence(Some("x"), None, "Payment gateway restarts 支付网关重启", -5, 55),
    )?;
    silences::create(
        c,
        &silence(
            None,
            Some("info"),
            "Double Eleven: only what is grave",
            -60,
            3_000,
        ),
    )?;
    silences::create(
        c,
        &silence(Some("queue"), None, "Moving to the new database", 600, 720),
    )?;
    let incident = |kind, subject: &str, severity: &str, reason: &str, since: i64| NewIncident {
        kind,
        subject: subject.into(),
        severity: severity.parse().expect("a severity"),
        reason: reason.into(),
        since: now - TimeDelta::seconds(since),
        opened_at: now - TimeDelta::seconds(since - 60),
    };
    let gap = incident(
        IncidentKind::Gap,
        "",
        "info",
        "Nobody watched from 02:10 to 02:14 UTC",
        25_000,
    );
    if let Some(gap) = incidents::open(c, &gap)? {
        incidents::end(c, gap.id, now - TimeDelta::seconds(24_800))?;
    }
    let error = "System B cannot be read: 503 Service Unavailable, 12 times in a row";
    incidents::open(c, &incident(IncidentKind::System, "b", "critical", error, 200))?;
    let error = "nothing delivered for 10 min: smtp: connection refused";
    incidents::open(c, &incident(IncidentKind::Channel, "mail", "warning", error, 600))?;
    let gone = WorkerRow {
        id: "w0".into(),
        host: "mon-2".into(),
        pid: 981,
        version: "0.1.0".into(),
        started_at: now - TimeDelta::days(3),
        heartbeat_at: now - TimeDelta::minutes(12),
        role: ProcessRole::Worker,
    };
    workers::heartbeat(c, &gone)
}

fn new_alert(key: &str, kind: AlertKind, reason: &str, at: NaiveDateTime) -> NewAlert {
    NewAlert {
        key: MetricKey::stored(key),
        kind,
        severity: Severity::Critical,
        reason: reason.into(),
        value: Some(131.0),
        previous: None,
        opened_at: at,
        muted: None,
    }
}

/// A metric, its value, the message, and the fate of it on each channel.
type Row = (
    &'static str,
    f64,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Records whose deliveries are in every state, of an alert that nobody took, one that nobody was told of and one that
/// somebody took.
fn seed_records(c: &mut Conn, now: NaiveDateTime, [free, muted, taken]: [i64; 3]) -> Result<(), DbError> {
    let rows: [Row; 7] = [
        (
            "x",
            1281.0,
            "Order 20261103-0091 was refused by the payment gateway",
            &[("mail", "sent")],
        ),
        (
            "y",
            41.0,
            "订单 20261103-0092 退款失败：账户余额不足，请人工处理",
            &[("mail", "sent"), ("oncall", "sent")],
        ),
        (
            "x",
            1282.0,
            "Order 20261103-0093 was refused by the payment gateway",
            &[("mail", "gave"), ("oncall", "sent")],
        ),
        (
            "queue",
            208.0,
            "Cannot read Settlement queue: System B answers 503",
            &[("mail", "sent"), ("oncall", "failed")],
        ),
        (
            "z",
            104.0,
            "Z is at 104, above 100",
            &[("mail", "sent"), ("oncall", "sent")],
        ),
        (
            "x",
            1284.0,
            "<script>alert('from upstream')</script> & other untrusted text",
            &[("mail", "retry")],
        ),
        (
            "z",
            131.0,
            "Z is at 131, above 100. Warehouse east: 88 parcels without a label; warehouse west: 43",
            &[("mail", "pending"), ("oncall", "pending")],
        ),
    ];
    for (i, (key, value, message, channels)) in rows.into_iter().enumerate() {
        let at = now - TimeDelta::seconds(4_000 / (i as i64 + 1) - 560);
        let alert_id = match key {
            "x" => muted,
            "y" => taken,
            _ => free,
        };
        let record = NewRecord {
            key: MetricKey::stored(key),
            value: Some(value),
            alert: true,
            alert_message: message.into(),
            timestamp: at,
            alert_id: Some(alert_id),
            source_id: None,
        };
        let record = records::insert(c, &record)?.ok_or(DbError::NotFound)?;
        for (channel, fate) in channels {
            let delivery = NewDelivery {
                alert_id: Some(alert_id),
                record_id: Some(record.id),
                incident_id: None,
                lane: (*channel).into(),
                event: "alert".into(),
                recipient: "ops@example.com".into(),
                dedupe_key: format!("{}/{channel}", record.id),
                message_id: format!("{}.{channel}@example.com", record.id),
                payload: format!("{{\"text\":{message:?}}}"),
                next_at: at,
                created_at: at,
            };
            deliveries::enqueue(c, &[delivery])?;
            finish(c, channel, fate, now)?;
        }
    }
    Ok(())
}

fn finish(c: &mut Conn, lane: &str, fate: &str, now: NaiveDateTime) -> Result<(), DbError> {
    if fate == "pending" {
        return Ok(());
    }
    let lease = now + TimeDelta::seconds(30);
    for d in deliveries::claim(
        c,
        &deliveries::Claim {
            lane,
            worker: "w1",
            now,
            lease_until: lease,
            limit: 10,
            in_flight: &[],
        },
    )? {
        match fate {
            "sent" => deliveries::mark_sent(c, d.id, d.attempt, now)?,
            "retry" => {
                let later = now + TimeDelta::seconds(3_600);
                deliveries::mark_retry(
                    c,
                    d.id,
                    d.attempt,
                    later,
                    "smtp: 451 4.7.1 greylisted, try again later",
                )?
            }
            "gave" => deliveries::mark_final(
                c,
                d.id,
                d.attempt,
                monitor_model::DeliveryStatus::GivenUp,
                now,
                "smtp: connection refused for 24h",
            )?,
            _ => deliveries::mark_final(
                c,
                d.id,
                d.attempt,
                monitor_model::DeliveryStatus::Failed,
                now,
                "dingtalk: errcode 310000, the signature does not match",
            )?,
        };
    }
    Ok(())
}

/// Keeps the worker alive and X, Z and the latency moving.
async fn move_values(db: Db) {
    for i in 0_u32.. {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let moved = db.write(move |c| {
            let now = stored(Utc::now());
            let beat = WorkerRow {
                id: "w1".into(),
                host: "mon-1".into(),
                pid: 4711,
                version: "0.1.0".into(),
                started_at: now,
                heartbeat_at: now,
                role: ProcessRole::Worker,
            };
            workers::heartbeat(c, &beat)?;
            realtime::record_value(c, "x", 1284.0 + f64::from(i / 5), now)?;
            realtime::record_value(c, "y", 42.0, now)?;
            realtime::record_value(c, "z", 131.0 + f64::from(i % 7), now)?;
            realtime::record_value(c, "orders", 12345.0 + f64::from(i * 37 % 90), now)?;
            realtime::record_value(c, "latency", 183.25 + f64::from(i * 13 % 40), now)?;
            realtime::record_error(c, "queue", "System B answers 503", now)?;
            if i % 10 == 9 {
                let record = NewRecord {
                    key: MetricKey::stored("x"),
                    value: Some(1284.0 + f64::from(i / 5)),
                    alert: true,
                    alert_message: format!("Order 20261103-{i:04} was refused by the payment gateway"),
                    timestamp: now,
                    alert_id: None,
                    source_id: None,
                };
                records::insert(c, &record)?;
            }
            Ok(())
        });
        if let Err(error) = moved.await {
            log::error!("{error}");
        }
    }
}
