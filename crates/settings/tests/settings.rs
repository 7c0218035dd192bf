//! What a config that is right becomes.

use std::time::Duration;

use monitor_domain::{BuiltIn, Language, Severity};
use monitor_rules::{Change, Level, Rule};
use monitor_settings::{Auth, Kinds, Loaded, Settings, load};

use super::{load_str, variables};

const SYSTEMS: &str = r#"
[systems.a]
kind = "none"
base_url = "https://a.example"
[systems.b]
kind = "none"
base_url = "https://b.example"
"#;

const CHANNELS: &str = r#"
[channels.zeta]
kind = "smtp"
url = "smtp://localhost"
from = "monitor@example.com"
to = ["ops@example.com"]
[channels.alpha]
kind = "smtp"
url = "file:outbox"
from = "monitor@example.com"
to = ["ops@example.com"]
"#;

fn loaded(more: &str, env: &[(&str, &str)]) -> Loaded {
    load_str(
        "monitor.toml",
        &format!("{SYSTEMS}{CHANNELS}{more}"),
        &variables(env),
    )
    .unwrap_or_else(|errors| panic!("{errors}"))
}

fn settings(more: &str) -> Settings {
    loaded(more, &[]).settings
}

#[test]
fn an_empty_table_turns_a_built_in_metric_on() {
    let settings = settings("[metrics.z]\n[metrics.x]\n[metrics.y]\n");
    let keys: Vec<&str> = settings
        .metrics
        .iter()
        .map(|metric| metric.key.as_str())
        .collect();
    assert_eq!(keys, ["z", "x", "y"], "in the order of the config");
    let x = &settings.metrics[1];
    assert_eq!(
        (x.built_in, x.title.as_str(), x.unit.as_str()),
        (BuiltIn::find("x"), "X", "")
    );
    assert_eq!(
        (x.interval, x.severity),
        (Duration::from_secs(10), Severity::Warning)
    );
    assert_eq!(x.rule, Rule::new(Change::rise(1.0)));
    assert_eq!(
        x.notify,
        ["zeta", "alpha"],
        "every channel, in the order of the config"
    );
    assert!(
        x.fetch.is_none() && x.details.is_none(),
        "read and explained in its own way"
    );
    assert_eq!(settings.metrics[0].rule, Rule::new(Level::above(100.0)));
}

#[test]
fn a_built_in_metric_keeps_what_is_not_set() {
    let settings = settings(
        r#"
[metrics.x]
alert = { no_data = "2m" }
fetch = { path = "/v2/x" }
[metrics.z]
title = "Queue"
interval = "500ms"
alert = { above = 10, clear_below = 5, for = "30s" }
notify = []
"#,
    );
    let x = &settings.metrics[0];
    assert_eq!(*x.rule.condition, Change::rise(1.0));
    assert_eq!(x.rule.no_data, Duration::from_secs(120));
    let fetch = x.fetch.as_ref().unwrap();
    assert_eq!(
        (fetch.system.as_deref(), fetch.path.as_deref()),
        (Some("a"), Some("/v2/x"))
    );
    assert_eq!(
        fetch.value.as_deref(),
        Some("$.total"),
        "what is not set is the built-in"
    );
    assert!(x.details.is_none());
    let z = &settings.metrics[1];
    assert_eq!(*z.rule.condition, Level::above(10.0).clear_below(5.0));
    assert_eq!(z.rule.hold, Duration::from_secs(30));
    assert_eq!(z.rule.no_data, Duration::from_secs(3), "six intervals of its own");
    assert_eq!((z.title.as_str(), z.notify.len()), ("Queue", 0));
}

