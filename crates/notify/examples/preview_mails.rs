//! Writes one HTML file for each kind of mail, for a browser:
//! `cargo run -p monitor-notify --example preview_mails -- /tmp/mails`.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta};
use monitor_domain::{Language, Severity};
use monitor_notify::{AlertFacts, Chart, Event, MessageIds, MetricInfo, Notification, Templates};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "mails".to_owned()));
    std::fs::create_dir_all(&dir)?;
    let templates = Templates::with_override(std::env::args().nth(2).as_deref().map(std::path::Path::new))?;
    for language in Language::ALL {
        for event in Event::ALL {
            let notification = example(event, language);
            let mut mail = templates.mail(&notification, language)?;
            if let Some(picture) = mail.chart {
                let file = format!("{event}.{}.png", language.tag());
                mail.html = mail.html.replace(&format!("cid:{}", picture.cid), &file);
                std::fs::write(dir.join(file), picture.png)?;
            }
            std::fs::write(dir.join(format!("{event}.{}.html", language.tag())), mail.html)?;
            std::fs::write(dir.join(format!("{event}.{}.txt", language.tag())), mail.text)?;
        }
    }
    Ok(())
}

fn example(event: Event, language: Language) -> Notification {
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
        (_, false) => {
            "Order 20261123-0005 failed: payment provider timed out after 30 s.\nThe customer was advised to try again."
        }
        (_, true) => "订单 20261123-0005 处理失败：支付渠道 30 秒未响应。\n已提示客户重试。",
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
    let facts = AlertFacts {
        alert_id: 7,
        severity,
        value,
        previous,
        threshold: None,
        reason: reason.to_owned(),
    };
    let is_of_an_alert = !matches!(event, Event::Test | Event::Notice | Event::Digest);
    Notification::about_alert(
        MessageIds::new("alert-7", "alert-7@monitor.example.com"),
        event,
        MetricInfo::new("w", title).with_unit(unit),
        facts,
        text,
        chrono::DateTime::from_timestamp(1_795_425_160, 0).unwrap_or_default(),
    )
    .with_alert(is_of_an_alert.then_some(7))
    .with_chart(is_of_an_alert.then(|| last_hour(event)))
    .with_url(Some("https://monitor.example.com/monitor/w".to_owned()))
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
