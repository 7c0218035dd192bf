//! A PostgreSQL cluster in a temporary folder.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use monitor_simulator::ports::free_port;

use super::supervisor::{Supervisor, Usage, quiet};
use super::{PostgresError, TestDatabase, failed_to, programs, shared};

/// What makes a server that lives for seconds quick; it may lose data if the *machine* dies, not if a process does.
pub(super) const CONFIG: &str = "
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 500
shared_buffers = 32MB
autovacuum = off
jit = off
listen_addresses = '127.0.0.1'
unix_socket_permissions = 0700
log_min_messages = warning
";

/// The role that tests use: it owns its databases and is not a superuser.
const ROLE: &str = "monitor";

/// A PostgreSQL server for tests. Clones are the same cluster.
///
/// A private one ([`start`](Self::start)) is stopped and its files removed when the last of this value and of the databases
/// in it is dropped, or when the process ends in any way, `kill -9` included. A shared one ([`shared_in`](Self::shared_in))
/// ends the same way some time after its last process.
#[derive(Clone, Debug)]
pub struct Cluster {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    is_shared: bool,
    next_database: AtomicU32,
    supervisor: Mutex<Supervisor>,
}

/// What it takes to reach a cluster.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The folder of PostgreSQL's programs.
    pub(super) bin: PathBuf,
    /// The folder of the cluster.
    pub(super) dir: PathBuf,
    pub(super) port: u16,
    /// Of the superuser and of [`ROLE`].
    pub(super) password: String,
}

impl Cluster {
    /// A cluster for one test alone, to be stopped and started; `None` after a loud skip where PostgreSQL is missing.
    ///
    /// # Panics
    /// Instead of skipping, where [`REQUIRE`](crate::require::REQUIRE) names `postgres`.
    pub fn start() -> Option<Cluster> {
        super::or_skip(Self::try_start())
    }

    /// A cluster for this process alone, or why there is none. It takes about a second of one core.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or would not start; see [`PostgresError`].
    pub fn try_start() -> Result<Cluster, PostgresError> {
        Self::launch(&Usage::Private)
    }

    /// The cluster that all processes of this user share which name the same folder; started if need be. It is gone
    /// `linger` (in whole seconds) after the last of them. [`database()`](super::database) uses it with `target/tmp`.
    ///
    /// # Errors
    /// As [`try_start`](Self::try_start); or the folder cannot be written to.
    pub fn shared_in(folder: &Path, linger: Duration) -> Result<Cluster, PostgresError> {
        shared::cluster_in(folder, linger)
    }

    pub(super) fn launch(usage: &Usage) -> Result<Cluster, PostgresError> {
        let bin = programs::folder()?;
        let user = programs::user()?;
        let dir = tempfile::Builder::new()
            .prefix("monitor-pg-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(programs::temp_folder())
            .map_err(failed_to("make a temporary folder"))?;
        let password: String = std::iter::repeat_with(fastrand::alphanumeric).take(20).collect();
        write(dir.path(), "password", &password)?;
        let socket = format!("unix_socket_directories = '{}'\n", dir.path().display());
        write(dir.path(), "postgresql.conf", &format!("{CONFIG}{socket}"))?;
        let other = shared::place_of_build(&bin).map(|place| place.dir);
        let mut supervisor = Supervisor::start(&bin, dir.path(), other.as_deref(), user, usage)?;
        // From here on the supervisor removes it.
        let dir = dir.keep();
        run(&mut supervisor, &dir, "init")?;
        let place = Place {
            port: start_on_free_port(&mut supervisor, &dir)?,
            bin,
            dir,
            password,
        };
        let cluster = Self::new(place, supervisor, matches!(usage, Usage::Shared { .. }));
        let password = &cluster.inner.place.password;
        cluster.sql(
            "postgres",
            &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'"),
        )?;
        Ok(cluster)
    }

    /// A shared cluster that another process started.
    pub(super) fn joined(place: Place, supervisor: Supervisor) -> Cluster {
        Self::new(place, supervisor, true)
    }

    fn new(place: Place, supervisor: Supervisor, is_shared: bool) -> Cluster {
        Cluster {
            inner: Arc::new(Inner {
                place,
                is_shared,
                next_database: AtomicU32::new(1),
                supervisor: Mutex::new(supervisor),
            }),
        }
    }

    /// Stops the server at once (`pg_ctl stop -m immediate`): connections are cut in whatever they do, and the next start
    /// recovers as after a crash. Committed work is kept.
    ///
    /// # Errors
    /// The server was not running, or would not stop; or others share it.
    pub fn stop(&self) -> Result<(), PostgresError> {
        self.command("stop")
    }

    /// Starts the stopped server on the same port, with what was committed.
    ///
    /// # Errors
    /// The server runs already, or would not start; or others share it.
    pub fn start_again(&self) -> Result<(), PostgresError> {
        self.command(&format!("start {}", self.port()))
    }

    /// The server's port on 127.0.0.1; it stays the same over [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub fn port(&self) -> u16 {
        self.inner.place.port
    }

