//! `monitor run`: worker and web in one process.

use std::path::Path;

use anyhow::Context;
use monitor_domain::{SystemClock, counted};
use monitor_process::{Part, Reloading, Signals, signals};
use monitor_web::{WebContext, WebPart};
use monitor_worker::{
    EnginePart, Exit, Health, Program, listen_for_health, open_database_until, serve_health,
};

/// Runs both until a signal; when one ends, the other is stopped too.
pub(crate) async fn run(program: &Program, config: &Path) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let Signals { stop, hangups } = signals().context("listening to signals")?;
    let Some(db) = open_database_until(&settings, &stop).await? else {
        return Ok(());
    };
    let clock = SystemClock::shared();
    let engine = program.engine(&settings, db.clone(), clock.clone())?;
    let context = WebContext::from_settings(&settings, db.clone(), clock.clone())?;
    let listener = monitor_web::listen(settings.web.bind).map_err(anyhow::Error::from)?;
    if let Some(address) = settings.worker.listen {
        let listener = listen_for_health(address)?;
        let health = Health::new(&settings, db.clone(), &engine)?;
        tokio::spawn(serve_health(listener, health, stop.clone()));
    }
    log::info!(
        "watching {}; the page is at http://{}/monitor",
        counted(settings.metrics.len(), "metric"),
        settings.web.bind
    );
    let parts: Vec<Box<dyn Part>> = vec![
        Box::new(EnginePart::new(program, &engine, clock.clone())),
        Box::new(WebPart::new(&context)),
    ];
    let processes = vec![engine.worker_id(), context.presence.id().to_owned()];
    let reloading = Reloading::new(config, program.kinds().clone(), settings, parts);
    tokio::spawn(reloading.run(hangups, (db, processes), clock, stop.clone()));
    both(
        engine,
        monitor_web::serve(listener, context, |_| {}, stop.clone()),
        stop,
    )
    .await
}

/// Runs the engine beside the web; the first that ends stops the other.
pub(crate) async fn both(
    engine: monitor_processor::Engine,
    web: impl Future<Output = std::io::Result<()>>,
    stop: tokio_util::sync::CancellationToken,
) -> Result<(), Exit> {
    let work = async {
        let end = engine.run(stop.clone()).await;
        stop.cancel();
        end
    };
    let serve = async {
        let end = web.await;
        stop.cancel();
        end
    };
    let (worked, served) = tokio::join!(work, serve);
    worked.context("the worker stopped")?;
    served.context("the web stopped")?;
    log::info!("stopped");
    Ok(())
}
