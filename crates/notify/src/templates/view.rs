//! What a template sees: a notification made safe to show, bounded, and in words.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, Local, Utc};
use monitor_domain::{Language, Number, Severity, one_line};
use serde::Serialize;

use super::duration::duration;
use super::language::word;
use super::picture::ChartView;
use super::text::{clean, cut};
use crate::{Event, Notification};

/// Longest message shown, in characters; the page has the rest.
const TEXT_LIMIT: usize = 10_000;
/// Longest reason shown, in characters.
const REASON_LIMIT: usize = 1_000;
/// Longest name of anything shown, in characters.
const NAME_LIMIT: usize = 200;
/// Longest text after the metric's name in a subject, in characters.
const HEADLINE_LIMIT: usize = 120;

/// What a reason goes on with that a subject need not say: times, and that a recovery is one.
const ASIDES: [&str; 5] = [" since ", ": recovered", "（自 ", "（告警始于 ", "，已恢复"];

/// The variables of a template. `templates/mail/README.md` explains them to people who write their own.
#[derive(Serialize, Debug)]
pub(super) struct View {
    lang: &'static str,
    event: &'static str,
    severity: &'static str,
    /// What colour it has: `critical`, `warning`, `info`, `good` or `unknown`.
    tone: &'static str,
    key: String,
    title: String,
    unit: String,
    value: Option<String>,
    previous: Option<String>,
    /// The value less the previous one, with its sign.
    change: Option<String>,
    threshold: Option<String>,
    /// The comparison that it is about: `131 > 100`.
    comparison: Option<String>,
    /// When the alert was opened, where that was a while ago, and how long it has lasted since.
    since: Option<String>,
    lasted: Option<String>,
    /// How many messages it is about.
    count: usize,
    text: String,
    lines: Vec<String>,
    /// How many characters of the message are not in `text`.
    left: usize,
    reason: String,
    /// Whether the message says just that.
    reason_is_text: bool,
    headline: String,
    /// The number with what it is held against, where the headline is a message and leaves it open; else empty.
    figure: String,
    /// Whether the headline is a reason in another language than the rest. A message is shown as it is.
    foreign: bool,
    at: String,
    alert_id: Option<i64>,
    url: Option<String>,
    /// The key of the words for it.
    link_key: &'static str,
    runbook: Option<String>,
    /// The metric's last hour, where there is a picture of it.
    chart: Option<ChartView>,
}

impl View {
    pub(super) fn new(notification: &Notification, language: Language, zone: Option<FixedOffset>) -> View {
        let whole = said(notification, language);
        let text = cut(&whole, TEXT_LIMIT);
        let reason = cut(&one_line(&notification.reason), REASON_LIMIT);
        let value = notification.value.map(number);
        let change = change(notification.value, notification.previous);
        let comparison = comparison(notification.value, notification.threshold);
        let first = clean(&notification.text);
        let (headline, is_message) = headline(notification.event, &reason, &first, value.as_deref());
        let lasted = notification.lasted();
        View {
            lang: language.tag(),
            event: notification.event.as_str(),
            severity: notification.severity.as_str(),
            tone: tone(notification.event, notification.severity),
            key: cut(&one_line(&notification.metric.key), NAME_LIMIT),
            title: cut(&one_line(&notification.metric.title), NAME_LIMIT),
            unit: cut(&one_line(&notification.metric.unit), NAME_LIMIT),
            previous: notification.previous.map(number),
            figure: figure(
                notification.event,
                is_message,
                (comparison.as_deref(), change.as_deref(), value.as_deref()),
            ),
            change,
            threshold: notification.threshold.map(number),
            comparison,
            since: notification
                .since
                .filter(|_| lasted.is_some())
                .map(|at| moment(at, zone)),
            lasted: lasted.map(|lasted| duration(lasted, language)),
            count: notification.message_count(),
            lines: text.lines().map(str::to_owned).collect(),
            left: whole.chars().count().saturating_sub(TEXT_LIMIT),
            reason_is_text: notification.messages.is_empty()
                && one_line(&notification.reason) == one_line(&notification.text),
            foreign: !is_message && is_foreign(&headline, language),
            headline,
            value,
            text,
            reason,
            at: moment(notification.at, zone),
            alert_id: notification.alert_id,
            url: notification.url.as_deref().and_then(link),
            link_key: link_key(notification),
            runbook: notification.metric.runbook.as_deref().and_then(link),
            chart: None,
        }
    }

    /// The same with a picture.
    pub(super) fn with_chart(mut self, chart: Option<ChartView>) -> View {
        self.chart = chart;
        self
    }

    /// What the message says, as far as it is shown.
    pub(super) fn message(&self) -> &str {
        &self.text
    }

