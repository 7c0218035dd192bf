//! Who is notified.

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::deliveries::{Address, Filter};
use monitor_model::{Alert, Conn, DbError, deliveries};
use monitor_notify::{MetricInfo, Notification};
use monitor_rules::{Limits, Occasion};
use serde::{Deserialize, Serialize};

use super::payload;
use crate::context::Context;
use crate::metric::{MAX_MESSAGES, Metric, MetricConfig};

/// The page with all metrics, and the folder of those of single alerts.
pub(crate) const OVERVIEW: &str = "/monitor";
const ALERTS: &str = "/alerts/";

/// Messages of an alert that are searched for the name of its metric.
const RECENT: i64 = 20;

/// A channel and those who read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Audience {
    pub(crate) channel: String,
    pub(crate) recipients: Vec<String>,
}

/// What does not change between the notifications of one metric: what they are about and whom they go to. Stored with jobs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Routing {
    pub(crate) metric: MetricInfo,
    pub(crate) severity: Severity,
    pub(crate) audience: Vec<Audience>,
    pub(crate) page: Option<String>,
    /// The thresholds of its rule.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub(crate) limits: Limits,
    /// Each message of an alert goes out by itself.
    #[serde(default)]
    pub(crate) each: bool,
    #[serde(default = "max_messages")]
    pub(crate) max_messages: usize,
    /// Channels that are not notified when it is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) without_recovery: Vec<String>,
}

impl Routing {
    /// The routing of a metric, as the config has it for this occasion at this time.
    pub(crate) fn of(
        context: &Context,
        metric: &dyn Metric,
        occasion: Occasion,
        at: DateTime<Utc>,
    ) -> Routing {
        let config = metric.config();
        let routes = Some(&context.options.routes).filter(|routes| config.is_routed && !routes.is_empty());
        let notify = routes.and_then(|routes| routes.decide(subject(config), occasion, at).channels);
        let notify = notify.as_ref().unwrap_or(&config.notify);
        Routing {
            metric: MetricInfo::new(config.key.as_str(), &config.title)
                .with_unit(&config.unit)
                .with_runbook(config.runbook.clone()),
            severity: config.severity,
            audience: named(context, notify),
            page: page(context, OVERVIEW),
            limits: config.rule.limits(),
            each: config.each,
            max_messages: config.max_messages,
            without_recovery: routes
                .map(|routes| routes.without_recovery(subject(config)))
                .unwrap_or_default(),
        }
    }
}

/// What the routes choose by.
fn subject(config: &MetricConfig) -> monitor_rules::Subject<'_> {
    monitor_rules::Subject {
        key: &config.key,
        group: config.group.as_deref(),
        labels: &config.labels,
        severity: config.severity,
    }
}

/// What a metric was in the last message of an alert, for one that is in the config no more.
pub(crate) fn stored_metric(conn: &mut Conn, alert: &Alert) -> Result<MetricInfo, DbError> {
    let filter = Filter {
        alert_id: Some(alert.id),
        ..Filter::default()
    };
    let sent = deliveries::page(conn, &filter, RECENT)?.into_iter();
    let mut messages = sent
        .filter(|delivery| !delivery.lane.starts_with('@'))
        .filter_map(|delivery| payload::read_notification(&delivery.payload).ok());
    let metric = messages.find_map(|message| (message.metric.key == *alert.key).then_some(message.metric));
    Ok(metric.unwrap_or_else(|| MetricInfo::new(alert.key.as_str(), alert.key.as_str())))
}

/// The channels of these names with all who read them, in the order of the config.
pub(crate) fn named(context: &Context, names: &[String]) -> Vec<Audience> {
    let channels = context.channels.iter().map(|channel| &channel.notifier);
    channels
        .filter(|notifier| names.iter().any(|name| name == notifier.name()))
        .map(|notifier| Audience {
            channel: notifier.name().to_owned(),
            recipients: notifier.recipients(),
        })
        .collect()
}

