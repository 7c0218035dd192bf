//! `monitor try`: what it shows, and that it leaves no trace.

use std::process::{Command, Output};
use std::time::Duration;

use monitor_model::{alerts, deliveries, evaluations, realtime, records, samples, states, workers};
use monitor_simulator::{Fault, SmtpFault, Stage, Times};
use monitor_tests::{Backend, Config, Home, Site, binary};

/// One test on each database; nothing where there is none.
macro_rules! both {
    ($(#[$doc:meta])* async fn $name:ident($site:ident: Site, $config:expr) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn run(backend: Backend) {
                let Some($site) = Site::with(backend, &$config).await else { return };
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(Backend::Postgres).await;
            }
        }
    };
}

/// `monitor try WHAT NAME`: its code, what it said, and its errors.
async fn attempt(site: &Site, what: &str, name: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(binary("monitor"));
    command
        .args(["try", what, name, "--config"])
        .arg(&site.config)
        .env("USER", "ann");
    let ended: Output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    for text in [&said, &errors] {
        for secret in [site.world.a.password(), site.world.b.password()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    (ended.status.code(), said, errors)
}

/// One cycle of the worker, with all that it tells.
fn cycle(site: &Site) {
    let mut worker = site.program("monitor-worker", &["--once"]);
    let ended = worker.wait(Duration::from_secs(60));
    assert!(ended.success(), "{}", worker.output());
}

/// Every row that a reading or a message could have changed, and what the outside world has heard.
async fn trace(site: &Site) -> Vec<String> {
    let db = site.db().await;
    let rows = db.read(|c| {
        Ok(vec![
            format!("{:?}", states::all(c)?),
            format!("{:?}", evaluations::of(c, "x", 100)?),
            format!("{:?}", evaluations::of(c, "z", 100)?),
            format!("{:?}", samples::recent(c, "x", 100)?),
            format!("{:?}", samples::recent(c, "z", 100)?),
            format!("{:?}", realtime::all(c)?),
            format!("{:?}", alerts::recent(c, 100)?),
            format!("{:?}", records::recent(c, 100)?),
            format!("{:?}", deliveries::recent(c, 100)?),
            format!("{:?}", workers::all(c)?),
        ])
    });
    let mut rows = rows.await.unwrap();
    db.close().await;
    rows.push(format!("{:?}", site.world.mail.mails()));
    rows.push(format!("{:?}", site.world.b.alarms()));
    rows
}

/// That each of `lines` is in `text`, ignoring how it is aligned.
fn assert_says(text: &str, lines: &[&str]) {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in lines {
        assert!(squeezed.contains(line), "{line:?} is missing in:\n{text}");
    }
}

both! {
    async fn a_metric_is_shown_with_its_verdict_and_messages_and_nothing_is_written(
        site: Site, Config::metrics("[metrics.x]\n[metrics.z]\nunit = \"orders\"\nalert = { above = 100, clear_below = 90 }\n")
    ) {
        site.world.b.add_message("x", "m-1", "Order 5 failed\u{1b}[2J\nand waits");
        site.world.b.add_message("z", "m-2", "the queue is full");
        cycle(&site);
        let before = trace(&site).await;

        site.world.a.set_total("x", 3.0);
        let (code, said, errors) = attempt(&site, "metric", "x").await;
        assert_eq!(code, Some(0), "{said}{errors}");
        assert_says(&said, &[
            "metric x: X", "read from system a (system_a)", "rule rise by 1", "value 3 ",
            "against 0, last read at 20", "stored normal since 20",
            "verdict would alert; nothing was stored and nobody notified", "phase firing, from normal",
            "reason 3 rose by 3 from 0", "messages 1 from 0 to 3 m-1: Order 5 failed␛[2J and waits",
            "trail time (UTC) value phase effects reason", " 0 normal - 0",
        ]);
        let (code, said, _) = attempt(&site, "metric", "z").await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &[
            "metric z: Z (orders)", "rule above 100, clear below 90", "value 0 orders", "against its limits; 0, last read at 20",
            "verdict nothing to notify of;", "phase normal, as before",
        ]);
        assert!(!said.contains("messages"), "nothing is requested about nothing: {said}");
        assert_eq!(trace(&site).await, before);

        site.world.a.set_total("z", 131.0);
        cycle(&site);
        let before = trace(&site).await;
        let (_, said, _) = attempt(&site, "metric", "z").await;
        assert_says(&said, &[
            "stored firing since 20", "verdict nothing to notify of;", "phase firing, as before", "m-2: the queue is full",
            "131 firing alert 131 is above 100",
        ]);
        site.world.a.set_total("z", 80.0);
        let (_, said, _) = attempt(&site, "metric", "z").await;
        assert_says(&said, &["verdict would recover;", "phase normal, from firing", "reason 80 is below 90: recovered"]);
        assert_eq!(trace(&site).await, before, "a recovery that was tried is none");
    }
}

both! {
    async fn a_metric_that_cannot_be_read_says_why_and_ends_with_one(
        site: Site, Config::metrics("[metrics.x]\n[metrics.z]\nalert = { above = 100 }\n")
    ) {
        site.world.a.set_total("z", 131.0);
        cycle(&site);
        let before = trace(&site).await;
        site.world.a.fault("/api/totals/z", Fault::Status(503), Times::Always);
        let (code, said, errors) = attempt(&site, "metric", "z").await;
        assert_eq!(code, Some(1), "{said}{errors}");
        assert_says(&said, &["value cannot be read: ", "503", "phase firing, as before", "no reading to explain"]);
        assert!(errors.contains("metric z cannot be read"), "{errors}");

        site.world.a.set_password("changed");
        let (code, said, _) = attempt(&site, "metric", "x").await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(&said, &["value cannot be read: ", "sign-in refused"]);
        assert_eq!(trace(&site).await, before);
    }
}

both! {
    async fn a_database_that_is_not_there_yet_is_not_made(site: Site, Config::default()) {
        site.world.a.set_total("x", 2.0);
        let (code, said, errors) = attempt(&site, "metric", "x").await;
        assert_eq!(code, Some(0), "{said}{errors}");
        assert_says(&said, &["judged as a new metric", "stored not known", "would alert"]);
        match &site.home {
            Home::Sqlite(folder) => {
                assert_says(&said, &["database judged as a new metric: there is no database yet"]);
                assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
            }
            Home::Postgres(_) => assert_says(&said, &["database judged as a new metric: the database is not migrated"]),
        }
        let db = site.db().await;
        assert!(!db.pending_migrations().await.unwrap().is_empty());
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_does_not_keep_a_metric_from_being_read() {
    let site = Site::with(Backend::Sqlite, &Config::default()).await.unwrap();
    let text = std::fs::read_to_string(&site.config).unwrap();
    let nowhere = "postgres://monitor:s3cret-db@127.0.0.1:1/monitor";
    std::fs::write(&site.config, text.replace(&site.home.url(), nowhere)).unwrap();
    site.world.a.set_total("x", 2.0);
    let (code, said, errors) = attempt(&site, "metric", "x").await;
    assert_eq!(code, Some(0), "{said}{errors}");
    assert_says(
        &said,
        &[
            "the database cannot be read: ",
            "stored not known",
            "value 2 ",
            "would alert",
        ],
    );
    assert!(
        !said.contains("s3cret-db") && !errors.contains("s3cret-db"),
        "{said}{errors}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_the_config_does_not_have_are_told_with_those_it_has() {
    let config = Config::metrics(
        "[metrics.x]\n[metrics.stuck_orders]\nfetch = { system = \"a\", path = \"/o\", value = \"$.n\" }\nalert = { above = 1 }\n",
    );
    let site = Site::with(Backend::Sqlite, &config).await.unwrap();
    for (what, name, words) in [
        ("metric", "q", "no metric \"q\" (there are x, stuck_orders)"),
        (
            "metric",
            "stuck_oders",
            "no metric \"stuck_oders\" (there are x, stuck_orders); did you mean \"stuck_orders\"?",
        ),
        (
            "channel",
            "mial",
            "no channel \"mial\" (there is only mail); did you mean \"mail\"?",
        ),
    ] {
        let (code, said, errors) = attempt(&site, what, name).await;
        assert_eq!(code, Some(2), "{said}{errors}");
        assert!(errors.contains(words), "{errors}");
    }
    assert_eq!((site.world.a.logins(), site.world.mail.connections()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metric_that_nobody_explains_says_so() {
    let config = Config::metrics(
        "[metrics.w]\nfetch = { system = \"a\", path = \"/api/totals/w\", value = \"$.total\" }\nalert = { above = 1 }\n",
    );
    let site = Site::with(Backend::Sqlite, &config).await.unwrap();
    site.world.a.set_total("w", 2.0);
    let (code, said, _) = attempt(&site, "metric", "w").await;
    assert_eq!(code, Some(0), "{said}");
    assert_says(&said, &["would alert", "messages not requested"]);
    assert_eq!(site.world.b.logins(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_sends_a_test_to_each_recipient() {
    let config = Config {
        to: vec!["ops@example.com".into(), "ann@example.com".into()],
        ..Config::default()
    };
    let site = Site::with(Backend::Sqlite, &config).await.unwrap();
    let (code, said, errors) = attempt(&site, "channel", "mail").await;
    assert_eq!(code, Some(0), "{said}{errors}");
    assert_eq!(said, "ok    ops@example.com\nok    ann@example.com\n");
    let mails = site.world.mail.mails();
    let to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    assert_eq!(to, ["ops@example.com", "ann@example.com"]);
    assert_eq!(mails[0].message_id, mails[1].message_id, "one message");
    assert!(
        mails[0].subject.starts_with("[test] mail: test message from "),
        "{}",
        mails[0].subject
    );
    assert!(
        mails[0].text.contains("ann on ") && mails[0].text.contains("Nothing has happened"),
        "{}",
        mails[0].text
    );
    let Home::Sqlite(folder) = &site.home else {
        unreachable!()
    };
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "no database is made"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_recipient_is_told_beside_those_that_were_reached() {
    let config = Config {
        to: ["gone@example.com", "busy@example.com", "ops@example.com"]
            .map(str::to_owned)
            .to_vec(),
        lang: "zh-CN".into(),
        ..Config::default()
    };
    let site = Site::with(Backend::Sqlite, &config).await.unwrap();
    let refuse = |to: &str, code, text| {
        let at = Stage::RcptTo(Some(to.to_owned()));
        site.world
            .mail
            .script(SmtpFault::reply(at, code, text), Times::Always);
    };
    refuse("gone@example.com", 550, "no such user");
    refuse("busy@example.com", 451, "try later");
    let (code, said, errors) = attempt(&site, "channel", "mail").await;
    assert_eq!(code, Some(1), "{said}{errors}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("FAIL  gone@example.com: ") && lines[0].contains("no such user"),
        "{said}"
    );
    assert!(lines[0].ends_with("(trying again will not help)"), "{said}");
    assert!(lines[1].ends_with("(trying again may help)"), "{said}");
    assert_eq!(lines[2..], ["ok    ops@example.com"]);
    assert!(
        errors.contains("2 of 3 test messages did not get through"),
        "{errors}"
    );
    let mails = site.world.mail.mails();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].subject.starts_with("【测试】mail：来自 ") && mails[0].text.contains("无需处理"),
        "{}",
        mails[0].text
    );

    site.world.mail.stop().await;
    let (code, said, _) = attempt(&site, "channel", "mail").await;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("(trying again may help)").count(), 3, "{said}");
}

both! {
    async fn a_chain_is_shown_call_by_call_and_read_once_for_all(
        site: Site, Config::metrics(r#"
[fetches.orders]
system = "a"
steps = [{ path = "/api/session?key=hunter2-key", take = { shop = "$.shop", ticket = "$.ticket" } }]
path = "/api/shops/{{ shop }}/orders"
query = { ticket = "{{ ticket }}", since = "{{ previous }}" }
[metrics.open]
fetch = { from = "orders", value = "$.open" }
alert = { rise = 100 }
[metrics.paid]
unit = "EUR"
fetch = { from = "orders", sum = "$.cents[*]", scale = 0.01 }
alert = { above = 1000 }
[metrics.late]
fetch = { from = "orders", count = "$.late[*]" }
alert = { above = 10 }
"#)
    ) {
        let session = serde_json::json!({ "shop": 7, "ticket": "hunter3-ticket" });
        site.world.a.set_document("/api/session?key=hunter2-key", session);
        let orders = serde_json::json!({ "open": 0, "cents": [1_000, 378], "late": ["hunter3-ticket", 2] });
        site.world.a.set_document("/api/shops/7/orders", orders);
        cycle(&site);
        let calls = |path: &str| site.world.a.requests().iter().filter(|request| request.path == path).count();
        assert_eq!((calls("/api/session"), calls("/api/shops/7/orders")), (1, 1), "three metrics, one chain");

        let (code, said, errors) = attempt(&site, "metric", "paid").await;
        assert_eq!(code, Some(0), "{said}{errors}");
        assert_says(&said, &[
            "step 1 GET http://127.0.0.1:", "/api/session?key: 200 in ", "take shop = 7",
            "take ticket = [redacted] (14 characters)", "call GET http://127.0.0.1:",
            "/api/shops/7/orders?since&ticket: 200 in ", "found sum of $.cents[*]: 2 elements: 1000, 378",
            "unscaled 1378", "value 13.78 EUR",
        ]);
        let last = site.world.a.requests().pop().unwrap();
        assert_eq!(last.query_value("since").as_deref(), Some("13.78"), "what the worker read last");
        let (_, late, _) = attempt(&site, "metric", "late").await;
        assert_says(&late, &["found count of $.late[*]: 2 elements: \"[redacted]\", 2"]);

        site.world.a.fault("/api/session", Fault::Status(503), Times::Always);
        let (code, failed, errors) = attempt(&site, "metric", "open").await;
        assert_eq!(code, Some(1), "{failed}");
        assert_says(&failed, &["/api/session?key: failed", "value cannot be read: step 1 (GET /api/session): ", "503"]);
        for text in [said, late, failed, errors] {
            assert!(!text.contains("hunter"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_shown_and_what_is_wrong_with_it_is_said() {
    let site = Site::with(Backend::Sqlite, &Config::default()).await.unwrap();
    let (code, said, errors) = attempt(&site, "template", "mail").await;
    assert_eq!(code, Some(0), "{said}{errors}");
    assert_says(
        &said,
        &[
            "==== alert",
            "[critical] Unpaid orders 131 > 100: Order 20261123-0005 failed: payment provider timed out after 30 s (and 4 more)",
            "· and 3 more, on the page",
            "Runbook: https://wiki.example.com/orders",
            "==== recovered",
            "[recovered] Unpaid orders: 88 is below 90 (after 18 min 20 s)",
        ],
    );
    assert!(site.world.mail.mails().is_empty(), "nothing is sent");
    let html = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(binary("monitor"));
        command.args(["try", "template", "mail", "--event", "reminder", "--config"]);
        let ended = command.arg(&site.config).args(more).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        (
            ended.status.code(),
            said,
            String::from_utf8_lossy(&ended.stderr).into_owned(),
        )
    };
    let (code, said, errors) = run(&["--lang", "zh", "--html", html.path().to_str().unwrap()]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        said.contains("【警告·未处理】监控告警-未支付订单：140 高于 100（已持续 2 小时 5 分钟）")
            && !said.contains("==== alert"),
        "{said}"
    );
    let page = std::fs::read_to_string(html.path().join("reminder.html")).unwrap();
    assert!(
        page.contains("查看告警") && page.contains("data:image/png;base64,") && !page.contains("cid:"),
        "{page}"
    );

    // A template of the folder takes the place of the program's, and a mistake in it is said with its place.
    let folder = tempfile::tempdir().unwrap();
    let subject = folder.path().join("mail/subject.txt");
    std::fs::create_dir(folder.path().join("mail")).unwrap();
    std::fs::write(&subject, "{{ title }} steht auf {{ value }}").unwrap();
    let config = std::fs::read_to_string(&site.config).unwrap();
    let with_folder = format!("[web]\ntemplates = {:?}\n", folder.path());
    std::fs::write(&site.config, config.replacen("[web]\n", &with_folder, 1)).unwrap();
    let (code, said, errors) = run(&[]);
    assert!(
        code == Some(0) && said.contains("Unpaid orders steht auf 140"),
        "{said}{errors}"
    );
    std::fs::write(&subject, "{{ title }}\n{{ nonsense() }}").unwrap();
    let (code, _, errors) = run(&[]);
    assert!(
        code != Some(0) && errors.contains("mail/subject.txt:2:"),
        "{errors}"
    );
}
