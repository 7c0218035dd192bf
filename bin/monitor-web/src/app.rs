//! The application: state, guard and routes put together, the same for [`serve`](crate::serve) and tests.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, NormalizePath, from_fn};
use actix_web::{App, Error, web};

use crate::guard::{counts, gate, headers, limits};
use crate::problem::MAX_BODY;
use crate::routes;
use crate::state::WebState;

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
        .wrap(from_fn(gate))
        .wrap(from_fn(limits))
        .wrap(from_fn(headers::<BoxBody>))
        .wrap(from_fn(counts::<BoxBody>))
        .wrap(Compress::default())
        // `/monitor/` is `/monitor`, for all that comes after.
        .wrap(NormalizePath::trim())
        .configure(|config| routes::table().register(config))
        .configure(extra)
        .default_service(web::to(routes::not_found))
}
