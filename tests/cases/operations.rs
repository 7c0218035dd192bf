//! `docs/operations.md` at its word: the units, the steps to install and to restore, and the exit codes that the units go by.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use monitor_model::realtime;
use monitor_tests::{Backend, Config, Home, Process, Site, binary};

use super::blocks::blocks;

const PAGE: &str = include_str!("../../docs/operations.md");
const WORKER: &str = include_str!("../../packaging/systemd/monitor-worker.service");
const WEB: &str = include_str!("../../packaging/systemd/monitor-web.service");
const MONITORCTL: &str = include_str!("../../packaging/systemd/monitorctl");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The commands of the page that are marked so.
fn steps(about: &str) -> &'static str {
    let all = blocks(PAGE);
    let found = all
        .iter()
        .find(|block| block.language == "sh" && block.about == about);
    found.unwrap_or_else(|| panic!("no {about}")).text
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// Runs commands as a shell would that stops at the first that fails.
fn shell(commands: &str, folder: &Path, path: &Path) -> Output {
    let others = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-euc", commands]).current_dir(folder);
    shell
        .env("PATH", format!("{}:{others}", path.display()))
        .output()
        .unwrap()
}

/// A program of a test in a folder of programs.
fn put(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn value<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let prefix = format!("{key}=");
    unit.lines()
        .filter_map(|line| line.strip_prefix(&*prefix))
        .collect()
}

#[test]
fn the_page_shows_the_unit_and_the_other_one_differs_by_its_name() {
    assert!(
        blocks(PAGE)
            .iter()
            .any(|block| block.language == "ini" && block.text == WORKER)
    );
    let renamed = WORKER
        .replace("monitor-worker", "monitor-web")
        .replace("Monitor: worker", "Monitor: web");
    assert_eq!(WEB, renamed);
    // Its own restarts do not stop it, and a config that is wrong does.
    assert_eq!(value(WORKER, "StartLimitIntervalSec"), ["0"]);
    assert_eq!(value(WORKER, "Restart"), ["always"]);
    assert_eq!(value(WORKER, "RestartPreventExitStatus"), ["2"]);
    let shutdown = monitor_settings::load_str(
        "monitor.toml",
        "[systems.a]\nkind = \"none\"\nbase_url = \"http://a\"\n[systems.b]\nkind = \"none\"\nbase_url = \"http://b\"\n[metrics.x]\n",
        &[],
        &monitor_settings::Kinds::stock(),
    );
    let patience: u64 = value(WORKER, "TimeoutStopSec")[0].parse().unwrap();
    assert!(Duration::from_secs(patience) > shutdown.unwrap().settings.worker.shutdown);
}

#[test]
fn monitorctl_runs_as_the_services_do() {
    for key in [
        "User",
        "StateDirectory",
        "WorkingDirectory",
        "UMask",
        "EnvironmentFile",
    ] {
        for value in value(WORKER, key) {
            assert!(
                MONITORCTL.contains(&format!("--property={key}={value} ")),
                "{key}={value}"
            );
        }
    }
    let config = value(WORKER, "Environment")[0];
    assert!(MONITORCTL.contains(&format!("--setenv={config} ")), "{config}");
    assert!(value(WORKER, "ExecStart")[0].starts_with("/usr/local/bin/monitor"));
    assert!(MONITORCTL.ends_with("/usr/local/bin/monitor \"$@\"\n"));
}

#[test]
fn systemd_understands_the_units_and_finds_them_tight() {
    let Some(analyze) = monitor_testkit::require("systemd-analyze") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, unit) in [("monitor-worker", WORKER), ("monitor-web", WEB)] {
        let file = folder.path().join(format!("{name}.service"));
        let program = binary(name);
        let here = unit.replace(&format!("/usr/local/bin/{name}"), program.to_str().unwrap());
        std::fs::write(&file, &here).unwrap();
        let analyze = |arguments: &[&str]| {
            Command::new(&analyze)
                .args(arguments)
                .arg(&file)
                .output()
                .unwrap()
        };
        let verified = analyze(&["verify"]);
        assert!(verified.status.success(), "{}", said(&verified));
        assert!(!said(&verified).contains(name), "{}", said(&verified));
        let security = analyze(&["security", "--offline=true", "--no-pager", "--threshold=25"]);
        assert!(security.status.success(), "{}", said(&security));
        // That it can find fault:
        std::fs::write(&file, here.replace("RestartSec=", "RestartSeconds=")).unwrap();
        assert!(said(&analyze(&["verify"])).contains("RestartSeconds"));
    }
}

