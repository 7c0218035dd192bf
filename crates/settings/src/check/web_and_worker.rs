//! `[web]` and `[worker]`.

use std::net::SocketAddr;
use std::time::Duration;

use humantime::format_duration;
use monitor_requests::{SecretSource, http_address, server_address};

use super::address::{is_loopback, listen, origin};
use super::{Checker, path};
use crate::sections::{WebSection, WorkerSection};
use crate::settings::{Auth, INTERVALS, WebSettings, WorkerSettings};

/// More metrics read at once would only queue up in the upstreams.
const MAX_CONCURRENCY: usize = 4096;
const DEFAULT_KEEP_SAMPLES: Duration = Duration::from_secs(30 * 24 * 3600);
/// "1y".
const DEFAULT_KEEP: Duration = Duration::from_secs(31_557_600);
const DEFAULT_AUTO_ACKNOWLEDGE: Duration = Duration::from_secs(7 * 24 * 3600);
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(5);

impl Checker<'_, '_> {
    pub(super) fn web(&mut self) -> Option<WebSettings> {
        let section = path(&["web"]);
        let at = |key: &str| path(&["web", key]);
        let mut raw: WebSection = self.reader.section(&section)?;
        raw.metrics_token = raw
            .metrics_token
            .map(|source| self.secret_path(&at("metrics_token"), source));
        raw.templates = raw.templates.map(|folder| self.path(&at("templates"), &folder));
        let auth = raw.auth.unwrap_or_default();
        let bind = self.listen_on(&at("bind"), raw.bind.as_deref().unwrap_or("127.0.0.1:8080"));
        self.without_sign_in(auth, bind);
        for (i, text) in raw.cors_origins.iter().flatten().enumerate() {
            if let Err(message) = origin(text) {
                self.reader
                    .error(&path(&["web", "cors_origins", &format!("[{i}]")]), message);
            }
        }
        if let Some(token) = &raw.metrics_token {
            self.secret(&at("metrics_token"), token, true);
        }
        if let Some(folder) = &raw.templates
            && !folder.is_dir()
        {
            self.reader.error(
                &at("templates"),
                format!("there is no folder {}", folder.display()),
            );
        }
        if let Some(Err(message)) = raw.base_url.as_deref().map(server_address) {
            self.reader.error(&at("base_url"), message);
        }
        Some(WebSettings {
            bind: bind?,
            auth,
            public_read: raw.public_read.unwrap_or_default(),
            cors_origins: raw.cors_origins.unwrap_or_default(),
            metrics_token: raw.metrics_token,
            lang: raw.lang.unwrap_or_default(),
            templates: raw.templates,
            base_url: raw.base_url.map(|url| url.trim_end_matches('/').to_owned()),
        })
    }

    /// What takes sign-in is refused as long as there is none to be had.
    fn without_sign_in(&mut self, auth: Auth, bind: Option<SocketAddr>) {
        let port = bind.map_or(8080, |bind| bind.port());
        if auth == Auth::Required {
            let message = format!(
                "\"required\" cannot be kept, because sign-in is not built yet; set it to \"none\", with a bind on \
                 loopback such as \"127.0.0.1:{port}\""
            );
            self.reader.error(&path(&["web", "auth"]), message);
        }
        if let Some(bind) = bind.filter(|bind| !is_loopback(*bind)) {
            let message = format!(
                "{bind} can be reached from other machines, and nobody has to sign in, because that is not built yet; \
                 bind to 127.0.0.1:{port}, and come in through a tunnel: ssh -L {port}:127.0.0.1:{port} HOST"
            );
            self.reader.error(&path(&["web", "bind"]), message);
        }
    }