#[test]
fn every_rule_speaks_the_language_of_the_web() {
    let metrics = r#"
[metrics.x]
[metrics.z]
alert = { above = 10, clear_below = 5 }
[metrics.w]
fetch = { system = "a", path = "/w", value = "$.n" }
alert = { below = 3 }
"#;
    let described = |web: &str| -> Vec<String> {
        let settings = settings(&format!("{web}{metrics}"));
        settings
            .metrics
            .iter()
            .map(|metric| metric.rule.describe())
            .collect()
    };
    let english = ["rise by 1", "above 10, clear below 5", "below 3"];
    let chinese = ["增加 1 及以上时告警", "高于 10 告警，低于 5 恢复", "低于 3 告警"];
    assert_eq!(described(""), english);
    assert_eq!(described("[web]\nlang = \"en\"\n"), english);
    assert_eq!(described("[web]\nlang = \"zh-CN\"\n"), chinese);
    for tag in ["zh", "zh_CN", "ZH-cn", "zh-Hans"] {
        assert_eq!(described(&format!("[web]\nlang = \"{tag}\"\n")), chinese, "{tag}");
    }
    let by_env = loaded(metrics, &[("MONITOR__WEB__LANG", "zh_CN")]);
    assert_eq!(by_env.settings.web.lang, Language::Chinese);
}

#[test]
fn a_declared_metric() {
    let settings = settings(
        r#"
[metrics.w]
title = "Unpaid orders"
unit = "orders"
interval = "30s"
severity = "critical"
fetch = { system = "a", path = "/api/orders?status=unpaid", value = "$.meta.total" }
alert = { rise = 1 }
details = { system = "b", path = "/api/orders/latest?n={{ delta }}", messages = "$.items[*].title" }
notify = ["alpha", "alpha"]
"#,
    );
    let w = &settings.metrics[0];
    assert_eq!(
        (w.built_in, w.title.as_str(), w.severity),
        (None, "Unpaid orders", Severity::Critical)
    );
    assert_eq!(w.notify, ["alpha"]);
    assert!(w.fetch.as_ref().unwrap().compile().is_ok());
    assert!(w.details.as_ref().unwrap().compile().is_ok());
}

#[test]
fn routes_in_the_order_of_the_config() {
    let more = r#"
[channels.mail]
kind = "smtp"
url = "smtp://localhost:25"
from = "m@example.com"
to = ["ops@example.com"]
[metrics.x]
group = "pay"
labels = { team = "shop" }
[metrics.z]
notify = ["mail"]
[[routes]]
name = "night"
groups = ["pay"]
labels = { team = "shop" }
from = "22:00"
to = "06:00"
zone = "Asia/Shanghai"
notify = []
continue = true
[[routes]]
notify = ["mail"]
[[routes]]
metrics = ["x"]
notify = ["mail"]
"#;
    let loaded = loaded(more, &[]);
    let [x, z] = &loaded.settings.metrics[..] else {
        panic!()
    };
    assert_eq!((x.is_routed, z.is_routed), (true, false));
    assert_eq!(
        (x.group.as_deref(), x.labels["team"].as_str()),
        (Some("pay"), "shop")
    );
    let routes = &loaded.settings.routes;
    let subject = monitor_rules::Subject {
        key: "x",
        group: x.group.as_deref(),
        labels: &x.labels,
        severity: x.severity,
    };
    let at = "2026-11-27T15:00:00Z".parse().unwrap();
    let routed = routes.decide(subject, monitor_rules::Occasion::Alert, at);
    assert_eq!(routed.channels.unwrap(), ["mail"]);
    assert_eq!(routed.considered.len(), 3);
    assert_eq!(routed.considered[0].name.as_deref(), Some("night"));
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings
            .iter()
            .any(|one| one.contains("routes[2]: is never considered: route 2 fits everything")),
        "{warnings:?}"
    );
}

#[test]
fn maintenance_windows_in_the_order_of_the_config() {
    let more = r#"
[metrics.x]
[metrics.z]
[maintenance.nightly]
days = ["fri"]
from = "22:30"
to = "06:00"
zone = "Asia/Shanghai"
metrics = ["z"]
reason = "nightly batch"
[maintenance.deploy]
from = "12:00"
to = "12:10"
"#;
    let env = [("MONITOR__MAINTENANCE__DEPLOY__TO", "12:30")];
    let windows = loaded(more, &env).settings.maintenance;
    let names: Vec<&str> = windows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["nightly", "deploy"]);
    let (nightly, deploy) = (&windows[0].1, &windows[1].1);
    assert_eq!(
        (nightly.zone(), nightly.reason()),
        ("Asia/Shanghai", Some("nightly batch"))
    );
    // A Friday, 23:00 in Shanghai.
    let at = std::time::UNIX_EPOCH + Duration::from_secs(1_795_791_600);
    assert!(nightly.is_active("z", at.into()) && !nightly.is_active("x", at.into()));
    assert_eq!((deploy.zone(), deploy.metrics()), ("UTC", None));
    let at = std::time::UNIX_EPOCH + Duration::from_secs(1_795_782_300);
    assert!(deploy.is_active("x", at.into()), "12:25, by the environment");
    assert!(settings("[metrics.x]\n").maintenance.is_empty());
}

