//! PostgreSQL for tests: fresh databases, a private cluster's stop and start, and nothing left behind, however the process
//! ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use monitor_testkit::postgres::{self, Cluster};

/// Set for the process that is killed in [`a_killed_process_leaves_nothing_behind`].
const VICTIM: &str = "TESTKIT_POSTGRES_VICTIM";

#[test]
fn each_call_gives_an_empty_database_of_its_own_and_drops_it() {
    let (Some(one), Some(two)) = (postgres::database(), postgres::database()) else {
        return;
    };
    assert_ne!(one.url(), two.url());
    one.sql("CREATE TABLE only_here (id int); INSERT INTO only_here VALUES (7)")
        .unwrap();
    assert_eq!(one.sql("SELECT id FROM only_here").unwrap(), "7");
    let error = two.sql("SELECT id FROM only_here").unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");

    let owner = one.sql("SELECT rolsuper FROM pg_database JOIN pg_roles r ON datdba = r.oid WHERE datname = current_database()");
    assert_eq!(owner.unwrap(), "f", "tests must not run as superuser");

    let (name, cluster) = (one.name().to_owned(), one.cluster().clone());
    drop(one);
    wait_until("the database is dropped", || {
        cluster
            .sql(
                "postgres",
                &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"),
            )
            .unwrap()
            == "0"
    });
}

#[test]
fn the_url_leads_there_with_its_password() {
    let Some(database) = postgres::database() else {
        return;
    };
    // psql understands the URL as libpq does everywhere.
    let Some(psql) = monitor_testkit::require("psql") else {
        return;
    };
    let output = Command::new(psql)
        .args(["-X", "-A", "-t", "-c", "SELECT current_user", database.url()])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "monitor",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let wrong = database.url().replace("monitor:", "monitor:not");
    let output = Command::new("psql")
        .args(["-X", "-c", "SELECT 1", &wrong])
        .output()
        .unwrap();
    assert!(!output.status.success(), "the password is needed");
}

#[test]
fn a_cluster_stops_and_comes_back_on_the_same_port_with_what_was_committed() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.database().unwrap();
    database
        .sql("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
        .unwrap();
    let port = cluster.port();

    cluster.stop().unwrap();
    let refused = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(database.sql("SELECT 1").is_err());
    assert!(
        cluster.stop().unwrap_err().to_string().contains("would not stop"),
        "there is nothing to stop"
    );

    cluster.start_again().unwrap();
    assert_eq!(cluster.port(), port);
    assert_eq!(database.sql("SELECT id FROM kept").unwrap(), "1");

    let dir = cluster.dir().to_owned();
    drop(database);
    assert!(dir.exists());
    drop(cluster);
    assert!(!dir.exists(), "the last one waits until all is removed");
}

#[test]
fn connections_are_cut() {
    let Some(database) = postgres::database() else {
        return;
    };
    let Some(psql) = monitor_testkit::require("psql") else {
        return;
    };
    let mut sleeping = Command::new(psql)
        .args(["-X", "-c", "BEGIN; SELECT pg_sleep(600)", database.url()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the connection is there and cut", || {
        database.cut_connections().unwrap() == 1
    });
    assert!(!sleeping.wait().unwrap().success());
    assert_eq!(database.cut_connections().unwrap(), 0);
}

#[test]
fn a_killed_process_leaves_nothing_behind() {
    if postgres::database().is_none() {
        return;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::victim", "--ignored", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    // The harness prints "test postgres::victim ... " before it on the same line.
    let line = lines
        .into_iter()
        .find(|line| line.contains("CLUSTER "))
        .expect("the victim prints its folder");
    let dir = line.split("CLUSTER ").nth(1).unwrap().to_owned();
    let server = server_of(Path::new(&dir));
    assert!(is_running(&server));

    victim.kill().unwrap(); // SIGKILL
    victim.wait().unwrap();
    wait_until("the server is stopped and the folder removed", || {
        !Path::new(&dir).exists() && !is_running(&server)
    });
}

#[test]
#[ignore = "run by a_killed_process_leaves_nothing_behind, which kills it"]
fn victim() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let cluster = Cluster::start().expect("the parent could start one");
    println!("CLUSTER {}", cluster.dir().display());
    std::thread::sleep(Duration::from_secs(600));
}

/// The process of the cluster's server.
pub(crate) fn server_of(cluster: &Path) -> String {
    let file = std::fs::read_to_string(cluster.join("data/postmaster.pid")).unwrap();
    file.lines().next().unwrap().to_owned()
}

pub(crate) fn is_running(pid: &str) -> bool {
    Command::new("kill")
        .args(["-0", pid])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "not within 30 s: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
