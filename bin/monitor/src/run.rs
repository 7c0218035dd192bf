//! `monitor run`: worker and web in one process.

use std::path::Path;

use anyhow::Context;
use monitor_domain::{SystemClock, counted};
use monitor_process::stop_on_signals;
use monitor_web::WebContext;
use monitor_worker::{Exit, Health, Program, listen_for_health, open_database_until, serve_health};

/// Runs both until a signal; when one ends, the other is stopped too.
pub(crate) async fn run(program: &Program, config: &Path) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let stop = stop_on_signals().context("listening to signals")?;
    let Some(db) = open_database_until(&settings, &stop).await? else {
        return Ok(());
    };
    let clock = SystemClock::shared();
    let engine = program.engine(&settings, db.clone(), clock.clone())?;
    let context = WebContext::from_settings(&settings, db.clone(), clock)?;
    let listener = monitor_web::listen(settings.web.bind).map_err(anyhow::Error::from)?;
    if let Some(address) = settings.worker.listen {
        let listener = listen_for_health(address)?;
        let health = Health::new(&settings, db, &engine)?;
        tokio::spawn(serve_health(listener, health, stop.clone()));
    }
    log::info!(
        "watching {}; the page is at http://{}/monitor",
        counted(settings.metrics.len(), "metric"),
        settings.web.bind
    );
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
