//! The cluster that processes share: one for all, there until the last of them has ended, however that ended.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use monitor_testkit::postgres::{self, Cluster, PostgresError};

use crate::postgres::{is_running, server_of, wait_until};

/// Set for processes of these tests: the folder that they share.
const FOLDER: &str = "TESTKIT_POSTGRES_FOLDER";

/// How long a cluster of these tests outlives its last user.
const LINGER: Duration = Duration::from_secs(1);

/// Another process, and where its cluster is. Killed when dropped.
struct User {
    process: Child,
    cluster: PathBuf,
    database: String,
}

impl User {
    fn start(folder: &Path) -> User {
        User::spawn(folder).ready()
    }

    fn spawn(folder: &Path) -> Starting {
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "shared::user", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Starting(process)
    }

    fn kill(&mut self) {
        let _ = self.process.kill(); // SIGKILL
        self.process.wait().unwrap();
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Starting(Child);

impl Starting {
    fn ready(mut self) -> User {
        let mut lines = BufReader::new(self.0.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        // The harness prints "test shared::user ... " before it on the same line.
        let line = lines
            .find(|line| line.contains("CLUSTER "))
            .expect("the process prints its cluster");
        let (cluster, database) = line.split_once("CLUSTER ").unwrap().1.split_once(' ').unwrap();
        User {
            process: self.0,
            cluster: cluster.into(),
            database: database.to_owned(),
        }
    }
}

#[test]
#[ignore = "run as another process by the tests of this file"]
fn user() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let cluster = Cluster::shared_in(Path::new(&folder), LINGER).unwrap();
    let database = cluster.database().unwrap();
    database.sql("CREATE TABLE mine (id int)").unwrap();
    println!("CLUSTER {} {}", cluster.dir().display(), database.name());
    std::thread::sleep(Duration::from_secs(600));
}

/// A folder to share; nothing where there is no PostgreSQL.
fn folder() -> Option<tempfile::TempDir> {
    postgres::database()?;
    Some(tempfile::tempdir().unwrap())
}

fn gone(cluster: &Path, server: &str) {
    wait_until("the server is stopped and the folder removed", || {
        !cluster.exists() && !is_running(server)
    });
}

#[test]
fn processes_that_start_at_once_share_one_cluster_until_the_last_is_killed() {
    let Some(folder) = folder() else { return };
    let starting: Vec<Starting> = (0..4).map(|_| User::spawn(folder.path())).collect();
    let mut users: Vec<User> = starting.into_iter().map(Starting::ready).collect();
    let cluster = users[0].cluster.clone();
    assert!(users.iter().all(|user| user.cluster == cluster));
    let mut databases: Vec<&String> = users.iter().map(|user| &user.database).collect();
    databases.sort();
    databases.dedup();
    assert_eq!(databases.len(), 4, "each has a database of its own");

    let server = server_of(&cluster);
    // One of them started it, whichever.
    let last = users.pop().unwrap();
    users.iter_mut().for_each(User::kill);
    std::thread::sleep(LINGER * 2 + LINGER / 2);
    let here = Cluster::shared_in(folder.path(), LINGER).unwrap();
    assert_eq!(here.dir(), cluster, "it is there as long as somebody uses it");
    assert_eq!(
        here.sql(&last.database, "SELECT count(*) FROM mine").unwrap(),
        "0"
    );
    drop(last);
    assert!(is_running(&server));
    drop(here);
    gone(&cluster, &server);
}

#[test]
fn the_next_process_within_the_time_finds_it_and_a_later_one_starts_another() {
    let Some(folder) = folder() else { return };
    let (first, server) = {
        let user = User::start(folder.path());
        (user.cluster.clone(), server_of(&user.cluster))
    };
    let next = Cluster::shared_in(folder.path(), LINGER).unwrap();
    assert_eq!(next.dir(), first);
    assert!(matches!(next.stop(), Err(PostgresError::Shared)));
    drop(next);
    gone(&first, &server);

    let later = Cluster::shared_in(folder.path(), LINGER).unwrap();
    assert_ne!(later.dir(), first);
    assert_eq!(later.database().unwrap().sql("SELECT 1").unwrap(), "1");
}

#[test]
fn what_a_killed_supervisor_or_server_left_is_cleared_away_and_replaced() {
    let Some(folder) = folder() else { return };
    let user = User::start(folder.path());
    let server = server_of(&user.cluster);
    let supervisor = std::fs::read_to_string(user.cluster.join("supervisor.pid")).unwrap();
    kill("-KILL", supervisor.trim());
    assert!(is_running(&server), "nobody has stopped it");
    let second = Cluster::shared_in(folder.path(), LINGER).unwrap();
    gone(&user.cluster, &server);

    let (dir, server) = (second.dir().to_owned(), server_of(second.dir()));
    kill("-QUIT", &server);
    wait_until("the server is dead", || !is_running(&server));
    let third = Cluster::shared_in(folder.path(), LINGER).unwrap();
    gone(&dir, &server);
    assert_eq!(third.database().unwrap().sql("SELECT 1").unwrap(), "1");
}

fn kill(signal: &str, process: &str) {
    let status = Command::new("kill").args([signal, process]).status().unwrap();
    assert!(status.success());
}
