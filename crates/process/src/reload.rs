//! Taking a changed config without a restart, as one change: all that it describes is made first, and where anything cannot be,
//! nothing changes and the config before goes on.
//!
//! A SIGHUP requests it of one process, a row of the database of all of them, and each answers there. Whoever can write the database can do
//! anything already, and nobody else can request it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_domain::{SharedClock, counted};
use monitor_model::{Conn, Db, DbError, reloads, stored};
use monitor_settings::{Kinds, Loaded, SectionChange, Settings};
use tokio_util::sync::CancellationToken;

use crate::stop::Hangups;

/// How often the database is searched for requests.
const TICK: Duration = Duration::from_secs(1);
/// What was requested so long before a process reads them for the first time is answered too: it may have been after it read its config.
const STARTING: Duration = Duration::from_secs(60);
/// Names of one list that are shown of a change.
const NAMES: usize = 8;

/// Goes on by a changed config; it cannot fail.
pub type Commit = Box<dyn FnOnce() + Send>;

/// What in a process goes on by a changed config, such as an engine.
pub trait Part: Send + Sync {
    /// Makes everything that is described, and changes nothing yet. What is the same in `before`, which it goes by now, it
    /// keeps.
    ///
    /// # Errors
    /// What cannot be made, for people.
    fn prepare(&self, before: &Settings, changed: &Settings) -> Result<Commit, String>;

    /// The last change was refused, or taken: to be shown.
    fn attempted(&self, refusal: Option<&Refusal>);
}

/// Why a changed config is not taken, for people; a line for each reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Has the parts of a process go on by its config, however often that changes.
pub struct Reloading {
    path: PathBuf,
    kinds: Kinds,
    /// What the process was started with.
    started: Settings,
    /// What it goes by.
    current: Mutex<Settings>,
    parts: Vec<Box<dyn Part>>,
}

impl Reloading {
    /// Of a process that was started with these settings, which it read at `path` with `kinds`.
    pub fn new(
        path: impl Into<PathBuf>,
        kinds: Kinds,
        started: Settings,
        parts: Vec<Box<dyn Part>>,
    ) -> Reloading {
        Reloading {
            path: path.into(),
            kinds,
            current: Mutex::new(started.clone()),
            started,
            parts,
        }
    }

    /// Reads the config again and goes on by it; gives what changed, for people.
    ///
    /// # Errors
    /// Why nothing changed.
    pub fn reload(&self) -> Result<String, Refusal> {
        let taken = self.take();
        match &taken {
            Ok(what) => log::info!("the config was read again: {what}"),
            Err(refusal) => {
                log::error!("the changed config is refused, and the one before goes on:");
                refusal.0.lines().for_each(|line| log::error!("{line}"));
            }
        }
        self.parts
            .iter()
            .for_each(|part| part.attempted(taken.as_ref().err()));
        taken
    }

    fn take(&self) -> Result<String, Refusal> {
        let Loaded {
            settings, warnings, ..
        } = monitor_settings::load(&self.path, &self.kinds).map_err(|wrong| Refusal(wrong.to_string()))?;
        let mut current = self
            .current
            .lock()
            .expect("no code panics while holding this lock");
        let mut commits = Vec::new();
        let mut wrong = Vec::new();
        for part in &self.parts {
            match part.prepare(&current, &settings) {
                Ok(commit) => commits.push(commit),
                Err(why) => wrong.push(why),
            }
        }
        if !wrong.is_empty() {
            wrong.dedup();
            return Err(Refusal(wrong.join("\n")));
        }
        commits.into_iter().for_each(|commit| commit());
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let what = changes(&current, &settings, &settings.for_a_start(&self.started));
        *current = settings;
        Ok(what)
    }

    /// Reloads whenever that is requested, until `stop`: by a SIGHUP, or by a row of the database, which is answered there in the
    /// name of these processes of the table `worker`.
    pub async fn run(
        self,
        hangups: Hangups,
        (db, processes): (Db, Vec<String>),
        clock: SharedClock,
        stop: CancellationToken,
    ) {
        let own = Arc::new(self);
        let mut known = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = hangups.next() => {
                    log::info!("SIGHUP: reading the config again");
                    drop(reload(&own).await);
                }
                () = clock.sleep(TICK) => match requests(&db, &clock, &mut known).await {
                    Ok(requests) if requests.is_empty() => {}
                    Ok(requests) => {
                        let by: Vec<&str> = requests.iter().map(|(_, by)| by.as_str()).collect();
                        log::info!("reading the config again for {}", by.join(", "));
                        let taken = reload(&own).await;
                        answer(&db, &requests, &processes, &taken).await;
                    }
                    // The database is an incident of its own.
                    Err(error) => log::debug!("requests to read the config again cannot be read: {error}"),
                },
            }
        }
    }
}

/// Reads files, so not beside what must not wait.
async fn reload(own: &Arc<Reloading>) -> Result<String, Refusal> {
    let reloading = Arc::clone(own);
    let taken = tokio::task::spawn_blocking(move || reloading.reload()).await;
    taken.unwrap_or_else(|error| {
        log::error!("reading the config again broke off: {error}");
        Err(Refusal(format!("reading it broke off: {error}")))
    })
}

/// The requests that were not known yet, oldest first, each with who made it.
async fn requests(
    db: &Db,
    clock: &SharedClock,
    known: &mut Option<i64>,
) -> Result<Vec<(i64, String)>, DbError> {
    let last = match *known {
        Some(last) => last,
        None => {
            let before = stored(clock.wall()) - chrono::Duration::from_std(STARTING).unwrap_or_default();
            db.read(move |c| reloads::newest_before(c, before)).await?
        }
    };
    let new = db.read(move |c| reloads::after(c, last)).await?;
    *known = Some(new.last().map_or(last, |(id, _)| *id));
    Ok(new)
}

async fn answer(db: &Db, requests: &[(i64, String)], processes: &[String], taken: &Result<String, Refusal>) {
    let ids: Vec<i64> = requests.iter().map(|(id, _)| *id).collect();
    let (processes, is_taken) = (processes.to_vec(), taken.is_ok());
    let detail = match taken {
        Ok(what) => what.clone(),
        Err(refusal) => refusal.to_string(),
    };
    let answer = move |c: &mut Conn| {
        for id in &ids {
            for process in &processes {
                reloads::answer(c, *id, process, is_taken, &detail)?;
            }
        }
        Ok(())
    };
    if let Err(error) = db.write(answer).await {
        log::warn!("whoever requested it has no answer: {error}");
    }
}

/// What is other than before, and what only a restart takes.
fn changes(before: &Settings, now: &Settings, for_a_start: &[String]) -> String {
    let mut parts: Vec<String> = now.changes(before).iter().map(change).collect();
    if parts.is_empty() {
        parts.push(format!(
            "{}, nothing changed",
            counted(now.metrics.len(), "metric")
        ));
    }
    let restart = |key: &String| format!("{key} changed: restart to take it");
    parts.extend(for_a_start.iter().map(restart));
    parts.join("; ")
}

/// One section in words: `metrics: added w, changed x z`.
fn change(of: &SectionChange) -> String {
    let lists = [
        ("added", &of.added),
        ("removed", &of.removed),
        ("changed", &of.changed),
    ];
    let said = lists.iter().filter(|(_, names)| !names.is_empty());
    let said = said.map(|(what, names)| format!("{what} {}", list(names)).trim_end().to_owned());
    format!("{}: {}", of.section, said.collect::<Vec<_>>().join(", "))
}

/// Some names, and how many more there are.
fn list(names: &[String]) -> String {
    let shown = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(" ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
