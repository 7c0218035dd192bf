//! The worker's own listener: `/metrics`, and what it shows to whom.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::net::{SocketAddr, TcpListener};

use monitor_domain::SystemClock;
use monitor_model::Db;
use monitor_processor::Engine;
use monitor_requests::{Client, ClientConfig, Method, Request, Secret};
use monitor_settings::Settings;
use monitor_simulator::{Fault, SystemA, SystemB, Times};
use monitor_testkit::promtool;
use monitor_worker::{Health, Program, open_database, serve_health};
use tokio_util::sync::CancellationToken;

struct Site {
    a: SystemA,
    _b: SystemB,
    settings: Settings,
    db: Db,
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Site {
    /// X rises, Z is above, and mails go into a folder.
    async fn start() -> Site {
        monitor_requests::install_crypto();
        let (a, b) = (SystemA::start().await, SystemB::start().await);
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            r#"
            [database]
            url = "sqlite:{folder}/monitor.db"
            [worker]
            metrics_token = "a-token"
            [requests]
            retries = 0
            [systems.a]
            kind = "system_a"
            base_url = "{}"
            username = "{}"
            password = "{}"
            [systems.b]
            kind = "system_b"
            base_url = "{}"
            username = "{}"
            password = "{}"
            [alarm]
            system = "b"
            [channels.mail]
            kind = "smtp"
            url = "file:{folder}/mails"
            from = "monitor@example.com"
            to = ["ops@example.com"]
            [metrics.x]
            [metrics.z]
            alert = {{ above = 100 }}
            "#,
            a.url(),
            a.username(),
            a.password(),
            b.url(),
            b.username(),
            b.password(),
            folder = folder.path().display(),
        );
        let loaded = monitor_settings::load_str("test.toml", &text, &[], &monitor_settings::Kinds::stock());
        let settings = loaded.unwrap_or_else(|errors| panic!("{errors}")).settings;
        let db = open_database(&settings).await.unwrap();
        let engine = Program::stock()
            .engine(&settings, db.clone(), SystemClock::shared())
            .unwrap();
        Site {
            a,
            _b: b,
            settings,
            db,
            engine,
            _folder: folder,
        }
    }

    /// Serves on `address` with the token or without, and gives the port.
    fn serve(&self, address: &str, token: Option<&str>, stop: &CancellationToken) -> u16 {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut health = Health::new(&self.settings, self.db.clone(), &self.engine).unwrap();
        assert_eq!(health.token, Some(Secret::new("a-token")), "as the config says");
        health.token = token.map(Secret::new);
        tokio::spawn(serve_health(listener, health, stop.clone()));
        port
    }
}

/// Asks loopback for this, and gives status and body.
async fn get(port: u16, path: &str, token: Option<&str>, host: Option<&str>) -> (u16, String) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let client = Client::new(ClientConfig::default(), SystemClock::shared()).unwrap();
    let url = format!("http://{address}{path}").parse().unwrap();
    let mut request = Request::new(Method::GET, url).retries(0);
    if let Some(token) = token {
        request = request.bearer(&Secret::new(token));
    }
    if let Some(host) = host {
        request = request.header(
            monitor_requests::HeaderName::from_static("host"),
            host.parse().unwrap(),
        );
    }
    let answer = client.send(&request).await.unwrap();
    (answer.status.as_u16(), answer.text())
}

