//! The operator's commands as a person runs them.

use std::process::{Command, Output};
use std::time::Duration;

use monitor_tests::{Process, Upstreams, binary, eventually, http};

fn monitor(arguments: &[&str], folder: &std::path::Path) -> Output {
    let mut command = Command::new(binary("monitor"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("MONITOR_CONFIG");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn check_reports_ten_mistakes_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("monitor.toml"),
        include_str!("ten_mistakes.toml"),
    )
    .unwrap();
    let output = monitor(&["check", "--config", "monitor.toml"], folder.path());
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for place in [
        "monitor.toml:2:7: database.url",
        "monitor.toml:5:8: web.bind",
        "monitor.toml:6:1: web.colour",
        "monitor.toml:9:12: worker.interval",
        "monitor.toml:12:8: systems.a.kind",
        "monitor.toml:18:10: systems.b.base_url",
        "monitor.toml:26:8: channels.mail.from",
        "monitor.toml:30:43: metrics.z.alert.clear_below",
        "monitor.toml:31:19: metrics.z.notify",
        "monitor.toml:34:20: metrics.w.fetch.system",
    ] {
        assert!(text.contains(place), "{place} is missing in:\n{text}");
    }
    assert!(text.contains("10 mistakes"), "{text}");
}

#[test]
fn routes_test_says_who_is_notified_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"
[channels.mail]
kind = "smtp"
url = "smtp://localhost:25"
from = "m@example.com"
to = ["ops@example.com", "boss@example.com"]
[channels.group]
kind = "wecom"
url = { env = "NOT_SET_HERE" }
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
[metrics.x]
title = "Unpaid orders"
[metrics.y]
notify = ["group"]
[[routes]]
name = "night"
severities = ["critical"]
from = "22:00"
to = "08:00"
zone = "Asia/Shanghai"
notify = ["group"]
recoveries = false
[[routes]]
notify = ["mail"]
"#;
    std::fs::write(folder.path().join("monitor.toml"), config).unwrap();
    let test = |arguments: &[&str]| {
        let all = [&["routes", "test", "--config", "monitor.toml"][..], arguments].concat();
        let mut command = Command::new(binary("monitor"));
        let command = command.args(all).current_dir(folder.path());
        command
            .env("NOT_SET_HERE", "https://qyapi.weixin.qq.com/x?key=hunter2")
            .output()
            .unwrap()
    };
    let (night, day) = ("2026-11-28T03:00:00+08:00", "2026-11-28T12:00:00+08:00");
    let by_night = said(&test(&["--metric", "x", "--severity", "critical", "--at", night]));
    for line in [
        "Unpaid orders (x), critical, alert at 2026-11-28 03:00 Asia/Shanghai\n",
        "route 1 \"night\" fits: group\n",
        "  group (wecom)\n",
        "route 2 is not considered: one before it fits",
    ] {
        assert!(by_night.contains(line), "{line}: {by_night}");
    }
    assert!(
        !by_night.contains("hunter2") && !by_night.contains("mail ("),
        "{by_night}"
    );
    let over = said(&test(&[
        "--metric",
        "x",
        "--severity",
        "critical",
        "--at",
        night,
        "--event",
        "recovery",
    ]));
    assert!(
        over.contains("fits, and sends no recoveries") && over.contains("nobody is notified"),
        "{over}"
    );
    let by_day = said(&test(&["--metric", "x", "--severity", "critical", "--at", day]));
    assert!(
        by_day.contains("route 1 \"night\" is for other hours"),
        "{by_day}"
    );
    assert!(
        by_day.contains("  mail (smtp): ops@example.com, boss@example.com\n"),
        "{by_day}"
    );
    let own = said(&test(&["--metric", "y"]));
    assert!(
        own.contains("names its channels itself") && own.contains("  group (wecom)\n"),
        "{own}"
    );
    let wrong = test(&["--metric", "w"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        said(&wrong).contains("no metric \"w\"; there are x, y"),
        "{}",
        said(&wrong)
    );
    let wrong = test(&["--metric", "x", "--at", "tonight"]);
    assert!(said(&wrong).contains("write 03:00"), "{}", said(&wrong));
}

#[test]
fn routes_test_says_whom_each_step_of_an_escalation_notifies() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"
[channels.mail]
kind = "smtp"
url = "smtp://localhost:25"
from = "m@example.com"
to = ["ops@example.com", "boss@example.com"]
[channels.phone]
kind = "sms_twilio"
url = "http://127.0.0.1:1"
account_sid = "AC00000000000000000000000000000001"
auth_token = { env = "NOT_SET_HERE" }
from = "+15005550006"
to = ["+8613800138000"]
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
[metrics.y]
[metrics.z]
title = "Stuck orders"
[metrics.z.alert]
above = 100
escalate = [{ after = "10m", notify = ["phone"] }, { after = "1h 30m", notify = ["mail", "phone"] }]
[[routes]]
notify = ["mail"]
"#;
    std::fs::write(folder.path().join("monitor.toml"), config).unwrap();
    let test = |metric: &str| {
        let mut command = Command::new(binary("monitor"));
        let command = command.args([
            "routes",
            "test",
            "--config",
            "monitor.toml",
            "--event",
            "escalation",
        ]);
        let command = command.args(["--metric", metric, "--at", "2026-11-28T03:00:00Z"]);
        command
            .env("NOT_SET_HERE", "hunter2")
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let steps = test("z");
    assert!(steps.status.success(), "{}", said(&steps));
    insta::assert_snapshot!(String::from_utf8(steps.stdout).unwrap(), @r"
    Stuck orders (z), warning, escalation at 2026-11-28 03:00 UTC
    escalate names the channels, so no route is considered
    step 1 of 2, 10m after the alert
    notified:
      phone (sms_twilio): +8613800138000
    step 2 of 2, 1h 30m after the alert
    notified:
      mail (smtp): ops@example.com, boss@example.com
      phone (sms_twilio): +8613800138000
    ");
    let none = test("y");
    assert!(none.status.success(), "{}", said(&none));
    assert!(
        said(&none).contains("its alerts are not escalated: its rule has no escalate"),
        "{}",
        said(&none)
    );
}

#[test]
fn init_writes_a_config_once_and_check_says_what_is_left_to_do() {
    let folder = tempfile::tempdir().unwrap();
    assert!(monitor(&["init"], folder.path()).status.success());
    let again = monitor(&["init"], folder.path());
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    let check = monitor(&["check"], folder.path());
    assert_eq!(check.status.code(), Some(2));
    assert!(said(&check).contains("SYSTEM_A_PASSWORD"), "{}", said(&check));
    let set = Command::new(binary("monitor"))
        .arg("check")
        .current_dir(folder.path())
        .env("SYSTEM_A_PASSWORD", "s3cret-a")
        .env("SYSTEM_B_PASSWORD", "s3cret-b")
        .output()
        .unwrap();
    assert!(set.status.success(), "{}", said(&set));
    assert!(!said(&set).contains("s3cret"));
}

#[test]
fn check_lists_the_files_of_a_config_and_names_both_places_of_a_table_in_two() {
    let folder = tempfile::tempdir().unwrap();
    let conf_d = folder.path().join("conf.d");
    std::fs::create_dir(&conf_d).unwrap();
    let metric = |key: &str| {
        format!(
            "[metrics.{key}]\nfetch = {{ system = \"a\", path = \"/\", value = \"$.n\" }}\nalert = {{ above = 1 }}\n"
        )
    };
    let main = format!(
        "[systems.a]\nkind = \"none\"\nbase_url = \"http://127.0.0.1:1\"\n{}",
        metric("m")
    );
    std::fs::write(folder.path().join("monitor.toml"), main).unwrap();
    std::fs::write(conf_d.join("b.toml"), metric("b")).unwrap();
    std::fs::write(conf_d.join("a.toml"), metric("a")).unwrap();
    std::fs::write(conf_d.join("a.toml~"), "no config").unwrap();
    let check = || monitor(&["check", "--config", "monitor.toml"], folder.path());
    let good = check();
    let text = said(&good);
    assert!(good.status.success(), "{text}");
    assert!(
        text.contains("read: monitor.toml\nread: conf.d/a.toml\nread: conf.d/b.toml\n"),
        "{text}"
    );
    assert!(
        text.contains("monitor.toml: good; 3 metrics, 1 system, 0 channels"),
        "{text}"
    );

    std::fs::write(conf_d.join("b.toml"), format!("\n{}", metric("m"))).unwrap();
    let wrong = check();
    assert_eq!(wrong.status.code(), Some(2));
    let text = said(&wrong);
    assert!(
        text.contains("conf.d/b.toml:2:10: metrics.m: is in monitor.toml:4:10 already; remove one"),
        "{text}"
    );
}

#[test]
fn bad_usage_is_exit_code_two() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(monitor(&["frobnicate"], folder.path()).status.code(), Some(2));
    let missing = monitor(&["run", "--config", "nowhere.toml"], folder.path());
    assert_eq!(missing.status.code(), Some(2), "{}", said(&missing));
    assert!(said(&missing).contains("nowhere.toml"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_online_tries_everything_and_sends_nothing() {
    let world = Upstreams::start().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("m.db").display());
    let text = monitor_tests::Config::default().text(&url, "127.0.0.1:0".parse().unwrap(), &world);
    std::fs::write(folder.path().join("monitor.toml"), text).unwrap();
    let path = folder.path().to_owned();
    let check = move || monitor(&["check", "--online", "--config", "monitor.toml"], &path);
    let good = tokio::task::spawn_blocking(check.clone()).await.unwrap();
    assert!(good.status.success(), "{}", said(&good));
    assert_eq!(world.mail.mails().len(), 0);
    assert!(world.mail.connections() > 0, "the channel was opened");
    assert_eq!(
        (world.a.reads("x"), world.a.reads("y"), world.a.reads("z")),
        (1, 1, 1)
    );
    assert_eq!(world.b.alarms().len(), 0);
    let text = said(&good);
    assert!(
        text.contains("ok    database: sqlite:") && text.contains("is made at the first start"),
        "{text}"
    );
    assert!(!folder.path().join("m.db").exists(), "it makes none");

    world.mail.stop().await;
    world.a.set_password("changed");
    let bad = tokio::task::spawn_blocking(check).await.unwrap();
    assert_eq!(bad.status.code(), Some(1), "{}", said(&bad));
    let text = said(&bad);
    for failed in ["FAIL  system a", "FAIL  metric x", "FAIL  channel mail"] {
        assert!(text.contains(failed), "{failed} is missing in:\n{text}");
    }
    assert!(!text.contains("system a: system a: "), "named once: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_alerts_mails_and_a_recovery_and_keeps_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let port = monitor_simulator::ports::free_port().unwrap().to_string();
    let data = folder.path().to_str().unwrap();
    let arguments = ["demo", "--port", &port, "--data-dir", data, "--interval", "200ms"];
    let page = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let records = || async {
        let answer = http()
            .post(page("/monitor"))
            .send()
            .await
            .ok()?
            .text()
            .await
            .ok()?;
        let answer: serde_json::Value = serde_json::from_str(&answer).ok()?;
        Some(answer["records"].as_array()?.clone())
    };
    let inbox = || async {
        http()
            .get(page("/demo/inbox"))
            .send()
            .await
            .ok()?
            .text()
            .await
            .ok()
    };

    let mut demo = Process::start("monitor", &arguments, &[]);
    let first = eventually("alert records of x, y and z", || async {
        let records = records().await?;
        ["x", "y", "z"]
            .iter()
            .all(|key| records.iter().any(|r| r["type"] == *key))
            .then_some(records)
    })
    .await;
    assert!(demo.output().contains(&page("/monitor")), "{}", demo.output());
    for (path, texts) in [
        ("/monitor?lang=zh-CN", ["收件箱", "高于 100 告警，低于 90 恢复"]),
        ("/monitor?lang=en", [">Inbox<", "above 100, clear below 90"]),
        ("/demo/inbox?lang=zh-CN", ["<span>监控</span>", "收件箱"]),
        ("/demo/inbox", ["<span>Monitor</span>", "Inbox"]),
    ] {
        let shown = http().get(page(path)).send().await.unwrap().text().await.unwrap();
        let is_there = texts.iter().all(|text| shown.contains(text));
        assert!(is_there, "{path}: {texts:?}\n{shown}");
    }
    let beside = ["demo", "--port", "0", "--data-dir", data];
    let mut second = Process::start("monitor", &beside, &[]);
    let status = tokio::task::block_in_place(|| second.wait(Duration::from_secs(30)));
    assert_eq!(status.code(), Some(2), "{}", second.output());
    let said = second.output();
    assert!(
        said.contains("a demo runs in") && said.contains(&format!("--data-dir {data}-2")),
        "{said}"
    );
    eventually("their mails", || async {
        let inbox = inbox().await?;
        first
            .iter()
            .all(|r| inbox.contains(&escaped(r["alert_message"].as_str().unwrap())))
            .then_some(())
    })
    .await;
    eventually("a recovery", || async {
        inbox().await?.contains("ecovered").then_some(())
    })
    .await;

    let (ended, took) = demo.interrupt();
    assert!(ended.success(), "{}", demo.output());
    assert!(took < Duration::from_secs(2), "it took {took:?} to stop");

    let before = first.len();
    let _again = Process::start("monitor", &arguments, &[]);
    let after = eventually("the page again", records).await;
    assert!(
        after.len() >= before,
        "its history is kept: {} of {before} records",
        after.len()
    );
    assert!(
        inbox()
            .await
            .unwrap()
            .contains(&escaped(first[0]["alert_message"].as_str().unwrap()))
    );
}

/// As the page's templates escape it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
