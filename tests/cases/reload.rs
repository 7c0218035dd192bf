//! A changed config, as the programs take it: by SIGHUP, and by `monitor reload`.

use std::path::PathBuf;
use std::process::Command;

use monitor_tests::{Backend, Config, Process, Site, binary, eventually, http};

fn conf_d(site: &Site, name: &str) -> PathBuf {
    let folder = site.config.parent().unwrap().join("conf.d");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// A metric of System A that alerts above 10.
fn metric(key: &str) -> String {
    format!(
        "[metrics.{key}]\ntitle = \"Number {key}\"\nfetch = {{ system = \"a\", path = \"/api/totals/{key}\", value = \"$.total\" }}\n\
         alert = {{ above = 10 }}\n"
    )
}

fn hang_up(process: &Process) {
    let sent = Command::new("kill")
        .args(["-HUP", &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

async fn says(process: &Process, what: &str) {
    eventually(what, || async { process.output().contains(what).then_some(()) }).await;
}

/// What `monitor reload` printed, and its exit code.
async fn reload(site: &Site) -> (Option<i32>, String) {
    let mut command = Command::new(binary("monitor"));
    command
        .args(["reload", "--timeout", "60s", "--config"])
        .arg(&site.config);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), said.concat())
}

async fn page_has(site: &Site, text: &str, is_there: bool) {
    eventually("the page", || async {
        let page = site.get("/monitor").await?;
        (page.contains(text) == is_there).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_and_web_take_a_changed_config_at_sighup() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(site) = Site::new(backend).await else {
            return;
        };
        let health = monitor_simulator::ports::free_port().unwrap();
        let listen = format!("127.0.0.1:{health}");
        let mut worker = site.program_with("monitor-worker", &[], &[("MONITOR__WORKER__LISTEN", &listen)]);
        let mut web = site.program("monitor-web", &[]);
        says(&worker, "watching 3 metrics").await;
        says(&web, "the page is at").await;
        site.world.a.set_total("w", 50.0);
        std::fs::write(conf_d(&site, "team.toml"), metric("w")).unwrap();
        hang_up(&worker);
        hang_up(&web);
        for process in [&worker, &web] {
            says(process, "the config was read again: metrics: added w").await;
        }
        page_has(&site, "Number w", true).await;
        eventually("its alert", || async {
            let records = site.records().await?;
            records.iter().any(|record| record["type"] == "w").then_some(())
        })
        .await;

        // One that is wrong changes nothing, and shows.
        std::fs::write(conf_d(&site, "zbad.toml"), "[metrics.w]\n").unwrap();
        hang_up(&worker);
        hang_up(&web);
        for process in [&worker, &web] {
            says(
                process,
                "the changed config is refused, and the one before goes on:",
            )
            .await;
            says(process, "zbad.toml:1:10: metrics.w: is in").await;
        }
        let ready = || async {
            let body = http()
                .get(format!("http://{listen}/readyz"))
                .send()
                .await
                .ok()?
                .text()
                .await
                .ok()?;
            body.contains("zbad.toml:1:10: metrics.w").then_some(())
        };
        eventually("the worker's /readyz", ready).await;
        let series = http()
            .get(format!("http://{listen}/metrics"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(series.contains("monitor_config_reload_failed 1"), "{series}");
        let shown = site.get("/readyz").await.unwrap();
        assert!(
            shown.contains("\"config_refused\":true") && !shown.contains("zbad.toml"),
            "{shown}"
        );
        assert!(
            site.get("/metrics")
                .await
                .unwrap()
                .contains("monitor_config_reload_failed 1")
        );
        site.wait_for_reads(3).await;
        page_has(&site, "Number w", true).await;

        // Without it, and without the metric: its alert is closed.
        std::fs::remove_file(conf_d(&site, "zbad.toml")).unwrap();
        std::fs::remove_file(conf_d(&site, "team.toml")).unwrap();
        hang_up(&worker);
        hang_up(&web);
        for process in [&worker, &web] {
            says(process, "the config was read again: metrics: removed w").await;
        }
        page_has(&site, "Number w", false).await;
        eventually("the mail that it is closed", || async {
            let mails = site.world.mail.mails();
            mails
                .iter()
                .any(|mail| mail.subject.starts_with("[closed] Number w"))
                .then_some(())
        })
        .await;
        assert_eq!(
            (
                site.world.a.logins(),
                worker.ended().is_none(),
                web.ended().is_none()
            ),
            (1, true, true)
        );
        // No hangup counted as the first signal of two.
        for process in [&mut worker, &mut web] {
            assert!(process.terminate().0.success());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn monitor_reload_prints_what_each_process_answered() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(site) = Site::new(backend).await else {
            return;
        };
        let (code, said) = reload(&site).await;
        assert_eq!(code, Some(1), "{said}");
        let mut worker = site.program("monitor-worker", &[]);
        says(&worker, "watching 3 metrics").await;
        let (code, said) = reload(&site).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("worker {} on ", worker.id())), "{said}");
        assert!(said.contains("taken; 3 metrics, nothing changed"), "{said}");

        let mut web = site.program("monitor-web", &[]);
        says(&web, "the page is at").await;
        page_has(&site, "Live", true).await;
        std::fs::write(conf_d(&site, "team.toml"), metric("w")).unwrap();
        let (code, said) = reload(&site).await;
        assert_eq!(
            (code, said.matches("taken; metrics: added w").count()),
            (Some(0), 2),
            "{said}"
        );

        // The command reads the files too: what is wrong there is requested of nobody.
        std::fs::write(conf_d(&site, "zbad.toml"), "not TOML").unwrap();
        let (code, said) = reload(&site).await;
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("zbad.toml:1:5: not TOML") && !said.contains("taken"),
            "{said}"
        );
        std::fs::remove_file(conf_d(&site, "zbad.toml")).unwrap();

        // A secret that only the command's environment has: the processes refuse what it finds good.
        let text = std::fs::read_to_string(&site.config).unwrap();
        let with = text.replace(
            "[channels.mail]\n",
            "[systems.c]\nkind = \"bearer\"\nbase_url = \"http://127.0.0.1:9\"\ntoken = { env = \"ONLY_HERE\" }\n[channels.mail]\n",
        );
        std::fs::write(&site.config, with).unwrap();
        let mut command = Command::new(binary("monitor"));
        command
            .args(["reload", "--config"])
            .arg(&site.config)
            .env("ONLY_HERE", "t");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            said.matches("refused, and the config before goes on").count(),
            2,
            "{said}"
        );
        assert!(said.contains("ONLY_HERE"), "{said}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("2 of 2 processes did not take it"));
        std::fs::write(&site.config, text).unwrap();

        // What a restart takes is said, and the rest is taken.
        let text = std::fs::read_to_string(&site.config).unwrap();
        std::fs::write(
            &site.config,
            text.replace(
                "lang = \"en\"",
                "lang = \"zh-CN\"\ncors_origins = [\"https://board.example\"]",
            ),
        )
        .unwrap();
        let (code, said) = reload(&site).await;
        assert_eq!(
            (
                code,
                said.matches("web.cors_origins changed: restart to take it")
                    .count()
            ),
            (Some(0), 2),
            "{said}"
        );
        page_has(&site, "lang=\"zh-CN\"", true).await;
        for process in [&mut worker, &mut web] {
            assert!(process.terminate().0.success());
        }
    }
}

/// One process with both, and a process that is stopped answers for nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn monitor_run_answers_for_worker_and_web() {
    let site = Site::new(Backend::Sqlite).await.unwrap();
    let mut both = Process::start(
        "monitor",
        &["run", "--config", site.config.to_str().unwrap()],
        &[],
    );
    says(&both, "watching 3 metrics").await;
    page_has(&site, "Live", true).await;
    std::fs::write(conf_d(&site, "team.toml"), metric("w")).unwrap();
    let (code, said) = reload(&site).await;
    assert_eq!(code, Some(0), "{said}");
    for role in ["worker", "web"] {
        assert!(said.contains(&format!("{role} {} on ", both.id())), "{said}");
    }
    page_has(&site, "Number w", true).await;
    assert!(both.terminate().0.success());
    let (code, said) = reload(&site).await;
    assert!(
        code == Some(1) && said.contains("no process runs on this database"),
        "{said}"
    );
}

/// With a hundred metrics that are read every second, of which some come and go at every change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_change_loses_a_rise_or_a_reading() {
    const METRICS: usize = 100;
    let many: Vec<String> = (0..METRICS).map(|n| metric(&format!("n{n}"))).collect();
    let config = Config {
        metrics: format!("[metrics.x]\n{}", many.join("\n")),
        interval: "1s".into(),
        ..Config::default()
    };
    let Some(site) = Site::with(Backend::Sqlite, &config).await else {
        return;
    };
    for n in 0..METRICS {
        site.world.a.set_total(&format!("n{n}"), 1.0);
    }
    let health = monitor_simulator::ports::free_port().unwrap();
    let listen = format!("127.0.0.1:{health}");
    let mut worker = site.program_with("monitor-worker", &[], &[("MONITOR__WORKER__LISTEN", &listen)]);
    says(&worker, "watching 101 metrics").await;
    site.wait_for_reads(2).await;
    let db = site.db().await;
    for n in 1..=20 {
        site.world.a.set_total("x", f64::from(n));
        site.world.a.set_total(&format!("t{n}"), 1.0);
        std::fs::write(conf_d(&site, "team.toml"), metric(&format!("t{n}"))).unwrap();
        hang_up(&worker);
        let added = format!("added t{n}");
        says(&worker, &added).await;
        eventually("the alert of this rise", || async {
            let all = db.read(|c| monitor_model::alerts::recent(c, 1_000)).await.ok()?;
            let rises = all.iter().filter(|alert| alert.key.as_str() == "x").count();
            (rises == usize::try_from(n).ok()?).then_some(())
        })
        .await;
    }
    let all = db
        .read(|c| monitor_model::alerts::recent(c, 1_000))
        .await
        .unwrap();
    let mut rises: Vec<f64> = all
        .iter()
        .filter(|alert| alert.key.as_str() == "x")
        .filter_map(|alert| alert.value)
        .collect();
    rises.reverse();
    assert_eq!(rises, (1..=20).map(f64::from).collect::<Vec<_>>());
    let body = http()
        .get(format!("http://{listen}/readyz"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&body).unwrap();
    for lost in ["conflicts", "unsaved", "unreadable"] {
        assert_eq!(ready["done"][lost], 0, "{body}");
    }
    assert!(worker.terminate().0.success());
    db.close().await;
}
