//! The examples of the crates: each crate has one that runs by itself, and each does what its first lines say.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use monitor_simulator::SystemA;
use monitor_simulator::http::{Answer, HttpServer, Request};
use monitor_tests::{Process, eventually};

/// An example, what it is run with (`{a}` is a System A, `{t}` one that hands out tickets, `{tmp}` a folder of its own, `{root}`
/// the repository), and what it says.
struct Run {
    of: &'static str,
    name: &'static str,
    arguments: &'static [&'static str],
    says: &'static [&'static str],
}

const fn run(
    of: &'static str,
    name: &'static str,
    arguments: &'static [&'static str],
    says: &'static [&'static str],
) -> Run {
    Run {
        of,
        name,
        arguments,
        says,
    }
}

const RUNS: [Run; 21] = [
    run("chart", "draw", &["{tmp}"], &[]),
    run(
        "domain",
        "failing",
        &[],
        &[
            "at 0ns: cannot be read",
            "at 60s: still cannot be read, 7 times in 1m",
            "again after it failed 13 times in 2m 10s",
        ],
    ),
    run(
        "legacy",
        "read",
        &["{root}/fuzz/seeds/dump/mariadb.sql", "Asia/Shanghai"],
        &[" records, "],
    ),
    run(
        "login",
        "own_kind",
        &["{t}", "monitor", "/api/total"],
        &["{\"total\":7}"],
    ),
    run(
        "login",
        "sign_in",
        &["{a}", "monitor", "/api/totals/x"],
        &["{\"total\":131}"],
    ),
    run("model", "outbox", &["sqlite:{tmp}/outbox.db"], &[]),
    run("notify", "own_channel", &[], &["the robot got "]),
    run("notify", "preview_mails", &["{tmp}/previews"], &[]),
    run(
        "notify",
        "send_mail",
        &["file:{tmp}/mails", "ops@example.com", "zh-CN"],
        &[],
    ),
    run("process", "wait", &[], &[]),
    run("processor", "one_cycle", &[], &["alarms sounded: [\"x\"]"]),
    run("processor", "own_metric", &[], &[" of system a: "]),
    run(
        "recording",
        "propose",
        &["{root}/fuzz/seeds/recording/small"],
        &["[systems."],
    ),
    run("requests", "fetch", &["{t}/free"], &["200 OK with 4 bytes"]),
    run(
        "rules",
        "own_condition",
        &[],
        &["firing 5 was read 3 times in a row"],
    ),
    run("rules", "series", &[], &["recovered, had been firing since"]),
    run(
        "settings",
        "check",
        &["{root}/config/demo.toml"],
        &["Z complaints waiting: "],
    ),
    run("simulator", "play", &[], &["System A: http://127.0.0.1:"]),
    run("telemetry", "scrape", &[], &["monitor_build_info{version="]),
    run(
        "testkit",
        "scripted_clock",
        &[],
        &["it is 2026-03-01 10:00:00 UTC"],
    ),
    run("upstream", "total", &[], &["x is ", "x cannot be read: "]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The examples below `crates/`, as `crate/name`.
fn examples() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for of in std::fs::read_dir(root().join("crates")).unwrap() {
        let of = of.unwrap().path();
        let name = of.file_name().unwrap().to_str().unwrap().to_owned();
        for example in std::fs::read_dir(of.join("examples")).into_iter().flatten() {
            let example = example.unwrap().path();
            found.insert(format!(
                "{name}/{}",
                example.file_stem().unwrap().to_str().unwrap()
            ));
        }
    }
    found
}

#[test]
fn each_crate_has_an_example_and_each_is_run() {
    let run: BTreeSet<String> = RUNS
        .iter()
        .map(|run| format!("{}/{}", run.of, run.name))
        .collect();
    assert_eq!(run, examples());
    for of in std::fs::read_dir(root().join("crates")).unwrap() {
        let of = of.unwrap().file_name().into_string().unwrap();
        // What loads and measures is a program.
        let is_library = root().join("crates").join(&of).join("src/lib.rs").exists();
        assert!(
            !is_library || RUNS.iter().any(|run| run.of == of),
            "{of} has no example"
        );
    }
}

/// A system that hands out tickets, as `own_kind` signs in to.
async fn tickets() -> HttpServer {
    HttpServer::start(|request: &Request| match request.path.as_str() {
        "/free" => Answer::body(200, "text/plain", "free"),
        "/ticket" if request.form_value("password").as_deref() == Some("open-sesame") => {
            Answer::body(200, "text/plain", "t-1")
        }
        _ if request.header("x-ticket") == Some("t-1") => {
            Answer::body(200, "application/json", "{\"total\":7}")
        }
        _ => Answer::error(401, "sign in"),
    })
    .await
}

/// Takes minutes where nothing of it is built yet, so it is a step of its own: `.ci/run` names it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds all examples; cargo test --workspace --test e2e -- --ignored examples"]
async fn each_example_runs_and_says_what_it_is_to_say() {
    let target = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(3)
        .unwrap()
        .to_owned();
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--offline",
            "--locked",
            "--quiet",
            "--workspace",
            "--examples",
        ])
        .current_dir(root())
        .env("CARGO_TARGET_DIR", &target)
        .status();
    assert!(built.unwrap().success());
    let (a, t, tmp) = (
        SystemA::start().await,
        tickets().await,
        tempfile::tempdir().unwrap(),
    );
    a.set_total("x", 131.0);
    for Run {
        name,
        arguments,
        says,
        ..
    } in &RUNS
    {
        let filled = arguments.iter().map(|argument| {
            argument
                .replace("{a}", &a.url())
                .replace("{t}", &t.url())
                .replace("{tmp}", tmp.path().to_str().unwrap())
                .replace("{root}", root().to_str().unwrap())
        });
        let mut command = Command::new(target.join("debug/examples").join(name));
        command.args(filled).current_dir(tmp.path());
        let password = if *name == "own_kind" {
            "open-sesame"
        } else {
            a.password()
        };
        command
            .env("PASSWORD", password)
            .env("SYSTEM_A_PASSWORD", "x")
            .env("SYSTEM_B_PASSWORD", "x");
        let said = match *name {
            "wait" => ended_by_sigterm(command).await,
            _ => ended(command),
        };
        let said = said.unwrap_or_else(|said| panic!("{name} fails: {said}"));
        for expected in *says {
            assert!(said.contains(expected), "{name}: no {expected:?} in {said}");
        }
    }
    for made in ["outbox.db", "previews", "mails"] {
        assert!(tmp.path().join(made).exists(), "no {made}");
    }
}

/// What it says, and whether it ends well; Enter is pressed for those that wait for it.
fn ended(mut command: Command) -> Result<String, String> {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|error| error.to_string())?;
    // One that reads nothing may have ended.
    drop(child.stdin.take().unwrap().write_all(b"\n"));
    let ended = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    if ended.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

/// The same of one that waits for it.
async fn ended_by_sigterm(command: Command) -> Result<String, String> {
    let mut process = Process::spawn(command);
    eventually("it waits", || async {
        process.output().contains(" waits").then_some(())
    })
    .await;
    let (status, _) = process.terminate();
    if status.success() {
        Ok(process.output())
    } else {
        Err(process.output())
    }
}