#[test]
fn an_escalation_notifies_each_channel_once() {
    let escalate = r#"alert = { rise = 1, escalate = { after = "10m", notify = ["alpha", "alpha"] } }"#;
    let rule = settings(&format!("[metrics.x]\n{escalate}\n"))
        .metrics
        .remove(0)
        .rule;
    let escalate = rule.escalate.unwrap();
    assert_eq!(escalate.steps[0].notify, ["alpha"]);
    assert_eq!(escalate.steps[0].after, Duration::from_secs(600));
}

#[test]
fn defaults_of_web_and_worker() {
    let settings = settings("[metrics.x]\n");
    assert_eq!(settings.database.url, "sqlite:data/monitor.db");
    assert_eq!(
        (settings.web.bind.to_string().as_str(), settings.web.auth),
        ("127.0.0.1:8080", Auth::None)
    );
    assert_eq!((settings.web.lang.tag(), settings.web.public_read), ("en", false));
    let worker = &settings.worker;
    assert_eq!(
        (worker.interval, worker.concurrency, worker.shutdown),
        (Duration::from_secs(10), 64, Duration::from_secs(10))
    );
    assert_eq!(worker.listen.unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(worker.keep_samples, Duration::from_secs(30 * 24 * 3600));
    let year = Duration::from_secs(31_557_600);
    assert_eq!((worker.keep_alerts, worker.keep_audit), (year, year));
    assert_eq!(worker.auto_acknowledge, Duration::from_secs(7 * 24 * 3600));
    assert!(worker.heartbeat_url.is_none());
    assert_eq!(
        worker.notify,
        ["zeta", "alpha"],
        "every channel, in the order of the config"
    );
    assert_eq!(settings.metrics[0].max_messages, 20);
    assert!(
        settings
            .channels
            .iter()
            .all(|channel| channel.common.digest.is_none())
    );
    assert!(settings.alarm.is_none());
    assert_eq!(settings.max_age("alpha"), Duration::from_secs(24 * 3600));
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let env = [
        ("MONITOR__WEB__BIND", "127.0.0.1:9000"),
        ("MONITOR__WEB__LANG", "zh"),
        ("MONITOR__WORKER__CONCURRENCY", "8"),
        ("MONITOR__WORKER__LISTEN", ""),
        ("MONITOR__WORKER__INTERVAL", "2s"),
        ("MONITOR__METRICS__X__TITLE", "2026"),
        ("MONITOR__METRICS__Z", "{ alert = { below = 3 } }"),
        ("MONITOR__METRICS__Z__UNIT", "boxes"),
        (
            "MONITOR__CHANNELS__ALPHA__TO",
            "[\"a@example.com\", \"b@example.com\"]",
        ),
        ("MONITOR__SYSTEMS__A__KIND", "system_a"),
        ("MONITOR__SYSTEMS__A__USERNAME", "monitor"),
        ("MONITOR__SYSTEMS__A__PASSWORD", "12345"),
        ("MONITOR__DATABASE__URL", "postgres://monitor:hunter2@db/monitor"),
        ("OTHER__WEB__BIND", "ignored"),
        ("MONITOR_CONFIG", "ignored"),
    ];
    let loaded = loaded("[metrics.x]\n", &env);
    let settings = loaded.settings;
    assert_eq!(
        loaded.warnings,
        [],
        "a secret from the environment is where it should be"
    );
    assert_eq!(settings.web.bind.port(), 9000);
    assert_eq!(
        (settings.web.lang.tag(), settings.worker.concurrency),
        ("zh-CN", 8)
    );
    assert_eq!(
        (settings.worker.listen, settings.worker.interval),
        (None, Duration::from_secs(2))
    );
    assert_eq!(
        settings.metrics[0].title, "2026",
        "a string where a string is due"
    );
    assert_eq!(
        (
            settings.metrics[1].key.as_str(),
            settings.metrics[1].unit.as_str()
        ),
        ("z", "boxes")
    );
    assert_eq!(
        settings.metrics[1].rule,
        Rule {
            no_data: Duration::from_secs(12),
            language: Language::Chinese,
            ..Rule::new(Level::below(3.0))
        }
    );
    let alpha = &settings.notifiers(monitor_domain::SystemClock::shared()).unwrap()[1];
    assert_eq!(alpha.recipients().len(), 2);
    assert_eq!(settings.database.url, "postgres://monitor:hunter2@db/monitor");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn secrets_are_found_in_variables_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hunter2\n").unwrap();
    let more = format!(
        "[web]\nmetrics_token = {{ file = {:?} }}\n\
         [worker]\nlisten = \"0.0.0.0:9464\"\nmetrics_token = {{ env = \"TEST_TOKEN\" }}\n[metrics.x]\n",
        file.display().to_string()
    );
    let loaded = loaded(&more, &[("TEST_TOKEN", "hunter2")]);
    assert_eq!(loaded.warnings, []);
    assert!(loaded.settings.web.metrics_token.is_some());
    assert!(loaded.settings.worker.metrics_token.is_some());
}

#[test]
fn the_worker_has_channels_and_a_switch_of_its_own() {
    let more = "[worker]\nnotify = [\"alpha\"]\nheartbeat_url = { env = \"TEST_SWITCH\" }\n\
                [metrics.x]\nmax_messages = 3\n";
    let switch = "https://switch.example/ping/hunter2?status=up";
    let quiet = loaded(more, &[("TEST_SWITCH", switch)]);
    assert_eq!(quiet.warnings, []);
    let worker = &quiet.settings.worker;
    assert_eq!(worker.notify, ["alpha"]);
    assert!(worker.heartbeat_url.is_some());
    assert_eq!(quiet.settings.metrics[0].max_messages, 3);
    let said: Vec<String> = quiet.hints.iter().map(ToString::to_string).collect();
    assert!(
        said.iter()
            .any(|hint| hint.contains("metrics.x.max_messages: does nothing without `each = true`")),
        "{said:?}"
    );
    let each = loaded(
        "[metrics.x]\neach = true\nmax_messages = 3\nrunbook = \"https://wiki.example/x\"\n",
        &[],
    );
    assert!(
        each.settings.metrics[0].each
            && each
                .hints
                .iter()
                .all(|hint| !hint.to_string().contains("max_messages"))
    );
    assert_eq!(
        each.settings.metrics[0].runbook.as_deref(),
        Some("https://wiki.example/x")
    );
    assert_eq!(quiet.settings.metrics[0].was, None);
    let renamed = loaded("[metrics.x]\nwas = \"unpaid\"\n", &[]);
    assert_eq!(renamed.settings.metrics[0].was.as_deref(), Some("unpaid"));
    let nobody = loaded("[worker]\nnotify = []\n[metrics.x]\n", &[]);
    assert!(nobody.settings.worker.notify.is_empty());
    let clear = format!("[worker]\nheartbeat_url = {switch:?}\n[metrics.x]\n");
    let clear = loaded(&clear, &[]);
    assert_eq!(clear.warnings.len(), 1);
    let shown = format!("{:?} {:?}", clear.warnings, clear.settings);
    assert!(
        shown.contains("stands here in clear") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn secrets_in_clear_are_warned_about() {
    let loaded = loaded(
        "[systems.c]\nkind = \"system_a\"\nbase_url = \"https://c.example\"\nusername = \"m\"\npassword = \"hunter2\"\n[metrics.x]\n",
        &[],
    );
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "monitor.toml:23:12: systems.c.password: stands here in clear; better { env = \"NAME\" } or { file = \"/run/secrets/name\" }"
        ]
    );
}

/// What somebody who starts may not expect is a hint: it is no mistake, and programs do not log it at each start.
#[test]
fn hints_say_what_a_first_start_does() {
    let hints = |more: &str| -> Vec<String> {
        let loaded = loaded(more, &[]);
        assert_eq!(loaded.warnings, []);
        loaded.hints.iter().map(ToString::to_string).collect()
    };
    let link = "web.base_url: is not set, so messages have no link to the page";
    let first =
        |key: &str| format!("metrics.{key}.alert.initial: is not set, so the first reading counts from 0");
    let w = |alert: &str| {
        format!(
            "[metrics.w]\nfetch = {{ system = \"a\", path = \"/w\", value = \"$.n\" }}\nalert = {{ {alert} }}\n"
        )
    };
    let base = "[web]\nbase_url = \"https://monitor.example\"\n";
    let all = hints("[metrics.x]\n[web]\n[metrics.z]\n");
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all[0].starts_with(&format!("monitor.toml:19:10: {}", first("x"))),
        "{all:?}"
    );
    assert!(
        all[1].starts_with(&format!("monitor.toml:20:2: {link}")),
        "{all:?}"
    );
    assert!(
        all[0].contains("Set it to \"learn\" to begin silently"),
        "{all:?}"
    );
    for (more, count) in [
        ("[metrics.x]\n[metrics.y]\n".to_owned(), 2),
        ("[metrics.x]\nalert = { for = \"30s\" }\n".to_owned(), 1),
        ("[metrics.x]\nalert = { initial = \"learn\" }\n".to_owned(), 0),
        (
            "[metrics.x]\nalert = { initial = \"count_from_zero\" }\n".to_owned(),
            0,
        ),
        (w("rise = 1, baseline = \"last_alert\""), 1),
        (w("change = 1"), 1),
        (w("fall = 1"), 0),
        (w("below = 3"), 0),
        ("[metrics.z]\n".to_owned(), 0),
    ] {
        assert_eq!(hints(&format!("{base}{more}")).len(), count, "{more}");
    }
    // Where nobody is notified, there is nothing to link from.
    let text = format!("{SYSTEMS}[metrics.z]\n");
    let alone = load_str("monitor.toml", &text, &[]).unwrap();
    assert_eq!((alone.warnings.len(), alone.hints.len()), (1, 0));
}