/// Those who are notified of the monitor's own incidents, but not through the lane `but`, which is the incident: the channels
/// that the config names for it or, where none is left, any other.
pub(crate) fn for_incidents(context: &Context, but: &str) -> Vec<Audience> {
    let own = context.options.notify.iter().filter(|name| *name != but);
    let own: Vec<String> = own.cloned().collect();
    if !own.is_empty() {
        return named(context, &own);
    }
    let others = context.channels.iter().map(|channel| channel.notifier.name());
    let others: Vec<String> = others.filter(|name| *name != but).map(str::to_owned).collect();
    named(context, &others)
}

/// Addresses by channel.
pub(crate) fn by_channel(addresses: Vec<Address>) -> Vec<Audience> {
    let mut grouped: Vec<Audience> = Vec::new();
    for (channel, recipient) in addresses {
        match grouped.iter_mut().find(|known| known.channel == channel) {
            Some(known) => known.recipients.push(recipient),
            None => grouped.push(Audience {
                channel,
                recipients: vec![recipient],
            }),
        }
    }
    grouped
}

/// A page of the monitor, where readers of messages could reach it.
pub(crate) fn page(context: &Context, path: &str) -> Option<String> {
    let base = context.options.page.as_ref()?;
    Some(format!("{}{path}", base.trim_end_matches('/')))
}

/// The page of an alert, where `overview` is the overview's, as it is stored with jobs.
pub(crate) fn alert_page(overview: &str, alert_id: i64) -> String {
    match overview.strip_suffix(OVERVIEW) {
        Some(base) => format!("{base}{ALERTS}{alert_id}"),
        None => overview.to_owned(),
    }
}

/// The overview of the monitor that has this page of an alert; any other page is itself.
fn overview(page: &str) -> String {
    match page.rsplit_once(ALERTS) {
        Some((base, id)) if id.parse::<i64>().is_ok() => format!("{base}{OVERVIEW}"),
        _ => page.to_owned(),
    }
}

/// The page of several messages: the one that all of them have, else the overview.
pub(crate) fn common_page(messages: &[Notification]) -> Option<String> {
    let mut pages = messages.iter().filter_map(|message| message.url.as_deref());
    let first = pages.next()?;
    match pages.all(|page| page == first) {
        true => Some(first.to_owned()),
        false => Some(overview(first)),
    }
}

fn max_messages() -> usize {
    MAX_MESSAGES
}

#[cfg(test)]
mod tests {
    use monitor_domain::Severity;
    use monitor_notify::MessageIds;

    use super::*;

    fn message(page: Option<&str>) -> Notification {
        let subject = MetricInfo::new("z", "Z");
        let ids = MessageIds::new("n", "n@m");
        Notification::notice(ids, subject, Severity::Warning, "n", DateTime::<Utc>::UNIX_EPOCH)
            .with_url(page.map(str::to_owned))
    }

    #[test]
    fn an_alert_has_a_page_beside_the_overview() {
        let page = alert_page("https://m.example/ops/monitor", 7);
        assert_eq!(page, "https://m.example/ops/alerts/7");
        assert_eq!(overview(&page), "https://m.example/ops/monitor");
        for other in ["https://m.example/system", "https://m.example/alerts/x", ""] {
            assert_eq!(alert_page(other, 7), other);
            assert_eq!(overview(other), other);
        }
    }

    #[test]
    fn several_messages_have_the_page_of_their_alert_or_the_overview() {
        let common = |pages: &[Option<&str>]| {
            let messages: Vec<_> = pages.iter().map(|page| message(*page)).collect();
            common_page(&messages)
        };
        let (seven, eight) = (
            Some("https://m.example/alerts/7"),
            Some("https://m.example/alerts/8"),
        );
        assert_eq!(common(&[seven, None, seven]).as_deref(), seven);
        assert_eq!(
            common(&[seven, eight]).as_deref(),
            Some("https://m.example/monitor")
        );
        assert_eq!(common(&[None]), None);
    }
}