    pub(super) fn worker(&mut self, web: Option<&WebSettings>) -> Option<WorkerSettings> {
        let section = path(&["worker"]);
        let at = |key: &str| path(&["worker", key]);
        let mut raw: WorkerSection = self.reader.section(&section)?;
        raw.metrics_token = raw
            .metrics_token
            .map(|source| self.secret_path(&at("metrics_token"), source));
        raw.heartbeat_url = raw
            .heartbeat_url
            .map(|source| self.secret_path(&at("heartbeat_url"), source));
        let interval = raw.interval.unwrap_or(Duration::from_secs(10));
        self.interval(&at("interval"), interval);
        let concurrency = raw.concurrency.unwrap_or(64);
        if !(1..=MAX_CONCURRENCY).contains(&concurrency) {
            self.reader.error(
                &at("concurrency"),
                format!("must be from 1 to {MAX_CONCURRENCY}, not {concurrency}"),
            );
        }
        let shutdown = raw.shutdown.unwrap_or(Duration::from_secs(10));
        let keep_samples = raw.keep_samples.unwrap_or(DEFAULT_KEEP_SAMPLES);
        let keep_alerts = raw.keep_alerts.unwrap_or(DEFAULT_KEEP);
        let keep_audit = raw.keep_audit.unwrap_or(DEFAULT_KEEP);
        let auto_acknowledge = raw.auto_acknowledge.unwrap_or(DEFAULT_AUTO_ACKNOWLEDGE);
        for (key, duration) in [
            ("shutdown", shutdown),
            ("keep_samples", keep_samples),
            ("keep_alerts", keep_alerts),
            ("keep_audit", keep_audit),
            ("auto_acknowledge", auto_acknowledge),
        ] {
            if duration.is_zero() {
                self.reader.error(&at(key), "must be longer than 0s");
            }
        }
        let heartbeat = raw.heartbeat.unwrap_or(DEFAULT_HEARTBEAT);
        if heartbeat < *INTERVALS.start() {
            self.reader.error(
                &at("heartbeat"),
                format!("must be at least {}", format_duration(*INTERVALS.start())),
            );
        }
        let listen = match raw.listen.as_deref().unwrap_or("127.0.0.1:9464") {
            "" => None,
            text => self.listen_on(&at("listen"), text),
        };
        if let Some(listen) = listen {
            self.worker_listen(listen, &raw, web);
        }
        if let Some(token) = &raw.metrics_token {
            self.secret(&at("metrics_token"), token, true);
        }
        if let Some(url) = &raw.heartbeat_url {
            self.heartbeat_url(&at("heartbeat_url"), url);
        }
        let notify = self.notify(&at("notify"), raw.notify);
        Some(WorkerSettings {
            interval,
            concurrency,
            shutdown,
            listen,
            metrics_token: raw.metrics_token,
            keep_samples,
            keep_alerts,
            keep_audit,
            auto_acknowledge,
            heartbeat,
            heartbeat_url: raw.heartbeat_url,
            notify,
        })
    }

    /// With the address anybody can keep the switch from noticing, so nothing of it is repeated.
    fn heartbeat_url(&mut self, at: &[String], source: &SecretSource) {
        self.secret(at, source, true);
        let Some(text) = self.resolved(source) else { return };
        if let Err(why) = http_address(&text, "https://switch.example/ping/…") {
            self.reader.error(at, why);
        }
    }

    /// A secret's text, where it can be had; that it cannot has been said.
    pub(super) fn resolved(&self, source: &SecretSource) -> Option<String> {
        let given = match source {
            SecretSource::Env(name) => self
                .env
                .iter()
                .find(|(known, value)| known == name && !value.is_empty()),
            _ => None,
        };
        match given {
            Some((_, value)) => Some(value.clone()),
            None => source.resolve().ok().map(|secret| secret.expose().to_owned()),
        }
    }

    fn worker_listen(&mut self, listen: SocketAddr, raw: &WorkerSection, web: Option<&WebSettings>) {
        let at = path(&["worker", "listen"]);
        if !is_loopback(listen) && raw.metrics_token.is_none() {
            let message = format!(
                "{listen} can be reached from other machines; set worker.metrics_token, or listen on 127.0.0.1:{}",
                listen.port()
            );
            self.reader.error(&at, message);
        }
        if listen.port() != 0 && web.is_some_and(|web| web.bind == listen) {
            self.reader.error(
                &at,
                format!("{listen} is taken by web.bind; give another port, or \"\" for none"),
            );
        }
    }

    /// Says if an interval is too short or too long.
    pub(super) fn interval(&mut self, at: &[String], interval: Duration) {
        if !INTERVALS.contains(&interval) {
            let [shortest, longest] =
                [INTERVALS.start(), INTERVALS.end()].map(|limit| format_duration(*limit));
            self.reader.error(
                at,
                format!(
                    "must be from {shortest} to {longest}, not {}",
                    format_duration(interval)
                ),
            );
        }
    }

    fn listen_on(&mut self, at: &[String], text: &str) -> Option<SocketAddr> {
        listen(text)
            .map_err(|message| self.reader.error(at, message))
            .ok()
    }
}
