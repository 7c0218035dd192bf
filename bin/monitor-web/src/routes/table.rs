//! The route table: it takes no handler that does not say who may call it.

use std::fmt;

use actix_web::http::{Method, header};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, ResponseError, Route, guard, web};

use crate::auth::{Guarded, Permission};
use crate::problem::{Code, Problem};

/// Routes, each with who may call it. What embeds the web can register its own with it:
///
/// ```
/// use actix_web::HttpResponse;
/// use monitor_web::{RouteTable, Viewer};
///
/// async fn inbox(who: Viewer) -> HttpResponse {
///     HttpResponse::Ok().body(who.name)
/// }
///
/// let table = RouteTable::new().get("/demo/inbox", inbox);
/// assert_eq!(table.routes().collect::<Vec<_>>(), [("GET", "/demo/inbox", "viewer")]);
/// ```
///
/// A handler whose first argument is no [`Permission`] does not compile, here the same one without it:
///
/// ```compile_fail
/// use actix_web::HttpResponse;
/// use monitor_web::RouteTable;
///
/// async fn inbox() -> HttpResponse {
///     HttpResponse::Ok().body("mails")
/// }
///
/// let table = RouteTable::new().get("/demo/inbox", inbox);
/// ```
///
/// Nor does one whose permission comes after what it protects:
///
/// ```compile_fail
/// use actix_web::{HttpResponse, web};
/// use monitor_web::{RouteTable, Viewer};
///
/// async fn inbox(body: web::Bytes, who: Viewer) -> HttpResponse {
///     HttpResponse::Ok().body(body)
/// }
///
/// let table = RouteTable::new().get("/demo/inbox", inbox);
/// ```
#[derive(Default)]
pub struct RouteTable {
    entries: Vec<Entry>,
}

struct Entry {
    method: Method,
    path: &'static str,
    permission: &'static str,
    route: Route,
}

impl RouteTable {
    /// A table without routes.
    pub fn new() -> RouteTable {
        RouteTable::default()
    }

    /// Answers GET, and HEAD, which is the same without the body.
    #[must_use]
    pub fn get<H, A>(self, path: &'static str, handler: H) -> RouteTable
    where
        H: Handler<A>,
        A: FromRequest + Guarded + 'static,
        H::Output: Responder + 'static,
    {
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        self.with::<A>(Method::GET, path, route.to(handler))
    }

    /// Answers GET with a body without end, so not HEAD.
    #[must_use]
    pub fn stream<H, A>(self, path: &'static str, handler: H) -> RouteTable
    where
        H: Handler<A>,
        A: FromRequest + Guarded + 'static,
        H::Output: Responder + 'static,
    {
        self.with::<A>(Method::GET, path, web::get().to(handler))
    }

    /// Answers POST.
    #[must_use]
    pub fn post<H, A>(self, path: &'static str, handler: H) -> RouteTable
    where
        H: Handler<A>,
        A: FromRequest + Guarded + 'static,
        H::Output: Responder + 'static,
    {
        self.with::<A>(Method::POST, path, web::post().to(handler))
    }

    /// Answers DELETE.
    #[must_use]
    pub fn delete<H, A>(self, path: &'static str, handler: H) -> RouteTable
    where
        H: Handler<A>,
        A: FromRequest + Guarded + 'static,
        H::Output: Responder + 'static,
    {
        self.with::<A>(Method::DELETE, path, web::delete().to(handler))
    }

    /// The routes with their method, path and permission, in their order.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &'static str, &'static str)> {
        self.entries
            .iter()
            .map(|entry| (entry.method.as_str(), entry.path, entry.permission))
    }

    /// Registers them. Other methods of their paths are answered 405, which says the methods there are.
    pub fn register(self, config: &mut web::ServiceConfig) {
        let mut paths: Vec<(&'static str, Vec<Entry>)> = Vec::new();
        for entry in self.entries {
            match paths.iter_mut().find(|(path, _)| *path == entry.path) {
                Some((_, entries)) => entries.push(entry),
                None => paths.push((entry.path, vec![entry])),
            }
        }
        for (path, mut entries) in paths {
            entries.sort_by_key(|entry| entry.method != Method::GET);
            let methods: Vec<_> = entries.iter().map(|entry| entry.method.as_str()).collect();
            let resource = at(path, methods.join(", "));
            let routes = entries.into_iter().map(|entry| entry.route);
            config.service(routes.fold(resource, Resource::route));
        }
    }

    fn with<A: Guarded>(mut self, method: Method, path: &'static str, route: Route) -> RouteTable {
        self.entries.push(Entry {
            method,
            path,
            permission: <A::By as Permission>::NAME,
            route,
        });
        self
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes()).finish()
    }
}

/// A path whose other methods are answered 405 with the methods to `allow`.
fn at(path: &str, allow: String) -> Resource {
    web::resource(path).default_service(web::to(move || {
        let allow = allow.clone();
        async move { not_allowed(&allow) }
    }))
}

fn not_allowed(allow: &str) -> HttpResponse {
    let problem = Problem::new(Code::MethodNotAllowed, format!("This path knows {allow}."));
    let mut response = problem.error_response();
    if let Ok(value) = header::HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}