/// What the units go by: a config that is wrong is 2, anything that time may mend is 1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_config_is_two_and_what_time_may_mend_is_one() {
    let site = Site::with(Backend::Sqlite, &Config::default()).await.unwrap();
    let good = std::fs::read_to_string(&site.config).unwrap();
    let nowhere = "postgres://monitor@127.0.0.1:1/monitor";
    for (text, code, why) in [
        (good.replace("[web]", "[web"), 2, "monitor.toml:"),
        (good.replace("retries = 1", "retrys = 1"), 2, "requests.retrys"),
        (
            good.replace(
                "password = \"a-secret\"",
                "password = { env = \"NO_SUCH_SECRET\" }",
            ),
            2,
            "NO_SUCH_SECRET",
        ),
        (
            good.replace("password = \"a-secret\"", "password = { file = \"/no/such\" }"),
            2,
            "/no/such",
        ),
        (good.replace("127.0.0.1", "0.0.0.0"), 2, "web.bind"),
        (good.replace(&site.home.url(), nowhere), 1, "opening the database"),
    ] {
        assert_ne!(text, good, "{why}");
        std::fs::write(&site.config, &text).unwrap();
        for (program, arguments) in [
            ("monitor", &["run"][..]),
            ("monitor-worker", &[]),
            ("monitor-web", &[]),
        ] {
            if program == "monitor-worker" && why == "web.bind" {
                continue; // It does not listen there.
            }
            let mut process = Process::start(
                program,
                arguments,
                &[("MONITOR_CONFIG", site.config.to_str().unwrap())],
            );
            let status = tokio::task::block_in_place(|| process.wait(Duration::from_secs(30)));
            assert_eq!(status.code(), Some(code), "{program}: {}", process.output());
            assert!(process.output().contains(why), "{program}: {}", process.output());
        }
    }
}

/// As root would, but below a folder: what is put where, with which permissions, and that `monitorctl` finds it there.
#[cfg(target_os = "linux")]
#[test]
fn what_is_installed_by_the_steps_is_what_monitorctl_runs() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    let programs = at("stubs");
    for folder in ["usr/local/bin", "usr/local/sbin", "etc/systemd/system", "stubs"] {
        std::fs::create_dir_all(at(folder)).unwrap();
    }
    for program in ["systemd-sysusers", "systemctl"] {
        put(&programs, program, "exit 0");
    }
    let below = |text: &str| {
        let targets = [" /etc/", " /usr/", "=/etc/", "=/usr/"];
        targets.iter().fold(text.to_owned(), |text, target| {
            let (sign, path) = target.split_at(1);
            text.replace(target, &format!("{sign}{}{path}", home.path().display()))
        })
    };
    let built = binary("monitor").parent().unwrap().display().to_string();
    let commands = below(steps("install")).replace("target/release", &built);
    let output = shell(&commands, &root(), &programs);
    assert!(output.status.success(), "{}", said(&output));
    for (path, mode) in [
        ("usr/local/bin/monitor", 0o755),
        ("usr/local/bin/monitor-worker", 0o755),
        ("usr/local/bin/monitor-web", 0o755),
        ("usr/local/sbin/monitorctl", 0o755),
        ("etc/sysusers.d/monitor.conf", 0o644),
        ("etc/monitor/monitor.toml", 0o644),
        ("etc/monitor/secrets.env", 0o600),
        ("etc/systemd/system/monitor-worker.service", 0o644),
        ("etc/systemd/system/monitor-web.service", 0o644),
    ] {
        let there = at(path)
            .metadata()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(there.permissions().mode() & 0o777, mode, "{path}");
    }

    // A second time, such as for another build, it keeps what is somebody's own.
    let (config, secrets) = (at("etc/monitor/monitor.toml"), at("etc/monitor/secrets.env"));
    let shipped = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{shipped}# ours\n")).unwrap();
    std::fs::write(&secrets, "MAIL_PASSWORD=ours\n").unwrap();
    let output = shell(&commands, &root(), &programs);
    assert!(output.status.success(), "{}", said(&output));
    let is_kept = std::fs::read_to_string(&config).unwrap().ends_with("# ours\n");
    assert!(is_kept && std::fs::read_to_string(&secrets).unwrap() == "MAIL_PASSWORD=ours\n");
    assert_eq!(secrets.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // Without the secrets it says which are missing; with them, as the service has them, all is well.
    put(
        &programs,
        "systemd-run",
        "for argument do shift; case $argument in --property=EnvironmentFile=*) set -a; . \"${argument##*=}\";; \
         --setenv=*) export \"${argument#--setenv=}\";; --*) ;; *) set -- \"$@\" \"$argument\";; esac; done; exec \"$@\"",
    );
    std::fs::write(at("monitorctl"), below(MONITORCTL)).unwrap();
    let check = || shell("sh ./monitorctl check", home.path(), &programs);
    let missing = check();
    assert_eq!(missing.status.code(), Some(2), "{}", said(&missing));
    assert!(
        said(&missing).contains("SYSTEM_A_PASSWORD is not set"),
        "{}",
        said(&missing)
    );
    std::fs::write(
        at("etc/monitor/secrets.env"),
        "SYSTEM_A_PASSWORD=one\nSYSTEM_B_PASSWORD=two\n",
    )
    .unwrap();
    let good = check();
    assert!(good.status.success(), "{}", said(&good));
    assert!(
        said(&good).contains("etc/monitor/monitor.toml: good"),
        "{}",
        said(&good)
    );
}

