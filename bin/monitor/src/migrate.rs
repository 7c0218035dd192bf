//! `monitor migrate`: brings the database up to date.

use std::path::Path;

use anyhow::Context;
use monitor_model::Db;
use monitor_worker::{Exit, Program};

use crate::init::say;

/// Applies what is missing and names it.
pub(crate) async fn run(program: &Program, config: &Path) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let db = Db::open(&settings.database.options())
        .await
        .context("opening the database")?;
    let applied = db.migrate().await.context("migrating the database")?;
    for name in &applied {
        say(&format!("applied {name}"));
    }
    if applied.is_empty() {
        say("the database is up to date");
    }
    db.close().await;
    Ok(())
}
