//! `monitor reload`: every process that runs on the database takes its changed config, and says so.
//!
//! The request is a row of the database: it reaches every machine, whichever user the processes run as, and nobody can make it
//! who could not change everything anyway.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chrono::{NaiveDateTime, Utc};
use humantime::format_duration;
use monitor_domain::counted;
use monitor_model::{
    Conn, Db, DbError, NewAudit, ProcessRole, ReloadAnswer, WorkerRow, audit, host, reloads, stored, workers,
};
use monitor_worker::{Exit, Program};

use crate::init::say;

/// How often the answers are read.
const POLL: Duration = Duration::from_millis(100);
/// A process that was not heard from for so long does not run any more.
const ALIVE: Duration = Duration::from_secs(30);
/// Requests and answers are kept for so long.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Requests it and prints what each process answered, until all have or `patience` is over.
pub(crate) async fn run(program: &Program, config: &Path, patience: Duration) -> Result<(), Exit> {
    // What is wrong here is wrong for the processes too, where they read the same files.
    let settings = program.load(config)?.settings;
    let db = Db::open(&settings.database.options())
        .await
        .context("opening the database")?;
    let pending = db.pending_migrations().await.context("reading the database")?;
    if !pending.is_empty() {
        let many = counted(pending.len(), "migration");
        return Err(Exit::Failed(anyhow!(
            "the database is of an older program, and {many} behind: start its processes anew by this one"
        )));
    }
    let end = request(&db, patience).await;
    db.close().await;
    end
}

async fn request(db: &Db, patience: Duration) -> Result<(), Exit> {
    let now = stored(Utc::now());
    let make = move |c: &mut Conn| {
        let processes = workers::all(c)?;
        let by = person();
        let old = now - chrono::Duration::from_std(KEPT).unwrap_or_default();
        let id = reloads::request(c, &by, now, old)?;
        let entry = NewAudit {
            at: now,
            actor: by,
            action: "config.reload".to_owned(),
            target: format!("reload/{id}"),
            detail: counted(processes.len(), "process"),
        };
        audit::append(c, &entry)?;
        Ok((id, processes))
    };
    let (id, listed) = db.write(make).await.context("requesting it")?;
    let (mut waiting, silent): (Vec<_>, Vec<_>) = listed.into_iter().partition(|row| is_alive(row, now));
    for row in &silent {
        say(&format!(
            "{}: not heard from since {} UTC, so not waited for",
            name(row),
            row.heartbeat_at.format("%H:%M:%S")
        ));
    }
    if waiting.is_empty() {
        return Err(Exit::Failed(anyhow!(
            "no process runs on this database; the config is read at the start"
        )));
    }
    let (all, mut not_taken) = (waiting.len(), 0);
    let begun = Instant::now();
    while !waiting.is_empty() && begun.elapsed() < patience {
        tokio::time::sleep(POLL).await;
        let (answers, running) = db
            .read(move |c| state(c, id))
            .await
            .context("reading the answers")?;
        waiting.retain(|row| match answers.get(&row.id) {
            Some(answer) => {
                not_taken += usize::from(!answer.is_taken);
                say(&shown(row, answer));
                false
            }
            None if !running.contains(&row.id) => {
                say(&format!("{}: stopped meanwhile", name(row)));
                false
            }
            None => true,
        });
    }
    for row in &waiting {
        say(&format!(
            "{}: no answer within {}; its log may say why",
            name(row),
            format_duration(patience)
        ));
    }
    not_taken += waiting.len();
    match not_taken {
        0 => Ok(()),
        _ => Err(Exit::Failed(anyhow!(
            "{not_taken} of {} did not take it and {} by the config before",
            counted(all, "process"),
            if not_taken == 1 { "goes on" } else { "go on" }
        ))),
    }
}

/// The answers by process, and the processes that are listed.
fn state(c: &mut Conn, id: i64) -> Result<(BTreeMap<String, ReloadAnswer>, Vec<String>), DbError> {
    let answers = reloads::answers(c, id)?.into_iter();
    let running = workers::all(c)?.into_iter().map(|row| row.id);
    Ok((
        answers.map(|answer| (answer.process.clone(), answer)).collect(),
        running.collect(),
    ))
}

fn is_alive(row: &WorkerRow, now: NaiveDateTime) -> bool {
    (now - row.heartbeat_at).to_std().unwrap_or_default() < ALIVE
}

fn name(row: &WorkerRow) -> String {
    let role = match row.role {
        ProcessRole::Worker => "worker",
        ProcessRole::Web => "web",
    };
    format!("{role} {} on {}", row.pid, row.host)
}

fn shown(row: &WorkerRow, answer: &ReloadAnswer) -> String {
    let name = name(row);
    if answer.is_taken {
        return format!("{name}: taken; {}", answer.detail);
    }
    let lines = answer.detail.lines().map(|line| format!("\n    {line}"));
    format!(
        "{name}: refused, and the config before goes on{}",
        lines.collect::<String>()
    )
}

/// In whose name it is requested.
fn person() -> String {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    format!("{}@{}", user.unwrap_or_else(|_| "somebody".to_owned()), host())
}