    /// How many characters of the message are not shown.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// The key of the words for the page about it.
    pub(super) fn link_key(&self) -> &'static str {
        self.link_key
    }

    /// The page about it.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The colour of the message.
    pub(super) fn tone(&self) -> &'static str {
        self.tone
    }

    /// Shows only this much of the message, which is its beginning.
    pub(super) fn shorten(&mut self, kept: &str) {
        let shown = self.text.chars().count();
        self.left += shown.saturating_sub(kept.chars().count());
        self.text = match kept.trim_end() {
            "" => String::new(),
            kept => format!("{kept}…"),
        };
        self.lines = self.text.lines().map(str::to_owned).collect();
    }
}

/// The colour of the message: bad news has that of its severity, good news is good, and not knowing is neither.
fn tone(event: Event, severity: Severity) -> &'static str {
    match event {
        Event::Alert | Event::Reminder | Event::Escalation | Event::Digest => severity.as_str(),
        Event::Recovered | Event::DataBack => "good",
        Event::NoData | Event::Closed => "unknown",
        Event::Notice if severity == Severity::Info => "info",
        Event::Notice => severity.as_str(),
        Event::Test => "info",
    }
}

/// A number as people write it: `131`, not `131.0`.
fn number(value: f64) -> String {
    Number(value).to_string()
}

/// By how much it changed, with its sign.
fn change(value: Option<f64>, previous: Option<f64>) -> Option<String> {
    let Number(difference) = Number::difference(value?, previous?);
    if !difference.is_finite() || difference == 0.0 {
        return None;
    }
    let sign = if difference > 0.0 { '+' } else { '\u{2212}' };
    Some(format!("{sign}{}", Number(difference.abs())))
}

/// What the subject says, and whether that is the message. Of an alert, a notice or a test the message, else why, else
/// the value; of other events first why, since the message is an old one. The time in a reason is in the mail's own date.
fn headline(event: Event, reason: &str, text: &str, value: Option<&str>) -> (String, bool) {
    let end = ASIDES.iter().filter_map(|aside| reason.find(aside)).min();
    let short_reason = &reason[..end.unwrap_or(reason.len())];
    let message = text.lines().find(|line| !line.trim().is_empty());
    // Some alerts have their reason for a message.
    let message = message.filter(|message| one_line(message) != reason || event == Event::Notice);
    let message = (message.unwrap_or_default(), true);
    let (short_reason, value) = ((short_reason, false), (value.unwrap_or_default(), false));
    let choice = match event {
        Event::Alert | Event::Reminder | Event::Escalation | Event::Notice | Event::Test => {
            [message, short_reason, value]
        }
        Event::Digest | Event::Recovered | Event::NoData | Event::DataBack | Event::Closed => {
            [short_reason, message, value]
        }
    };
    let (what, is_message) = choice
        .into_iter()
        .find(|(one, _)| !one.trim().is_empty())
        .unwrap_or_default();
    (cut(&one_line(what), HEADLINE_LIMIT), is_message)
}

/// The number that belongs beside a message in the subject of an alert: what it is held against, else how it changed.
fn figure(
    event: Event,
    is_message: bool,
    (comparison, change, value): (Option<&str>, Option<&str>, Option<&str>),
) -> String {
    let is_alert = matches!(event, Event::Alert | Event::Reminder | Event::Escalation);
    match (value, comparison, change) {
        (Some(_), Some(comparison), _) if is_alert && is_message => comparison.to_owned(),
        (Some(value), None, Some(change)) if is_alert && is_message => format!("{value} ({change})"),
        (Some(value), None, None) if is_alert && is_message => value.to_owned(),
        _ => String::new(),
    }
}

/// A value that is beyond a threshold, and that.
fn comparison(value: Option<f64>, threshold: Option<f64>) -> Option<String> {
    let (value, threshold) = (value?, threshold?);
    let sign = match value.partial_cmp(&threshold)? {
        std::cmp::Ordering::Greater => '>',
        std::cmp::Ordering::Less => '<',
        std::cmp::Ordering::Equal => '=',
    };
    Some(format!("{} {sign} {}", number(value), number(threshold)))
}

/// All that it says: the message, or each of several in a line of its own.
fn said(notification: &Notification, language: Language) -> String {
    if notification.messages.is_empty() {
        return clean(&notification.text);
    }
    let line = |message: &String| format!("· {}", one_line(message));
    let mut lines: Vec<String> = notification.messages.iter().map(line).collect();
    if notification.more_messages > 0 {
        let count = HashMap::from([("count".into(), notification.more_messages.to_string().into())]);
        lines.push(format!(
            "· {}",
            word(language, "more-messages", &count).unwrap_or_default()
        ));
    }
    lines.join("\n")
}

/// Whether a headline is in another language, as far as its letters show: reasons are in the installation's language,
/// messages in that of the upstream system, and a channel may have its own. Latin letters show nothing: names have them.
fn is_foreign(headline: &str, language: Language) -> bool {
    let is_chinese = headline.contains(|one| ('\u{4E00}'..='\u{9FFF}').contains(&one));
    match language {
        Language::English => is_chinese,
        Language::Chinese => !is_chinese,
    }
}

