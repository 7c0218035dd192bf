//! What handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web;
use tokio_util::sync::CancellationToken;

use crate::context::{Shown, WebContext};
use crate::lists;
use crate::live::Live;
use crate::pages::{TemplateError, Templates};
use crate::telemetry::Telemetry;

/// One for the whole process, however many threads answer.
pub(crate) struct WebState {
    pub(crate) ctx: WebContext,
    pub(crate) live: Live,
    pub(crate) templates: Templates,
    pub(crate) in_flight: InFlight,
    pub(crate) telemetry: Telemetry,
}

impl WebState {
    /// Loads the templates and takes the first snapshot; goes on taking them until `stop`.
    pub(crate) async fn start(
        ctx: WebContext,
        stop: CancellationToken,
    ) -> Result<web::Data<WebState>, TemplateError> {
        let templates = Templates::load(ctx.templates.as_deref())?;
        ctx.reloader.begin(Shown::from(&ctx));
        let known = lists::begin(&ctx).await;
        tokio::spawn(lists::follow(ctx.clone(), known, stop.clone()));
        let live = Live::start(&ctx, stop).await;
        Ok(web::Data::new(WebState {
            telemetry: Telemetry::new(&ctx),
            ctx,
            live,
            templates,
            in_flight: InFlight::default(),
        }))
    }

    /// What the newest config says of what is shown.
    pub(crate) fn shown(&self) -> Arc<Shown> {
        self.ctx.reloader.now()
    }
}

/// How many requests are being answered. Live connections count only until their first byte.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<AtomicUsize>);

/// A request that is being answered, until it is dropped.
pub(crate) struct Answering(InFlight);

impl InFlight {
    /// Counts one more.
    pub(crate) fn enter(&self) -> Answering {
        self.0.fetch_add(1, Ordering::SeqCst);
        Answering(self.clone())
    }

    /// How many there are now.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let InFlight(count) = &self.0;
        count.fetch_sub(1, Ordering::SeqCst);
    }
}
