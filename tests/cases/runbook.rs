//! `docs/runbook.md` at its word: its commands work, and it quotes what the programs say.

use std::process::{Command, Output};

use monitor_tests::{Backend, Config, Process, Site, eventually};

use super::blocks::blocks;

const PAGE: &str = include_str!("../../docs/runbook.md");

/// What the page quotes, and where the programs have it.
const QUOTED: [(&str, &str); 12] = [
    (
        "has been unreadable since",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "the monitor has been offline since",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "has delivered nothing since",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "The alarm",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "and was not stopped",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "nobody was watching from",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "has not been writable since",
        include_str!("../../crates/processor/src/incidents/text.rs"),
    ),
    (
        "another program listens there",
        include_str!("../../crates/process/src/listen.rs"),
    ),
    (
        "is newer than this program",
        include_str!("../../crates/model/src/migrations.rs"),
    ),
    (
        "held back by",
        include_str!("../../crates/model/src/db/log_file.rs"),
    ),
    (
        "writable, up to date",
        include_str!("../../bin/monitor/src/check.rs"),
    ),
    ("sign-in refused", include_str!("../../crates/login/src/error.rs")),
];

#[test]
fn it_quotes_what_the_programs_say() {
    for (words, source) in QUOTED {
        assert!(PAGE.contains(words), "the page does not quote {words:?} any more");
        assert!(source.contains(words), "no program says {words:?} any more");
    }
}

/// By the names that the pages give them.
#[test]
fn every_kind_of_incident_has_a_row() {
    let texts = include_str!("../../templates/pages/locales/en/pages.ftl");
    let kinds = texts.lines().filter_map(|line| line.strip_prefix("incident-"));
    let names: Vec<&str> = kinds
        .filter_map(|line| line.split_once(" = "))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        assert!(PAGE.contains(&format!("\n| **{name}** | ")), "{name}");
    }
}

/// The commands of a reader, in their order.
fn commands() -> Vec<String> {
    let all = blocks(PAGE);
    let lines = all
        .iter()
        .filter(|block| block.language == "console")
        .flat_map(|block| block.text.lines());
    lines
        .filter_map(|line| line.strip_prefix("$ "))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_commands_do_what_it_says() {
    if monitor_testkit::require("curl").is_none() {
        return;
    }
    let site = Site::with(Backend::Sqlite, &Config::default()).await.unwrap();
    let health = format!("127.0.0.1:{}", monitor_simulator::ports::free_port().unwrap());
    let env = [
        ("MONITOR_CONFIG", site.config.to_str().unwrap()),
        ("MONITOR__WORKER__LISTEN", &health),
    ];
    let _both = Process::start("monitor", &["run"], &env);
    site.world.a.set_total("z", 131.0);
    let run = |command: &str| -> Output {
        let command = command
            .replace("127.0.0.1:8080", &site.web.to_string())
            .replace("127.0.0.1:9464", &health);
        Command::new("sh").args(["-c", &command]).output().unwrap()
    };
    let json = |command: &str| {
        let output = run(command);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}: {error}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_default()
    };
    let all = commands();
    assert_eq!(all.len(), 7, "{all:?}");
    let [web, worker, open, ack, silence, reset, retry] = [0, 1, 2, 3, 4, 5, 6].map(|n| all[n].as_str());
    eventually("the worker has begun", || async {
        run(worker).status.success().then_some(())
    })
    .await;
    eventually("the web knows of it", || async {
        (run(web).status.success() && json(web)["worker"]["state"] == "alive").then_some(())
    })
    .await;
    let alert = eventually("z alerts", || async { json(open)["alerts"].get(0).cloned() }).await;
    assert_eq!(alert["key"], "z");
    let taken = json(&ack.replace("/5/", &format!("/{}/", alert["id"])));
    assert_eq!(
        (&taken["note"], &taken["acknowledged_by"]),
        (&"the gateway restarts".into(), &"Anna".into())
    );
    assert_eq!(json(silence)["state"], "active");
    assert_eq!(json(retry)["retried"], 0);
    assert_eq!(json(reset)["success"], true);
    assert!(site.world.b.alarms().contains(&"global".to_owned()));
}
