//! `monitor import flask`: the old program's tables come over, once, and the monitor goes on where it stopped.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use monitor_model::{audit, realtime, records};
use monitor_tests::{Backend, Site, binary, eventually};

const SQLITE: &str = include_str!("../../crates/legacy/tests/fixtures/old.sqlite.sql");
const DUMP: &str = include_str!("../../crates/legacy/tests/fixtures/old.mysql.sql");

/// One test on each database; nothing where there is none.
macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($site:ident: Site) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn run(backend: Backend) {
                let Some($site) = Site::new(backend).await else { return };
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
    )+};
}

/// A file beside the config.
fn file(site: &Site, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = site.config.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn command(site: &Site, from: &str, more: &[&str]) -> Command {
    let mut command = Command::new(binary("monitor"));
    command
        .args([
            "import",
            "flask",
            "--from",
            from,
            "--timezone",
            "Asia/Shanghai",
            "--config",
        ])
        .arg(&site.config)
        .args(more)
        .env("USER", "ann");
    command
}

/// Runs it: its code and what it said.
async fn import(site: &Site, from: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut command = command(site, from, more);
    let ended: Output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (ended.status.code(), said.concat())
}

/// One cycle of the worker, with all that it sends.
fn cycle(site: &Site) {
    let mut worker = site.program("monitor-worker", &["--once"]);
    let ended = worker.wait(Duration::from_secs(60));
    assert!(ended.success(), "{}", worker.output());
}

async fn ids(site: &Site) -> Vec<i64> {
    let db = site.db().await;
    let all = db.read(|c| records::recent(c, 100_000)).await.unwrap();
    db.close().await;
    all.into_iter().map(|record| record.id).collect()
}

/// The totals of both systems as the old program read them last.
fn as_before(site: &Site) {
    for (key, total) in [("x", 6.0), ("y", 3.0), ("z", 50.0)] {
        site.world.a.set_total(key, total);
        site.world.b.set_total(key, total);
    }
}

both! {
    async fn the_monitor_goes_on_where_the_old_program_stopped(site: Site) {
        let dump = file(&site, "old.sql", DUMP);
        let (code, said) = import(&site, dump.to_str().unwrap(), &["--map", "3=w"]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("brought over: 8 records, and the current value of w, x, y, z"), "{said}");
        assert!(said.contains("the config has no [metrics.w]"), "{said}");

        let mut web = site.program("monitor-web", &[]);
        let listed = eventually("the page lists the old records", || site.records()).await;
        let shown: Vec<String> = listed
            .iter()
            .map(|record| format!("{} {} {}", record["id"], record["type"], record["value"]))
            .collect();
        let expected = ["9 \"z\" 2147483647", "7 \"w\" 7", "5 \"y\" null", "3 \"z\" 131", "2 \"y\" 3", "1 \"x\" 1"];
        assert_eq!(shown, expected, "alerts only, newest first");
        assert_eq!(listed[5]["alert_message"], "订单 4711 未付款");
        let values = site.get("/get_current_values").await.unwrap();
        assert_eq!(values, r#"{"x":6,"y":3,"z":131}"#);
        web.terminate();

        as_before(&site);
        cycle(&site);
        assert_eq!(site.world.mail.received(), 0, "what the old program knew is no news");
        site.world.a.set_total("x", 7.0);
        site.world.b.set_total("x", 7.0);
        site.world.b.add_message("x", "m7", "Order 4717 is unpaid");
        cycle(&site);
        assert_eq!(site.world.mail.received(), 1, "and what rises above it is");
        assert_eq!(ids(&site).await[0], 10, "after those of the old program");
    }

    async fn again_it_adds_nothing_and_later_only_what_is_new(site: Site) {
        let dump = file(&site, "old.sql", DUMP);
        let from = dump.to_str().unwrap();
        assert_eq!(import(&site, from, &["--map", "3=w"]).await.0, Some(0));
        let first = ids(&site).await;
        let (code, said) = import(&site, from, &["--map", "3=w", "--timezone", "UTC"]).await;
        assert_eq!(code, Some(2), "one zone: {said}");
        let (code, said) = import(&site, from, &["--map", "3=w"]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("brought over: 0 records\n") && said.contains("there already: 8 records"), "{said}");
        assert!(said.contains("stay as they are: w, x, y, z"), "{said}");
        assert_eq!(ids(&site).await, first);
        let (_, said) = import(&site, from, &["--map", "3=v"]).await;
        assert!(said.contains("brought over: 0 records, and the current value of v\n"), "{said}");
        assert_eq!(ids(&site).await, first);
        let later = DUMP.replace("(9,2,2147483647", "(10,0,8,1,'later','2025-03-01 09:00:00'),\n(9,2,2147483647");
        file(&site, "old.sql", later);
        let (_, said) = import(&site, from, &["--map", "3=w", "--dry-run"]).await;
        assert!(said.contains("would be brought over: 1 record\n"), "{said}");
        assert_eq!(ids(&site).await, first, "a dry run stores nothing");
        assert_eq!(import(&site, from, &["--map", "3=w"]).await.0, Some(0));
        assert_eq!(ids(&site).await[0], 10);
        let db = site.db().await;
        let entries = db.read(|c| audit::recent(c, 10)).await.unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| (entry.action.as_str(), entry.detail.clone(), entry.actor.starts_with("ann@")))
            .collect();
        assert_eq!(
            shown,
            ["1 record", "0 records", "8 records"].map(|n| ("import.flask", format!("{n} to bring over"), true))
        );
        db.close().await;
    }

    async fn what_the_monitor_has_itself_stays_and_is_listed_first(site: Site) {
        for (key, total) in [("x", 10.0), ("y", 0.0), ("z", 0.0)] {
            site.world.a.set_total(key, total);
            site.world.b.set_total(key, total);
        }
        site.world.b.add_message("x", "m10", "Order 4710 is unpaid");
        cycle(&site);
        let own = ids(&site).await;
        assert!(!own.is_empty() && site.world.mail.received() > 0);
        let dump = file(&site, "old.sql", DUMP);
        let (code, said) = import(&site, dump.to_str().unwrap(), &["--map", "3=w"]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("stay as they are: x, y, z"), "{said}");
        let all = ids(&site).await;
        assert_eq!(all.len(), own.len() + 8);
        assert_eq!(all[..own.len()], own, "the old ones are below");
        let db = site.db().await;
        let x = db.read(|c| realtime::get(c, "x")).await.unwrap().unwrap();
        assert_eq!(x.value, Some(10.0));
        let oldest_first = db.read(|c| records::recent(c, 100)).await.unwrap();
        let old: Vec<_> = oldest_first[own.len()..].iter().map(|record| record.timestamp).collect();
        assert!(old.is_sorted_by(|a, b| a > b), "{old:?}");
        db.close().await;
        let sent = site.world.mail.received();
        cycle(&site);
        assert_eq!(site.world.mail.received(), sent, "no news");
    }

    async fn a_run_that_is_killed_is_finished_by_the_next(site: Site) {
        let records = 20_000;
        let mut dump = DUMP[..DUMP.find("INSERT INTO `monitor_record`").unwrap()].to_owned();
        for id in 1..=records {
            writeln!(dump, "INSERT INTO `monitor_record` VALUES ({id},0,{id},1,'order {id}','2025-03-01 08:00:00');").unwrap();
        }
        let dump = file(&site, "old.sql", dump);
        let from = dump.to_str().unwrap();
        let mut migrate = Command::new(binary("monitor"));
        migrate.args(["migrate", "--config"]).arg(&site.config);
        assert!(migrate.output().unwrap().status.success());
        let mut run = monitor_tests::Process::spawn(command(&site, from, &[]));
        let db = site.db().await;
        eventually("something is stored", || async {
            let some = db.read(|c| records::recent(c, 1)).await.unwrap();
            (!some.is_empty()).then_some(())
        })
        .await;
        run.kill();
        db.close().await;
        let (code, said) = import(&site, from, &[]).await;
        assert_eq!(code, Some(0), "{said}");
        let expected: Vec<i64> = (1..=records).rev().collect();
        assert_eq!(ids(&site).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_is_named_and_ends_with_an_error() {
    let site = Site::new(Backend::Sqlite).await.unwrap();
    let damaged = DUMP.replace("'2025-03-01 08:03:00'", "'0000-00-00 00:00:00'");
    let dump = file(&site, "old.sql", damaged);
    let (code, said) = import(&site, dump.to_str().unwrap(), &[]).await;
    assert_eq!(code, Some(1), "{said}");
    for line in [
        "brought over: 6 records, and the current value of x, y, z",
        "left out: monitor_record id 4: timestamp is \"0000-00-00 00:00:00\", no time",
        "left out: 1 row of type \"3\"; say which metric that is with --map 3=KEY",
        "error: 2 rows of the old program left out",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_imported_leaves_nothing_behind() {
    let site = Site::new(Backend::Sqlite).await.unwrap();
    let cut = file(
        &site,
        "cut.sql",
        &DUMP[..DUMP.find("'2025-03-01 08:04:00'").unwrap()],
    );
    let sql = file(&site, "old.sqlite.sql", SQLITE);
    for (from, code, why) in [
        (cut.to_str().unwrap(), 1, "ends in the middle of a statement"),
        (sql.to_str().unwrap(), 1, "a dump of SQLite"),
        ("sqlite:nowhere/old.db", 2, "nowhere/old.db"),
        ("mysql://root:s3cret@db/old", 2, "make a dump"),
    ] {
        let (ended, said) = import(&site, from, &[]).await;
        assert_eq!(ended, Some(code), "{from}: {said}");
        assert!(said.contains(why) && !said.contains("s3cret"), "{from}: {said}");
    }
    let dump = file(&site, "old.sql", DUMP);
    let (code, said) = import(&site, dump.to_str().unwrap(), &["--dry-run", "--map", "3=w"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("would be brought over: 8 records, and the current value of w, x, y, z"),
        "{said}"
    );
    let path = site.home.url().trim_start_matches("sqlite:").to_owned();
    assert!(!std::path::Path::new(&path).exists(), "{path}");
    for (more, why) in [
        (&["--map", "3"][..], "has no ="),
        (&["--map", "3=W"], "no key for a metric"),
        (&["--zone", "UTC"], "--zone"),
    ] {
        let (code, said) = import(&site, dump.to_str().unwrap(), more).await;
        assert_eq!(code, Some(2), "{more:?}: {said}");
        assert!(said.contains(why), "{more:?}: {said}");
    }
}