#[test]
fn a_file_is_read_with_the_environment_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.toml");
    std::fs::write(&path, format!("{SYSTEMS}[metrics.x]\n")).unwrap();
    let loaded = load(&path, &Kinds::stock()).unwrap();
    assert_eq!(loaded.settings.path, path);
    assert!(
        loaded.warnings[0].message.contains("nobody is notified"),
        "{:?}",
        loaded.warnings
    );
}

#[test]
fn what_is_described_can_be_made() {
    let clock = monitor_domain::SystemClock::shared();
    let settings = settings("[metrics.x]\n[alarm]\nsystem = \"b\"\n");
    let systems = settings.systems(clock.clone()).unwrap();
    assert_eq!(systems.keys().collect::<Vec<_>>(), ["a", "b"]);
    let notifiers = settings.notifiers(clock).unwrap();
    assert_eq!(
        notifiers.iter().map(|one| one.name()).collect::<Vec<_>>(),
        ["zeta", "alpha"]
    );
    assert!(settings.alarm(&systems).unwrap().is_some());
    let lost = settings.alarm(&monitor_upstream::Systems::new()).unwrap_err();
    assert_eq!(lost.to_string(), "alarm.system: no system \"b\"");
}

#[test]
fn a_metric_in_code_needs_no_fetch_but_says_when_it_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.toml");
    let more = "[metrics.mine]\nalert = { rise = 1 }\n";
    std::fs::write(&path, format!("{SYSTEMS}{CHANNELS}{more}")).unwrap();
    let with = |key: &str| Kinds::stock().metric(key.parse().unwrap());
    let unknown = load(&path, &with("other")).unwrap_err().to_string();
    assert!(unknown.contains("metrics.mine.fetch: missing"), "{unknown}");
    for kinds in [with("mine"), Kinds::stock().any_metric()] {
        let mine = load(&path, &kinds).unwrap().settings.metrics.remove(0);
        assert_eq!((mine.key.as_str(), mine.fetch.is_none()), ("mine", true));
    }
    std::fs::write(&path, format!("{SYSTEMS}{CHANNELS}[metrics.mine]\n")).unwrap();
    let ruleless = load(&path, &with("mine")).unwrap_err().to_string();
    assert!(ruleless.contains("metrics.mine.alert: missing"), "{ruleless}");
}