    /// The folder of the server's data, socket and logs.
    pub fn dir(&self) -> &Path {
        &self.inner.place.dir
    }

    pub(super) fn place(&self) -> &Place {
        &self.inner.place
    }

    /// A fresh, empty database.
    ///
    /// # Errors
    /// The server is stopped.
    pub fn database(&self) -> Result<TestDatabase, PostgresError> {
        self.create("template0")
    }

    /// A fresh copy of a database that `prepare` has made ready. That is given the URL of an empty database, the first
    /// time that a process using this cluster names this `template`; connections to it must be closed when it returns.
    ///
    /// # Errors
    /// The server is stopped, or somebody is still connected to the template.
    pub fn copy_of(&self, template: &str, prepare: impl FnOnce(&str)) -> Result<TestDatabase, PostgresError> {
        let name = format!("template_{template}");
        let ready = self.inner.place.dir.join(&name);
        if !ready.exists() {
            let lock = File::create(self.inner.place.dir.join("templates.lock"))
                .and_then(|lock| lock.lock().map(|()| lock))
                .map_err(failed_to("lock a file"))?;
            // Another process may have made it meanwhile, or may have died before it was ready.
            if !ready.exists() {
                self.sql(
                    "postgres",
                    &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                )?;
                self.sql(
                    "postgres",
                    &format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0"),
                )?;
                prepare(&self.url(&name));
                fs::write(&ready, "").map_err(failed_to("write into the temporary folder"))?;
            }
            drop(lock);
        }
        self.create(&name)
    }

    fn create(&self, template: &str) -> Result<TestDatabase, PostgresError> {
        // Other processes make databases in it, too, and a process may get the id of one that was killed.
        let (process, chance) = (std::process::id(), fastrand::u32(..));
        let number = self.inner.next_database.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{process}_{number}_{chance:08x}");
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}"),
        )?;
        let url = self.url(&name);
        Ok(TestDatabase::new(self.clone(), name, url))
    }

    fn url(&self, database: &str) -> String {
        let Place { port, password, .. } = &self.inner.place;
        format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{database}")
    }

    /// Runs SQL as superuser in `database` (there is always `postgres`) and gives what `psql` printed: values only, a row a
    /// line, columns parted by `|`.
    ///
    /// # Errors
    /// With the server's own message.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, PostgresError> {
        let mut command = Command::new(self.inner.place.bin.join("psql"));
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            database,
            "-c",
            sql,
        ]);
        command
            .arg("-h")
            .arg(&self.inner.place.dir)
            .arg("-p")
            .arg(self.port().to_string())
            .stdin(Stdio::null());
        let output = quiet(&mut command).output().map_err(failed_to("start psql"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(PostgresError::Sql {
            said: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        })
    }

    /// Drops a database, some time soon.
    pub(super) fn drop_database(&self, name: &str) {
        // Where the supervisor is gone, so is the database.
        drop(lock(&self.inner.supervisor).send(&format!("drop {name}")));
    }

    fn command(&self, command: &str) -> Result<(), PostgresError> {
        if self.inner.is_shared {
            return Err(PostgresError::Shared);
        }
        run(&mut lock(&self.inner.supervisor), &self.inner.place.dir, command)
    }
}

/// Has the supervisor do this, or says what is in the logs.
fn run(supervisor: &mut Supervisor, dir: &Path, command: &str) -> Result<(), PostgresError> {
    if supervisor.run(command)? {
        return Ok(());
    }
    let step = command.split(' ').next().unwrap_or(command).to_owned();
    Err(PostgresError::Refused {
        step,
        log: log_tail(dir),
    })
}

/// Another process may take the port before the server has it: then the next one is tried.
fn start_on_free_port(supervisor: &mut Supervisor, dir: &Path) -> Result<u16, PostgresError> {
    let mut last = PostgresError::Supervisor;
    for _ in 0..5 {
        let port = free_port().map_err(failed_to("find a free port"))?;
        match run(supervisor, dir, &format!("start {port}")) {
            Ok(()) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn log_tail(dir: &Path) -> String {
    let read = |name| fs::read_to_string(dir.join(name)).unwrap_or_default();
    let logs = format!("{}\n{}", read("supervisor.log"), read("server.log"));
    let lines: Vec<&str> = logs.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), PostgresError> {
    fs::write(dir.join(name), text).map_err(failed_to("write into the temporary folder"))
}

/// A test that panicked while it held the lock has left nothing half done.
fn lock(supervisor: &Mutex<Supervisor>) -> MutexGuard<'_, Supervisor> {
    supervisor.lock().unwrap_or_else(PoisonError::into_inner)
}
