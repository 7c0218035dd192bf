//! `monitor migrate`: brings the database up to date.

use std::path::Path;

use anyhow::Context;
use monitor_model::{Db, probe};
use monitor_worker::{Exit, Program};

use crate::init::say;

/// Applies what is missing and names it.
pub(crate) async fn run(program: &Program, config: &Path) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let options = settings.database.options();
    let is_new = !probe(&options).await.context("opening the database")?.exists;
    let db = Db::open(&options).await.context("opening the database")?;
    let applied = db.migrate().await.context("migrating the database")?;
    if is_new {
        say(&format!("created {}", settings.database.shown()));
    }
    for name in &applied {
        say(&format!("applied {name}"));
    }
    if applied.is_empty() {
        say(&format!("{} is up to date", settings.database.shown()));
    }
    db.close().await;
    Ok(())
}
