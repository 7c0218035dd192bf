//! What the programs share: reading the config, opening the database, logging, exit codes.

use std::process::ExitCode;

use anyhow::{Context, Result};
use monitor_domain::with_causes;
use monitor_model::Db;
use monitor_settings::{Diagnostics, Settings};
use tokio_util::sync::CancellationToken;

/// How a program ends.
#[derive(Debug)]
pub enum Exit {
    /// Failed while running: code 1.
    Failed(anyhow::Error),
    /// Bad usage or config: code 2. The text is complete and goes to the person as it is.
    Usage(String),
}

impl Exit {
    /// Prints why and gives the code.
    pub fn report(self) -> ExitCode {
        match self {
            Exit::Failed(error) => {
                eprintln!("error: {}", with_causes(&*error));
                ExitCode::from(1)
            }
            Exit::Usage(text) => {
                eprintln!("{text}");
                ExitCode::from(2)
            }
        }
    }
}

impl From<anyhow::Error> for Exit {
    fn from(error: anyhow::Error) -> Exit {
        Exit::Failed(error)
    }
}

impl From<Diagnostics> for Exit {
    fn from(errors: Diagnostics) -> Exit {
        Exit::Usage(errors.to_string())
    }
}

/// Opens the database and brings it up to date.
///
/// # Errors
/// When it cannot be reached or migrated.
pub async fn open_database(settings: &Settings) -> Result<Db> {
    let db = Db::open(&settings.database.options())
        .await
        .context("opening the database")?;
    let applied = db.migrate().await.context("migrating the database")?;
    if !applied.is_empty() {
        log::info!("migrated the database: {}", applied.join(", "));
    }
    Ok(db)
}

/// The same, until `stop`: `None` where it came first.
///
/// # Errors
/// As there.
pub async fn open_database_until(settings: &Settings, stop: &CancellationToken) -> Result<Option<Db>> {
    tokio::select! {
        () = stop.cancelled() => Ok(None),
        db = open_database(settings) => db.map(Some),
    }
}