/// The copy is in its place, the log of what was there before is not, and the programs go on from the copy.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_restored_by_the_steps() {
    let Some(sqlite) = monitor_testkit::require("sqlite3") else {
        return;
    };
    let site = Site::with(Backend::Sqlite, &Config::default()).await.unwrap();
    let folder = site.config.parent().unwrap();
    let database = PathBuf::from(site.home.url().trim_start_matches("sqlite:").to_owned());
    assert!(matches!(site.home, Home::Sqlite(_)));
    let cycle = || {
        let mut worker = site.program("monitor-worker", &["--once"]);
        assert!(
            worker.wait(Duration::from_secs(60)).success(),
            "{}",
            worker.output()
        );
    };
    let value = || async {
        let db = site.db().await;
        let all = db.read(realtime::all).await.unwrap();
        db.close().await;
        all.iter().find(|one| one.key == "x").unwrap().value
    };
    site.world.a.set_total("x", 2.0);
    cycle();
    let backup = PAGE.lines().find(|line| line.contains("sqlite3 /var")).unwrap();
    let backup = backup
        .split("-- sqlite3")
        .nth(1)
        .unwrap()
        .split("  ")
        .next()
        .unwrap();
    let backup = backup.replace("/var/lib/monitor/monitor.db", database.to_str().unwrap());
    let backup = backup.replace(
        "/var/lib/monitor/copy.db",
        folder.join("copy.db").to_str().unwrap(),
    );
    let output = shell(&format!("{}{backup}", sqlite.display()), folder, folder);
    assert!(output.status.success(), "{}", said(&output));
    site.world.a.set_total("x", 9.0);
    cycle();
    assert_eq!(value().await, Some(9.0));
    let log = database.with_file_name(format!("{}-wal", database.file_name().unwrap().display()));
    std::fs::write(&log, "of the database before").unwrap();

    for program in ["systemctl", "monitorctl"] {
        put(folder, program, "exit 0");
    }
    let owner = |flag: &str| shell(&format!("id -{flag}"), folder, folder).stdout;
    let [user, group] = ["u", "g"].map(|flag| String::from_utf8(owner(flag)).unwrap().trim().to_owned());
    let commands = steps("restore")
        .replace("-o monitor -g monitor", &format!("-o {user} -g {group}"))
        .replace("/var/lib/monitor/monitor.db", database.to_str().unwrap())
        .replace("/var/lib/monitor", database.parent().unwrap().to_str().unwrap());
    let output = shell(&commands, folder, folder);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!log.exists(), "the log of the database before");
    assert_eq!(value().await, Some(2.0));
    cycle();
    assert_eq!(value().await, Some(9.0), "it goes on from the copy");
}
