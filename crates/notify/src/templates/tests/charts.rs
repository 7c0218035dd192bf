//! What a mail says of its chart.

use chrono::TimeDelta;
use monitor_chart::Chart;
use monitor_domain::Language;

use super::{alert, templates};
use crate::{Event, Notification};

fn with_chart(event: Event, values: &[Option<f64>], threshold: Option<f64>) -> Notification {
    let to = alert().at;
    let from = to - TimeDelta::hours(1);
    let readings = (1..).map(|minute| from + TimeDelta::minutes(minute));
    let chart = Chart::new(from, to, readings.zip(values.iter().copied())).with_threshold(threshold);
    let message = Notification { event, ..alert() };
    message.with_chart(Some(chart))
}

/// What stands for the picture, and the line below it and its times.
fn said(message: &Notification, language: Language) -> Option<(String, String)> {
    let html = templates().mail(message, language).unwrap().html;
    let rest = html.split_once("alt=\"").filter(|_| html.contains("<img"))?.1;
    let (alt, rest) = rest.split_once('"')?;
    let line = rest
        .split_once("</table>")?
        .1
        .split_once("<td")?
        .1
        .split_once('>')?
        .1;
    Some((alt.to_owned(), line.split_once("</td>")?.0.to_owned()))
}

#[test]
fn a_chart_is_said_in_words() {
    const LEVEL: &[Option<f64>] = &[Some(5.0), Some(5.0)];
    const ROSE: &[Option<f64>] = &[Some(0.0), Some(90.5), None, Some(131.0)];
    const FAILED: &[Option<f64>] = &[Some(0.0), Some(131.0), None];
    const LEVEL_FAILED: &[Option<f64>] = &[Some(5.0), Some(5.0), None];
    for (event, values, english, chinese) in [
        (
            Event::Alert,
            ROSE,
            "Z: 0 to 131 in the last hour, now 131",
            "Z：最近一小时在 0 到 131 之间，当前 131",
        ),
        (
            Event::Recovered,
            LEVEL,
            "Z: 5 throughout the last hour",
            "Z：最近一小时一直为 5",
        ),
        (
            Event::Alert,
            FAILED,
            "Z: 0 to 131 in the last hour, last read as 131, unreadable now",
            "Z：最近一小时在 0 到 131 之间，最后读到 131，目前无法读取",
        ),
        (
            Event::NoData,
            ROSE,
            "Z: 0 to 131 in the last hour, last read as 131, unreadable now",
            "Z：最近一小时在 0 到 131 之间，最后读到 131，目前无法读取",
        ),
        (
            Event::NoData,
            LEVEL_FAILED,
            "Z: 5 whenever it was read in the last hour, unreadable now",
            "Z：最近一小时读到的均为 5，目前无法读取",
        ),
    ] {
        let message = with_chart(event, values, None);
        for (language, words) in [(Language::English, english), (Language::Chinese, chinese)] {
            assert_eq!(said(&message, language).unwrap().0, words);
        }
    }
}

#[test]
fn what_is_below_has_the_times_the_range_and_all_that_is_drawn() {
    let line = |values: &[Option<f64>], threshold, language| {
        said(&with_chart(Event::Alert, values, threshold), language)
            .unwrap()
            .1
    };
    let rose = [Some(0.0), Some(131.0)];
    assert_eq!(
        line(&rose, Some(100.0), Language::English),
        "Lowest 0, highest 131; dashed: threshold 100"
    );
    assert_eq!(
        line(&rose, Some(100.0), Language::Chinese),
        "最低 0，最高 131；虚线为阈值 100"
    );
    assert_eq!(line(&rose, Some(1e9), Language::English), "Lowest 0, highest 131");
    assert_eq!(line(&[Some(5.0), Some(5.0)], None, Language::Chinese), "一直为 5");
    let rose_again = [Some(0.0), None, Some(131.0)];
    let mut marked = with_chart(Event::Alert, &rose_again, Some(100.0));
    marked.chart = marked
        .chart
        .map(|chart| chart.with_mark(marked.at - TimeDelta::minutes(5)));
    for (language, words) in [
        (
            Language::English,
            "Lowest 0, highest 131; dashed: threshold 100; ▲ alert opened at 09:07; grey: unreadable",
        ),
        (
            Language::Chinese,
            "最低 0，最高 131；虚线为阈值 100；▲ 表示告警开始（09:07）；灰条为无法读取的时段",
        ),
    ] {
        assert_eq!(said(&marked, language).unwrap().1, words);
        let html = templates().mail(&marked, language).unwrap().html;
        assert!(
            html.contains(">08:12</td>") && html.contains(">09:12</td>"),
            "{html}"
        );
    }
}

#[test]
fn a_name_from_outside_cannot_leave_the_words_of_the_picture() {
    let mut message = with_chart(Event::Alert, &[Some(0.0), Some(1.0)], None);
    message.metric.title = "\"><script>alert(1)</script>".to_owned();
    let html = templates().mail(&message, Language::English).unwrap().html;
    assert!(html.contains("<img") && !html.contains("<script"), "{html}");
}

#[test]
fn a_mail_whose_html_does_not_show_the_picture_has_none() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("mail")).unwrap();
    let message = with_chart(Event::Alert, &[Some(0.0), Some(1.0)], None);
    for (template, has) in [
        ("{{ title }}", false),
        ("{% if chart %}cid:{{ chart.cid }}{% endif %}", true),
    ] {
        std::fs::write(dir.path().join("mail/body.html"), template).unwrap();
        let own = super::Templates::with_override(Some(dir.path())).unwrap();
        assert_eq!(
            own.mail(&message, Language::English).unwrap().chart.is_some(),
            has,
            "{template}"
        );
    }
}
