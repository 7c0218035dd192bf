//! `monitor check`: everything that is wrong with a config, and with `--online` with what it points at.

use std::path::Path;

use anyhow::anyhow;
use monitor_domain::{Number, SystemClock, counted};
use monitor_model::{Probed, probe};
use monitor_processor::sample;
use monitor_settings::Settings;
use monitor_upstream::Upstreams;
use monitor_worker::{Exit, Program};

use crate::init::say;

/// Prints the JSON Schema of the config.
pub(crate) fn schema(program: &Program) {
    say(&format!("{:#}", monitor_settings::schema(program.kinds())));
}

/// Checks the file; `online` also tries what it describes.
pub(crate) async fn run(program: &Program, config: &Path, online: bool) -> Result<(), Exit> {
    let loaded = monitor_settings::load(config, program.kinds())
        .map_err(|errors| Exit::Usage(format!("{errors}\n{}", counted(errors.0.len(), "mistake"))))?;
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
    let settings = loaded.settings;
    if online {
        try_all(program, &settings).await?;
    }
    say(&format!(
        "{}: good; {}, {}, {}",
        config.display(),
        counted(settings.metrics.len(), "metric"),
        counted(settings.systems.len(), "system"),
        counted(settings.channels.len(), "channel")
    ));
    Ok(())
}

/// Tries every system, metric and channel, whatever became of the ones before.
async fn try_all(program: &Program, settings: &Settings) -> Result<(), Exit> {
    let clock = SystemClock::shared();
    let mut failures = 0;
    let mut report = |what: String, result: Result<String, String>| match result {
        Ok(good) => say(&format!("ok    {what}: {good}")),
        Err(why) => {
            failures += 1;
            say(&format!("FAIL  {what}: {why}"));
        }
    };
    report("database".to_owned(), database(settings).await);
    let systems = settings.systems(clock.clone()).map_err(anyhow::Error::from)?;
    for (name, system) in &systems {
        let result = system.sign_in().await;
        report(
            format!("system {name}"),
            result
                .map(|()| "signed in".to_owned())
                .map_err(|error| error.to_string()),
        );
    }
    let upstreams = Upstreams::new(systems);
    for metric in program.metrics(settings)? {
        let config = metric.config();
        let result = sample(&*metric, &upstreams).await;
        let shown =
            result.map(|value| format!("{} {} ({})", Number(value), config.unit, config.rule.describe()));
        report(
            format!("metric {}", config.key),
            shown.map_err(|error| error.to_string()),
        );
    }
    for notifier in settings.notifiers(clock).map_err(anyhow::Error::from)? {
        let result = notifier.probe().await;
        report(
            format!("channel {}", notifier.name()),
            result
                .map(|()| "opened, nothing sent".to_owned())
                .map_err(|failure| failure.to_string()),
        );
    }
    match failures {
        0 => Ok(()),
        n => Err(Exit::Failed(anyhow!(
            "{n} of what the config points at did not work"
        ))),
    }
}

/// Whether it can be used, and what is to be done with it. Nothing of it is changed.
async fn database(settings: &Settings) -> Result<String, String> {
    let Probed {
        database,
        exists,
        pending,
    } = probe(&settings.database.options())
        .await
        .map_err(|error| error.to_string())?;
    let state = match (exists, pending.len()) {
        (false, _) => "is made at the first start, or by `monitor migrate`".to_owned(),
        (true, 0) => "writable, up to date".to_owned(),
        (true, n) => format!(
            "writable, {} to run: by the next start, or by `monitor migrate`",
            counted(n, "migration")
        ),
    };
    Ok(format!("{database}: {state}"))
}
