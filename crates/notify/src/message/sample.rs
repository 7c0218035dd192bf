//! A message of each event, made up as the engine would write it, for previews of texts.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_chart::Chart;
use monitor_domain::{Language, Severity};

use super::{AlertFacts, Event, MessageIds, MetricInfo, Notification};

/// As [`Notification::sample`].
pub(super) fn sample(event: Event, language: Language) -> Notification {
    let chinese = language == Language::Chinese;
    let at = now();
    let ids = MessageIds::new("alert-7", "alert-7@monitor.example.com");
    let base = "https://monitor.example.com";
    match event {
        Event::Digest | Event::Notice | Event::Test => {
            let (key, title, severity) = match (event, chinese) {
                (Event::Digest, false) => ("digest", "2 messages", Severity::Critical),
                (Event::Digest, true) => ("digest", "2 条消息", Severity::Critical),
                (Event::Notice, false) => ("channel", "Channel oncall", Severity::Warning),
                (Event::Notice, true) => ("channel", "通知渠道 oncall", Severity::Warning),
                _ => ("oncall", "oncall", Severity::Info),
            };
            let text = text(event, chinese);
            let notice = Notification::notice(ids, MetricInfo::new(key, title), severity, text, at);
            Notification { event, ..notice }.with_url(Some(format!("{base}/monitor")))
        }
        _ => about_an_alert(event, chinese, ids).with_url(Some(format!("{base}/alerts/7"))),
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_425_160, 0).unwrap_or_default()
}

fn about_an_alert(event: Event, chinese: bool, ids: MessageIds) -> Notification {
    let (value, previous, severity) = match event {
        Event::Reminder | Event::Escalation => (Some(140.0), Some(131.0), Severity::Warning),
        Event::Recovered => (Some(88.0), Some(131.0), Severity::Critical),
        Event::NoData => (None, None, Severity::Critical),
        Event::DataBack => (Some(97.0), None, Severity::Warning),
        Event::Closed => (None, Some(131.0), Severity::Warning),
        _ => (Some(131.0), Some(128.0), Severity::Critical),
    };
    let reason = reason(event, chinese);
    let text = match event {
        Event::Alert => several(chinese)[0].clone(),
        _ => reason.to_owned(),
    };
    let facts = AlertFacts {
        alert_id: 7,
        severity,
        value,
        previous,
        threshold: Some(100.0),
        reason: reason.to_owned(),
    };
    let (title, unit) = if chinese {
        ("未支付订单", "单")
    } else {
        ("Unpaid orders", "orders")
    };
    let metric = MetricInfo::new("w", title).with_unit(unit);
    let metric = metric.with_runbook(Some("https://wiki.example.com/orders".to_owned()));
    let kind = if matches!(event, Event::NoData | Event::DataBack) {
        "no_data"
    } else {
        "level"
    };
    let message = Notification::about_alert(ids, event, metric, facts, text, now())
        .with_opening(kind, now() - open_for(event))
        .with_chart((event != Event::Closed).then(|| last_hour(event)));
    match event {
        Event::Alert => message.with_messages(several(chinese), 3),
        _ => message,
    }
}

/// For how long the alert has been open.
fn open_for(event: Event) -> TimeDelta {
    match event {
        Event::Alert | Event::NoData => TimeDelta::zero(),
        Event::Recovered => TimeDelta::seconds(1_100),
        Event::DataBack => TimeDelta::seconds(1_440),
        _ => TimeDelta::minutes(125),
    }
}

fn reason(event: Event, chinese: bool) -> &'static str {
    match (event, chinese) {
        (Event::NoData, false) => "no data for 1m: System A answers 503",
        (Event::NoData, true) => "已 1 分钟没有数据：System A answers 503",
        (Event::DataBack, false) => "97 was read: recovered, had been firing since 08:48:40 UTC",
        (Event::DataBack, true) => "已读到 97，已恢复（告警始于 08:48:40 UTC）",
        (Event::Closed, false) => "metric removed from the config",
        (Event::Closed, true) => "指标已从配置中移除",
        (Event::Recovered, false) => "88 is below 90: recovered, had been firing since 08:54:20 UTC",
        (Event::Recovered, true) => "88 低于 90，已恢复（告警始于 08:54:20 UTC）",
        (Event::Reminder | Event::Escalation, false) => "140 is above 100 since 07:07:40 UTC",
        (Event::Reminder | Event::Escalation, true) => "140 高于 100（自 07:07:40 UTC 起）",
        (_, false) => "131 is above 100 since 09:12:40 UTC",
        (_, true) => "131 高于 100（自 09:12:40 UTC 起）",
    }
}

/// What is about no alert says.
fn text(event: Event, chinese: bool) -> &'static str {
    match (event, chinese) {
        (Event::Digest, false) => {
            "· 09:12:40 UTC Unpaid orders: Order 5 failed\n· 09:12:50 UTC Complaints: 131 is above 100"
        }
        (Event::Digest, true) => {
            "· 09:12:40 UTC 未支付订单：订单 5 处理失败\n· 09:12:50 UTC 投诉：131 高于 100"
        }
        (Event::Notice, false) => {
            "has delivered nothing since 09:02:10 UTC: timed out after 30s while connecting; waiting: 12"
        }
        (Event::Notice, true) => {
            "自 09:02:10 UTC 起无法送达：timed out after 30s while connecting；等待发送：12 条"
        }
        (_, false) => "test message from web-1",
        (_, true) => "来自 web-1 的测试消息",
    }
}

/// An hour that ends as the event has it.
fn last_hour(event: Event) -> Chart {
    let (from, to) = (now() - TimeDelta::hours(1), now());
    let readings = (0..=360_u16).map(|step| {
        let wave = (60.0 + 25.0 * (f64::from(step) / 20.0).sin()).round();
        let value = match (event, step) {
            (Event::Reminder | Event::Escalation, 355..) => Some(140.0),
            (Event::Reminder | Event::Escalation, _) => Some(wave + 70.0),
            (Event::DataBack, 216..355) | (Event::NoData, 354..) => None,
            (Event::DataBack, 355..) => Some(97.0),
            (Event::DataBack, _) => Some(wave + 10.0),
            (_, 150..170) => None,
            (Event::Recovered, 250..340) | (Event::Alert, 360..) => Some(131.0),
            (Event::Recovered, 340..) => Some(88.0),
            (Event::Alert, 330..) => Some(wave + f64::from(step - 330)),
            _ => Some(wave),
        };
        (from + TimeDelta::seconds(10 * i64::from(step)), value)
    });
    Chart::new(from, to, readings)
        .with_threshold(Some(100.0))
        .with_mark(now() - open_for(event))
}

fn several(chinese: bool) -> Vec<String> {
    let all = match chinese {
        false => [
            "Order 20261123-0005 failed: payment provider timed out after 30 s",
            "Order 20261123-0006 failed: card <declined> & refunded",
        ],
        true => [
            "订单 20261123-0005 处理失败：支付渠道 30 秒未响应",
            "订单 20261123-0006 处理失败：银行卡被拒 <已退款>",
        ],
    };
    all.map(str::to_owned).into()
}
