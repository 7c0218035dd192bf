//! The application: state, middleware and routes put together, the same for [`serve`](crate::serve) and tests.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, Error, web};
use tokio_util::sync::CancellationToken;

use crate::context::WebContext;
use crate::live::Live;
use crate::middleware::{InFlight, MAX_BODY, counts, guards, headers, limits};
use crate::pages::{TemplateError, Templates};
use crate::routes;
use crate::telemetry::Telemetry;

/// What handlers share.
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
        let live = Live::start(&ctx, stop).await;
        Ok(web::Data::new(WebState {
            telemetry: Telemetry::new(&ctx),
            ctx,
            live,
            templates,
            in_flight: InFlight::default(),
        }))
    }
}

/// The application with `extra` routes after its own.
pub(crate) fn app(
    state: web::Data<WebState>,
    extra: impl Fn(&mut web::ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody<Error = impl Into<Box<dyn std::error::Error>>> + 'static>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(state)
        .app_data(web::PayloadConfig::new(MAX_BODY))
        // The last one is the outermost.
        .wrap(from_fn(guards))
        .wrap(from_fn(limits))
        .wrap(from_fn(headers::<BoxBody>))
        .wrap(from_fn(counts::<BoxBody>))
        .wrap(Compress::default())
        .configure(routes::configure)
        .configure(extra)
        .default_service(web::to(routes::not_found))
}
