//! All routes, in one list.

mod alerts;
mod ask;
mod assets;
mod deliveries;
mod evaluations;
mod events;
mod health;
mod metrics;
mod original;
mod page;
mod records;
mod silences;
mod system;
mod telemetry;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError, Route, guard, web};

use crate::problem::{Code, Problem};

const POST: &[Method] = &[Method::POST];

/// Registers every route of this crate. What embeds it adds its own after.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        // The original program's, answers exactly as they were.
        .service(at("/", &[Method::GET]).route(get().to(original::root)))
        .service(at("/get_current_values", &[Method::GET]).route(get().to(original::current_values)))
        .service(
            at("/monitor", &[Method::GET, Method::POST])
                .route(get().to(page::monitor))
                .route(web::post().to(original::records)),
        )
        .service(at("/delete/{id}", &[Method::DELETE]).route(web::delete().to(original::delete)))
        .service(at("/reset", &[Method::POST]).route(web::post().to(original::reset)))
        // Its own.
        .service(at("/monitor/{key}", &[Method::GET]).route(get().to(page::metric)))
        .service(at("/alerts", &[Method::GET]).route(get().to(page::alerts)))
        .service(at("/deliveries", &[Method::GET]).route(get().to(page::deliveries)))
        .service(at("/system", &[Method::GET]).route(get().to(page::system)))
        .service(at("/api/v1/metrics", &[Method::GET]).route(get().to(metrics::list)))
        .service(at("/api/v1/records", &[Method::GET]).route(get().to(records::list)))
        .service(at("/api/v1/metrics/{key}/evaluations", &[Method::GET]).route(get().to(evaluations::list)))
        .service(at("/api/v1/alerts", &[Method::GET]).route(get().to(alerts::list)))
        .service(at("/api/v1/alerts/{id}", &[Method::GET]).route(get().to(alerts::one)))
        .service(at("/api/v1/alerts/{id}/ack", POST).route(web::post().to(alerts::acknowledge)))
        .service(at("/api/v1/alerts/{id}/silence", POST).route(web::post().to(silences::of_alert)))
        .service(
            at("/api/v1/silences", &[Method::GET, Method::POST])
                .route(get().to(silences::list))
                .route(web::post().to(silences::create)),
        )
        .service(at("/api/v1/silences/{id}", &[Method::DELETE]).route(web::delete().to(silences::cancel)))
        .service(at("/api/v1/deliveries", &[Method::GET]).route(get().to(deliveries::list)))
        .service(at("/api/v1/deliveries/retry", POST).route(web::post().to(deliveries::retry_all)))
        .service(at("/api/v1/deliveries/{id}/retry", POST).route(web::post().to(deliveries::retry)))
        .service(at("/api/v1/system", &[Method::GET]).route(get().to(system::now)))
        .service(at("/api/v1/events", &[Method::GET]).route(web::get().to(events::events)))
        .service(at("/healthz", &[Method::GET]).route(get().to(health::alive)))
        .service(at("/readyz", &[Method::GET]).route(get().to(health::ready)))
        .service(at("/metrics", &[Method::GET]).route(get().to(telemetry::scrape)))
        .service(at("/static/{name}", &[Method::GET]).route(get().to(assets::file)));
}

/// The answer for a path that no route has.
pub(crate) async fn not_found(req: HttpRequest) -> HttpResponse {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", req.path())).response()
}

/// A path whose other methods are answered 405, saying which there are.
fn at(path: &str, methods: &'static [Method]) -> Resource {
    let allow = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    web::resource(path).default_service(web::to(move || {
        let allow = allow.clone();
        async move {
            let problem = Problem::new(Code::MethodNotAllowed, format!("This path knows {allow}."));
            let mut response = problem.error_response();
            if let Ok(value) = header::HeaderValue::from_str(&allow) {
                response.headers_mut().insert(header::ALLOW, value);
            }
            response
        }
    }))
}

/// GET, and HEAD, which is the same without the body.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
