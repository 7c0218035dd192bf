//! A registry as text: OpenMetrics, or the older Prometheus format.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What every name begins with.
const PREFIX: &str = "monitor";
/// <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a scraper gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The series.
    pub body: String,
}

/// A registry whose names begin with `monitor_`, and which says which version this is.
pub fn registry(version: &str) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let info = Family::<[(&str, String); 1], Gauge>::default();
    info.get_or_create(&[("version", version.to_owned())]).set(1);
    registry.register("build_info", "Always 1; the version is in its label", info);
    registry
}

/// What is in `registry` now, in the format that `accept` (the request's header of that name) requests.
///
/// # Errors
/// When a collector fails.
pub fn expose(registry: &Registry, accept: Option<&str>) -> Result<Page, fmt::Error> {
    let mut body = String::new();
    encode(&mut body, registry)?;
    if accept.is_some_and(|accept| accept.contains("application/openmetrics-text")) {
        return Ok(Page {
            content_type: OPEN_METRICS,
            body,
        });
    }
    Ok(Page {
        content_type: TEXT,
        body: older(&body),
    })
}

/// In the format before OpenMetrics a counter's HELP and TYPE have the name of its samples, `…_total`, and there is
/// neither a unit nor a last line.
fn older(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len() + 1024);
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((named, about)) = help.take() {
                text.push_str(&format!("# HELP {named}{suffix} {about}\n"));
            }
            text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Unit;

    use super::*;

    fn filled() -> Registry {
        let mut registry = registry("1.2.3");
        let late = Family::<[(&str, &str); 1], Counter>::default();
        late.get_or_create(&[("metric", "x")]).inc_by(3);
        registry.register("cycles_late", "Skipped", late);
        let took = Histogram::new([0.5]);
        took.observe(0.25);
        registry.register_with_unit("commit_duration", "Storing", Unit::Seconds, took);
        registry
    }

    #[test]
    fn a_scraper_that_does_not_request_open_metrics_gets_the_older_format() {
        let page = expose(&filled(), Some("*/*")).unwrap();
        assert_eq!(page.content_type, TEXT);
        assert_eq!(
            page.body,
            "# HELP monitor_build_info Always 1; the version is in its label.\n\
             # TYPE monitor_build_info gauge\n\
             monitor_build_info{version=\"1.2.3\"} 1\n\
             # HELP monitor_cycles_late_total Skipped.\n\
             # TYPE monitor_cycles_late_total counter\n\
             monitor_cycles_late_total{metric=\"x\"} 3\n\
             # HELP monitor_commit_duration_seconds Storing.\n\
             # TYPE monitor_commit_duration_seconds histogram\n\
             monitor_commit_duration_seconds_sum 0.25\n\
             monitor_commit_duration_seconds_count 1\n\
             monitor_commit_duration_seconds_bucket{le=\"0.5\"} 1\n\
             monitor_commit_duration_seconds_bucket{le=\"+Inf\"} 1\n"
        );
    }

    #[test]
    fn prometheus_gets_open_metrics() {
        let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
        let page = expose(&filled(), Some(accept)).unwrap();
        assert_eq!(page.content_type, OPEN_METRICS);
        assert!(page.body.contains("# TYPE monitor_cycles_late counter\n"));
        assert!(
            page.body
                .contains("# UNIT monitor_commit_duration_seconds seconds\n")
        );
        assert!(page.body.ends_with("# EOF\n"));
    }
}
