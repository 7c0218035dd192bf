//! From the config to what the web needs to know.

use std::sync::Arc;

use anyhow::{Context, Result};
use monitor_domain::{MetricKey, SharedClock, with_causes};
use monitor_model::Db;
use monitor_process::{Commit, Part, Refusal};
use monitor_requests::{Secret, SecretSource};
use monitor_settings::{MetricSettings, Settings};

use crate::context::{GlobalAlarm, ListView, MetricView, Shown, WebContext};
use crate::localized::Localized;

impl WebContext {
    /// The context that the settings describe, over an opened database. Nothing is called yet.
    ///
    /// # Errors
    /// Where the system of the alarm cannot be made from its settings, or a secret is not to be had.
    pub fn from_settings(settings: &Settings, db: Db, clock: SharedClock) -> Result<WebContext> {
        let systems = settings.systems(clock.clone()).context("for the alarm")?;
        let alarm = settings.alarm(&systems).context("for the alarm")?;
        let token = settings.web.metrics_token.as_ref().map(SecretSource::resolve);
        let is_list = |metric: &&MetricSettings| metric.for_each.is_some();
        let metrics = settings.metrics.iter().filter(|metric| !is_list(metric));
        let metrics = metrics.map(MetricView::from).collect();
        let before = |n: usize| {
            settings.metrics[..n]
                .iter()
                .filter(|metric| !is_list(metric))
                .count()
        };
        let lists = settings.metrics.iter().enumerate();
        let lists = lists
            .filter(|(_, metric)| is_list(metric))
            .map(|(n, list)| ListView {
                view: MetricView::from(list),
                after: before(n),
            });
        Ok(WebContext {
            pushed: pushed(settings)?,
            lists: lists.collect(),
            maintenance: settings.maintenance.clone(),
            channels: settings
                .channels
                .iter()
                .map(|channel| channel.name.clone())
                .collect(),
            alarm: alarm.map(|alarm| Arc::new(alarm) as Arc<dyn GlobalAlarm>),
            lang: settings.web.lang,
            templates: settings.web.templates.clone(),
            bind: settings.web.bind,
            cors_origins: settings.web.cors_origins.clone(),
            metrics_token: token.transpose().context("web.metrics_token")?,
            ..WebContext::new(db, metrics, clock)
        })
    }
}

/// The tokens of those who send values.
fn pushed(settings: &Settings) -> Result<Vec<(MetricKey, Secret)>> {
    let pushed = settings.metrics.iter().filter_map(|metric| {
        let push = metric.push.as_ref()?;
        let token = push.token.resolve();
        let token = token.with_context(|| format!("metrics.{}.push.token", metric.key));
        Some(token.map(|token| (metric.key.clone(), token)))
    });
    pushed.collect()
}

impl From<&MetricSettings> for MetricView {
    fn from(settings: &MetricSettings) -> MetricView {
        MetricView {
            key: settings.key.clone(),
            title: settings.title.clone(),
            unit: settings.unit.clone(),
            severity: settings.severity,
            rule_text: Localized::from(&settings.rule),
            depends_on: settings.depends_on.clone(),
            interval: settings.interval,
            item: None,
        }
    }
}

/// A web that goes on by a changed config.
pub struct WebPart {
    ctx: WebContext,
}

impl WebPart {
    /// Of the web that serves this context.
    pub fn new(ctx: &WebContext) -> WebPart {
        ctx.reloader.begin(Shown::from(ctx));
        WebPart { ctx: ctx.clone() }
    }
}

impl Part for WebPart {
    fn prepare(&self, before: &Settings, changed: &Settings) -> Result<Commit, String> {
        let (db, clock) = (self.ctx.db.clone(), self.ctx.clock.clone());
        let next = WebContext::from_settings(changed, db, clock);
        let next = next.map_err(|error| format!("the page: {}", with_causes(&*error)))?;
        let mut shown = Shown::from(&next);
        let alarm = changed.alarm.as_ref().and_then(|alarm| alarm.system.as_ref());
        let system = format!("systems.{}", alarm.map_or("", String::as_str));
        let reloader = self.ctx.reloader.clone();
        if changed.is_same(before, "alarm") && changed.is_same(before, &system) {
            // With its session.
            shown.alarm.clone_from(&reloader.now().alarm);
        }
        Ok(Box::new(move || reloader.show(shown)))
    }

    fn attempted(&self, refusal: Option<&Refusal>) {
        let why = refusal.map(|refusal| refusal.0.as_str());
        self.ctx.reloader.refusal().set(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(web: &str) -> Settings {
        let text = format!(
            r#"
            [database]
            url = "sqlite:unused.db"
            [web]
            {web}
            [systems.a]
            kind = "system_a"
            base_url = "http://127.0.0.1:1"
            username = "monitor"
            password = "p"
            [systems.b]
            kind = "system_b"
            base_url = "http://127.0.0.1:1"
            username = "monitor"
            password = "p"
            [alarm]
            system = "b"
            [channels.mail]
            kind = "smtp"
            url = "smtp://127.0.0.1:1"
            from = "monitor@example.com"
            to = ["ops@example.com"]
            [channels.oncall]
            kind = "smtp"
            url = "smtp://127.0.0.1:1"
            from = "monitor@example.com"
            to = ["oncall@example.com"]
            [metrics.z]
            alert = {{ above = 100, clear_below = 90 }}
            [metrics.x]
            "#
        );
        monitor_settings::load_str("test.toml", &text, &[], &monitor_settings::Kinds::stock())
            .unwrap_or_else(|e| panic!("{e}"))
            .settings
    }

    #[tokio::test]
    async fn a_context_is_what_the_settings_say() {
        monitor_requests::install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("m.db").display());
        let db = Db::open(&monitor_model::DbOptions::new(url)).await.unwrap();
        let settings = settings("lang = \"zh-CN\"");
        let clock = monitor_domain::SystemClock::shared();
        let ctx = WebContext::from_settings(&settings, db.clone(), clock).unwrap();
        let keys: Vec<_> = ctx.metrics.iter().map(|m| m.key.as_str()).collect();
        assert_eq!(keys, ["z", "x"], "in the config's order");
        let rule = &ctx.metrics[0].rule_text;
        assert_eq!(rule.as_given(), "高于 100 告警，低于 90 恢复");
        assert_eq!(
            rule.of(monitor_domain::Language::English),
            "above 100, clear below 90"
        );
        assert_eq!(ctx.channels, ["mail", "oncall"]);
        assert!(ctx.alarm.is_some());
        assert_eq!(ctx.lang, monitor_domain::Language::Chinese);
        db.close().await;
    }
}