/// The time in the machine's own zone, or a given one, always with its offset.
fn moment(at: DateTime<Utc>, zone: Option<FixedOffset>) -> String {
    let at = match zone {
        Some(zone) => at.with_timezone(&zone),
        None => at.with_timezone(&Local).fixed_offset(),
    };
    if at.offset().local_minus_utc() == 0 {
        at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    } else {
        at.format("%Y-%m-%d %H:%M:%S %:z").to_string()
    }
}

/// The key of the words for the page about it.
pub(super) fn link_key(notification: &Notification) -> &'static str {
    match notification.alert_id {
        Some(_) => "open-alert",
        None => "open-page",
    }
}

/// The time of day in the zone of [`moment`].
pub(super) fn time_of_day(at: DateTime<Utc>, zone: Option<FixedOffset>) -> String {
    match zone {
        Some(zone) => at.with_timezone(&zone).format("%H:%M").to_string(),
        None => at.with_timezone(&Local).format("%H:%M").to_string(),
    }
}

/// Only what a browser opens as a page may become a link.
fn link(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_changes_read_well() {
        assert_eq!(number(131.0), "131");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(change(Some(131.0), Some(128.0)).unwrap(), "+3");
        assert_eq!(change(Some(0.1), Some(0.3)).unwrap(), "\u{2212}0.2");
        assert_eq!(change(Some(0.3), Some(0.2)).unwrap(), "+0.1");
        assert_eq!(change(Some(1e-300), Some(0.0)).unwrap(), "+1e-300");
        assert_eq!(number(1e-300), "1e-300");
        assert_eq!(number(-0.0), "0");
        assert_eq!(change(Some(1.0), Some(1.0)), None);
        assert_eq!(change(Some(f64::MAX), Some(-f64::MAX)), None);
        assert_eq!(change(None, Some(1.0)), None);
    }

    #[test]
    fn only_pages_become_links() {
        assert_eq!(
            link("https://m.example/monitor").unwrap(),
            "https://m.example/monitor"
        );
        assert_eq!(link("javascript:alert(1)"), None);
        assert_eq!(link("data:text/html,x"), None);
        assert_eq!(link("/monitor"), None);
    }

    #[test]
    fn the_headline_is_the_message_or_the_reason_without_its_time() {
        let headline = |event, reason, text, value| headline(event, reason, text, value).0;
        let why = "131 is above 100 since 09:12:40 UTC";
        assert_eq!(headline(Event::Alert, why, "Order 5", Some("131")), "Order 5");
        assert_eq!(headline(Event::Alert, why, "\n \nOrder 5\n", None), "Order 5");
        for text in ["", why] {
            assert_eq!(headline(Event::Alert, why, text, Some("131")), "131 is above 100");
        }
        assert_eq!(
            headline(Event::Recovered, why, "Order 5", Some("131")),
            "131 is above 100"
        );
        assert_eq!(
            headline(Event::Alert, "", "Order 5\nfailed", Some("131")),
            "Order 5"
        );
        assert_eq!(headline(Event::Alert, "", " \n", Some("131")), "131");
        assert_eq!(
            headline(Event::Notice, why, "System A is down", None),
            "System A is down"
        );
        assert_eq!(headline(Event::Alert, "", "", None), "");
        for (reason, short) in [
            (
                "89 is below 90: recovered, had been firing since 09:12:40 UTC",
                "89 is below 90",
            ),
            ("131 高于 100（自 09:12:40 UTC 起）", "131 高于 100"),
            ("89 低于 90，已恢复（告警始于 09:12:40 UTC）", "89 低于 90"),
            (
                "从 0 升至 5，增加 5（首次读数）",
                "从 0 升至 5，增加 5（首次读数）",
            ),
            (
                "已 1 分钟没有数据：System A answers 503",
                "已 1 分钟没有数据：System A answers 503",
            ),
        ] {
            assert_eq!(headline(Event::Recovered, reason, "", None), short);
        }
    }

    #[test]
    fn a_headline_in_another_language_is_known() {
        for (headline, english, chinese) in [
            ("131 is above 100", false, true),
            ("131 高于 100", true, false),
            ("已 1 分钟没有数据：System A answers 503", true, false),
            ("", false, true),
        ] {
            assert_eq!(is_foreign(headline, Language::English), english, "{headline}");
            assert_eq!(is_foreign(headline, Language::Chinese), chinese, "{headline}");
        }
    }

    #[test]
    fn times_say_their_zone() {
        let at = DateTime::from_timestamp(1_795_425_160, 0).unwrap();
        let beijing = FixedOffset::east_opt(8 * 3600);
        assert_eq!(moment(at, FixedOffset::east_opt(0)), "2026-11-23 09:12:40 UTC");
        assert_eq!(moment(at, beijing), "2026-11-23 17:12:40 +08:00");
    }
}
