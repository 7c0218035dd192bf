//! One cluster for all test processes of a build: the first starts it, the others find it.
//!
//! A file in the build's folder (`target/tmp`) says where it is. A lock on a file beside it makes the processes read that
//! one by one. Both survive `kill -9`: the lock ends with the process that holds it, and a file that leads to a cluster
//! that is gone is written anew.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cluster::{CONFIG, Place};
use super::supervisor::{SCRIPT, Supervisor, Usage};
use super::{Cluster, PostgresError, failed_to, programs};

/// How long the cluster outlives its last user: `cargo test` runs one test program after the other, and not each of them
/// needs a database.
const LINGER: Duration = Duration::from_secs(60);

/// The cluster of this build.
pub(super) fn cluster() -> Result<Cluster, PostgresError> {
    match folder() {
        Some(folder) => cluster_in(&folder, LINGER),
        // A test that was copied away from its build, or is run by somebody who cannot write there.
        None => Cluster::try_start(),
    }
}

/// Where the cluster of this build is, or was.
pub(super) fn place_of_build(bin: &Path) -> Option<Place> {
    read(&pointer(&folder()?, bin).ok()?, bin)
}

/// The cluster of all processes that name this folder.
pub(super) fn cluster_in(folder: &Path, linger: Duration) -> Result<Cluster, PostgresError> {
    let bin = programs::folder()?;
    let pointer = pointer(folder, &bin)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(pointer.with_extension("lock"))
        .map_err(failed_to("make a lock file"))?;
    // Until the end of this function, or of this process.
    lock.lock().map_err(failed_to("lock a file"))?;

    let place = read(&pointer, &bin);
    let stale = match place.map(|place| (join(&place), place)) {
        Some((Ok(cluster), _)) => return Ok(cluster),
        // It ends by itself, or has.
        Some((Err(error), _)) if error.kind() == io::ErrorKind::NotFound => None,
        // Its supervisor or its server was killed: nobody else clears it away in time.
        Some((Err(_), place)) => Some(place.dir),
        None => None,
    };
    let cluster = Cluster::launch(&Usage::Shared { linger, stale })?;
    write(&pointer, cluster.place())?;
    Ok(cluster)
}

/// `target/tmp` of the build that this test is from.
fn folder() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    // Cargo marks its folder with this file.
    let target = test.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file())?;
    let folder = target.join("tmp");
    fs::create_dir_all(&folder).ok()?;
    // Somebody else's build.
    tempfile::tempfile_in(&folder).ok()?;
    Some(folder)
}

/// The file that says where the cluster is. Different for what must not share one: users, installations, versions of how it
/// is set up.
fn pointer(folder: &Path, bin: &Path) -> Result<PathBuf, PostgresError> {
    let mut hasher = DefaultHasher::new();
    (bin, CONFIG, SCRIPT).hash(&mut hasher);
    let name = format!("postgres-{}-{:016x}.txt", programs::own_uid()?, hasher.finish());
    Ok(folder.join(name))
}

fn join(place: &Place) -> io::Result<Cluster> {
    let supervisor = Supervisor::join(&place.dir)?;
    // A server that died alone.
    TcpStream::connect((Ipv4Addr::LOCALHOST, place.port))?;
    Ok(Cluster::joined(place.clone(), supervisor))
}

fn read(pointer: &Path, bin: &Path) -> Option<Place> {
    let text = fs::read_to_string(pointer).ok()?;
    let mut lines = text.lines();
    Some(Place {
        bin: bin.to_owned(),
        dir: PathBuf::from(lines.next()?),
        port: lines.next()?.parse().ok()?,
        password: lines.next()?.to_owned(),
    })
}

fn write(pointer: &Path, place: &Place) -> Result<(), PostgresError> {
    let text = format!("{}\n{}\n{}\n", place.dir.display(), place.port, place.password);
    // Whole or not at all, and for nobody else: it has the password.
    let new = pointer.with_extension("new");
    File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&new, pointer))
        .map_err(failed_to("write where the shared cluster is"))
}