fn value(page: &str, series: &str) -> Option<f64> {
    page.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn what_the_worker_does_is_told() {
    let site = Site::start().await;
    let stop = CancellationToken::new();
    let port = site.serve("127.0.0.1:0", None, &stop);
    let before = get(port, "/metrics", None, None).await.1;
    assert_eq!(
        value(&before, "monitor_cycles_total{metric=\"x\",result=\"value\"}"),
        Some(0.0)
    );
    assert!(
        !before.contains("monitor_metric_value"),
        "not read yet is not 0: {before}"
    );

    site.a.set_total("x", 19.0);
    site.a.set_total("z", 131.0);
    site.engine.run_once(CancellationToken::new()).await.unwrap();
    let page = get(port, "/metrics", None, None).await.1;
    promtool::check_metrics(&page);
    for (series, expected) in [
        ("monitor_build_info{version=\"0.1.0\"}", 1.0),
        ("monitor_cycles_total{metric=\"x\",result=\"value\"}", 1.0),
        ("monitor_cycles_total{metric=\"x\",result=\"unreadable\"}", 0.0),
        ("monitor_cycles_total{metric=\"x\",result=\"conflict\"}", 0.0),
        ("monitor_cycles_total{metric=\"x\",result=\"unsaved\"}", 0.0),
        ("monitor_cycles_late_total{metric=\"x\"}", 0.0),
        ("monitor_sample_duration_seconds_count{metric=\"z\"}", 1.0),
        ("monitor_commit_duration_seconds_count", 2.0),
        ("monitor_alerts_total{metric=\"x\",kind=\"event\"}", 1.0),
        ("monitor_alerts_total{metric=\"z\",kind=\"level\"}", 1.0),
        ("monitor_alerts_total{metric=\"z\",kind=\"no_data\"}", 0.0),
        ("monitor_deliveries_total{lane=\"@alarm\",result=\"sent\"}", 2.0),
        ("monitor_deliveries_total{lane=\"@details\",result=\"sent\"}", 2.0),
        ("monitor_deliveries_total{lane=\"mail\",result=\"sent\"}", 2.0),
        ("monitor_deliveries_total{lane=\"mail\",result=\"given_up\"}", 0.0),
        ("monitor_delivery_duration_seconds_count{lane=\"mail\"}", 2.0),
        ("monitor_metric_value{metric=\"x\"}", 19.0),
        ("monitor_metric_value{metric=\"z\"}", 131.0),
        ("monitor_metric_phase{metric=\"z\",phase=\"firing\"}", 1.0),
        ("monitor_metric_phase{metric=\"z\",phase=\"normal\"}", 0.0),
    ] {
        assert_eq!(value(&page, series), Some(expected), "{series}: {page}");
    }
    let success = value(
        &page,
        "monitor_metric_last_success_timestamp_seconds{metric=\"x\"}",
    )
    .unwrap();
    assert!(success > 1.7e9);
    assert!(value(&page, "monitor_database_commits_total").unwrap() > 0.0);
    let counts = site.engine.counters();
    assert_eq!(
        (counts.cycles(), counts.alerts(), counts.sent()),
        (2, 2, 6),
        "the same, summed"
    );

    site.a.fault("/api/totals/x", Fault::Status(404), Times::Always);
    site.engine.run_once(CancellationToken::new()).await.unwrap();
    let page = get(port, "/metrics", None, None).await.1;
    promtool::check_metrics(&page);
    assert_eq!(
        value(&page, "monitor_cycles_total{metric=\"x\",result=\"unreadable\"}"),
        Some(1.0)
    );
    assert_eq!(
        value(&page, "monitor_metric_value{metric=\"x\"}"),
        None,
        "without data is not 19"
    );
    assert_eq!(value(&page, "monitor_metric_value{metric=\"z\"}"), Some(131.0));
    assert_eq!(
        value(
            &page,
            "monitor_metric_last_success_timestamp_seconds{metric=\"x\"}"
        ),
        Some(success)
    );
    assert_eq!(site.engine.counters().unreadable(), 1);
    stop.cancel();
    site.db.close().await;
}

#[tokio::test]
async fn who_is_told_what() {
    let site = Site::start().await;
    let stop = CancellationToken::new();
    let open = site.serve("127.0.0.1:0", None, &stop);
    let guarded = site.serve("127.0.0.1:0", Some("a-token"), &stop);
    let reachable = site.serve("0.0.0.0:0", Some("a-token"), &stop);
    let careless = site.serve("0.0.0.0:0", None, &stop);
    let (good, bad) = (Some("a-token"), Some("a-tokem"));
    for (port, path, token, host, expected) in [
        (open, "/healthz", None, None, 200),
        (open, "/readyz", None, None, 200),
        (open, "/metrics", None, None, 200),
        (open, "/metrics", None, Some("localhost:9464"), 200),
        (open, "/metrics", None, Some("evil.example"), 421),
        (open, "/readyz", None, Some("evil.example"), 421),
        (open, "/healthz", None, Some("evil.example"), 200),
        (guarded, "/readyz", None, None, 200),
        (guarded, "/metrics", None, None, 401),
        (guarded, "/metrics", bad, None, 401),
        (guarded, "/metrics", good, None, 200),
        (reachable, "/healthz", None, None, 200),
        (reachable, "/readyz", None, None, 401),
        (reachable, "/metrics", bad, None, 401),
        (reachable, "/no/such", None, None, 401),
        (reachable, "/readyz", good, Some("worker.example"), 200),
        (reachable, "/metrics", good, Some("worker.example"), 200),
        (careless, "/healthz", None, None, 200),
        (careless, "/metrics", None, None, 401),
    ] {
        let (status, body) = get(port, path, token, host).await;
        let which = ["open", "guarded", "reachable", "careless"];
        let which = which[[open, guarded, reachable, careless]
            .iter()
            .position(|p| *p == port)
            .unwrap()];
        assert_eq!(status, expected, "{which} {path} {token:?} {host:?}: {body}");
        assert_eq!(
            body.contains("monitor_"),
            path == "/metrics" && status == 200,
            "{body}"
        );
    }
    stop.cancel();
    site.db.close().await;
}
