//! A message of each event, made up, for previews of texts.

use chrono::{DateTime, TimeDelta};
use monitor_chart::Chart;
use monitor_domain::{Language, Severity};

use super::{AlertFacts, Event, MessageIds, MetricInfo, Notification};

/// As [`Notification::sample`].
pub(super) fn sample(event: Event, language: Language) -> Notification {
    let chinese = language == Language::Chinese;
    let (value, previous, severity) = match event {
        Event::Alert => (Some(131.0), Some(128.0), Severity::Critical),
        Event::Reminder | Event::Escalation => (Some(140.0), None, Severity::Warning),
        Event::Digest => (None, None, Severity::Critical),
        Event::Recovered => (Some(88.0), None, Severity::Critical),
        Event::NoData => (None, None, Severity::Critical),
        Event::DataBack => (Some(97.0), None, Severity::Warning),
        Event::Closed => (None, Some(131.0), Severity::Warning),
        Event::Notice => (None, None, Severity::Warning),
        Event::Test => (None, None, Severity::Info),
    };
    let text = match (event, chinese) {
        (Event::NoData, false) => "System A answers 503 Service Unavailable.",
        (Event::NoData, true) => "系统 A 返回 503 Service Unavailable。",
        (Event::Notice, false) => "The channel oncall cannot be reached: 12 messages were given up.",
        (Event::Notice, true) => "通知渠道 oncall 无法连接：已放弃 12 条消息。",
        (Event::Closed, false) => "metric removed from the config",
        (Event::Closed, true) => "指标已从配置中移除",
        (Event::Digest, false) => {
            "· 09:12:40 UTC Unpaid orders: Order 5 failed\n· 09:12:50 UTC Complaints: 131 is above 100"
        }
        (Event::Digest, true) => {
            "· 09:12:40 UTC 未支付订单：订单 5 处理失败\n· 09:12:50 UTC 投诉：131 高于 100"
        }
        (_, false) => "Order 20261123-0005 failed: payment provider timed out after 30 s",
        (_, true) => "订单 20261123-0005 处理失败：支付渠道 30 秒未响应",
    };
    let reason = match (event, chinese) {
        (Event::Test | Event::Notice | Event::Digest, _) => "",
        (Event::NoData, false) => "no data for 1m: System A answers 503",
        (Event::NoData, true) => "已 1 分钟没有数据：System A answers 503",
        (Event::Closed, false) => "metric removed from the config",
        (Event::Closed, true) => "指标已从配置中移除",
        (Event::Recovered, false) => "88 is below 90: recovered, had been firing since 09:31:10 UTC",
        (Event::Recovered, true) => "88 低于 90，已恢复（告警始于 09:31:10 UTC）",
        (_, false) => "131 is above 100 since 09:12:40 UTC",
        (_, true) => "131 高于 100（自 09:12:40 UTC 起）",
    };
    let (title, unit) = if chinese {
        ("未支付订单", "单")
    } else {
        ("Unpaid orders", "orders")
    };
    let is_of_an_alert = !matches!(event, Event::Test | Event::Notice | Event::Digest);
    let facts = AlertFacts {
        alert_id: 7,
        severity,
        value,
        previous,
        threshold: Some(if event == Event::Recovered { 90.0 } else { 100.0 }).filter(|_| is_of_an_alert),
        reason: reason.to_owned(),
    };
    let runbook = is_of_an_alert.then(|| "https://wiki.example.com/orders".to_owned());
    let at = DateTime::from_timestamp(1_795_425_160, 0).unwrap_or_default();
    let message = Notification::about_alert(
        MessageIds::new("alert-7", "alert-7@monitor.example.com"),
        event,
        MetricInfo::new("w", title).with_unit(unit).with_runbook(runbook),
        facts,
        text,
        at,
    )
    .with_alert(is_of_an_alert.then_some(7))
    .with_chart((is_of_an_alert && event != Event::Closed).then(|| last_hour(event)));
    let (page, opened) = match event {
        Event::Alert | Event::NoData => ("alerts/7", Some(at)),
        _ if is_of_an_alert => ("alerts/7", Some(at - TimeDelta::minutes(125))),
        _ => ("monitor", None),
    };
    let message = message.with_url(Some(format!("https://monitor.example.com/{page}")));
    match opened {
        Some(opened) if event == Event::Alert => message
            .with_messages(several(chinese), 3)
            .with_opening("level", opened),
        Some(opened) => message.with_opening("level", opened),
        None => message,
    }
}

/// An hour that ends as the event has it.
fn last_hour(event: Event) -> Chart {
    let to = DateTime::from_timestamp(1_795_425_160, 0).unwrap_or_default();
    let from = to - TimeDelta::hours(1);
    let readings = (0..=360_u16).map(|step| {
        let wave = (60.0 + 25.0 * (f64::from(step) / 20.0).sin()).round();
        let value = match (event, step) {
            (_, 150..170) => None,
            (Event::NoData, 350..) => None,
            (Event::Recovered, 250..340) | (Event::Alert | Event::Reminder | Event::Escalation, 340..) => {
                Some(131.0)
            }
            (Event::Recovered, 340..) => Some(88.0),
            _ => Some(wave),
        };
        (from + TimeDelta::seconds(10 * i64::from(step)), value)
    });
    Chart::new(from, to, readings)
        .with_threshold(Some(100.0))
        .with_mark(to - TimeDelta::seconds(200))
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
