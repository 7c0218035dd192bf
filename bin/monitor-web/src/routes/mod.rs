//! All routes, in one table: where they are and who answers. Handlers are short: they read what was sent, call the model or
//! a room beside this one, and answer with a struct of [`api`](crate::api) or a page. None of them holds SQL or HTML.

mod api;
mod assets;
mod change;
mod extract;
mod health;
mod legacy;
mod pages;
mod scrape;
mod table;

use actix_web::{HttpRequest, HttpResponse};

use crate::problem::{Code, Problem};
pub use pages::page_answer;
pub use table::RouteTable;

/// Every route of this crate. What embeds it adds its own after.
pub(crate) fn table() -> RouteTable {
    RouteTable::new()
        // The Flask program's, answers exactly as they were.
        .get("/get_current_values", legacy::current_values)
        .post("/monitor", legacy::records)
        .delete("/delete/{id}", legacy::delete)
        .post("/reset", legacy::reset)
        // For people.
        .get("/", pages::root)
        .get("/monitor", pages::monitor)
        .get("/monitor/{key}", pages::metric)
        .get("/alerts", pages::alerts)
        .get("/alerts/{id}", pages::alert)
        .get("/deliveries", pages::deliveries)
        .get("/system", pages::system)
        .get("/static/{name}", assets::file)
        // For programs.
        .get("/api/v1/metrics", api::metrics::list)
        .get("/api/v1/metrics/{key}/evaluations", api::evaluations::list)
        .post("/api/v1/metrics/{key}/values", api::values::send)
        .get("/api/v1/records", api::records::list)
        .get("/api/v1/alerts", api::alerts::list)
        .get("/api/v1/alerts/{id}", api::alerts::one)
        .post("/api/v1/alerts/{id}/ack", api::alerts::acknowledge)
        .post("/api/v1/alerts/{id}/silence", api::silences::of_alert)
        .get("/api/v1/silences", api::silences::list)
        .post("/api/v1/silences", api::silences::create)
        .delete("/api/v1/silences/{id}", api::silences::cancel)
        .get("/api/v1/deliveries", api::deliveries::list)
        .post("/api/v1/deliveries/retry", api::deliveries::retry_all)
        .post("/api/v1/deliveries/{id}/retry", api::deliveries::retry)
        .get("/api/v1/system", api::system::now)
        .stream("/api/v1/events", api::stream::events)
        // For whatever watches the monitor.
        .get("/healthz", health::alive)
        .get("/readyz", health::ready)
        .get("/metrics", scrape::scrape)
}

/// The answer for a path that no route has.
pub(crate) async fn not_found(req: HttpRequest) -> HttpResponse {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", req.path())).response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who may call what: to be changed with thought.
    const EXPECTED: &str = "\
GET /get_current_values: viewer
POST /monitor: viewer
DELETE /delete/{id}: operator
POST /reset: operator
GET /: public
GET /monitor: viewer
GET /monitor/{key}: viewer
GET /alerts: viewer
GET /alerts/{id}: viewer
GET /deliveries: viewer
GET /system: viewer
GET /static/{name}: public
GET /api/v1/metrics: viewer
GET /api/v1/metrics/{key}/evaluations: viewer
POST /api/v1/metrics/{key}/values: push token
GET /api/v1/records: viewer
GET /api/v1/alerts: viewer
GET /api/v1/alerts/{id}: viewer
POST /api/v1/alerts/{id}/ack: operator
POST /api/v1/alerts/{id}/silence: operator
GET /api/v1/silences: viewer
POST /api/v1/silences: operator
DELETE /api/v1/silences/{id}: operator
GET /api/v1/deliveries: viewer
POST /api/v1/deliveries/retry: operator
POST /api/v1/deliveries/{id}/retry: operator
GET /api/v1/system: viewer
GET /api/v1/events: viewer
GET /healthz: public
GET /readyz: public
GET /metrics: metrics token
";

    #[test]
    fn every_route_says_who_may_call_it() {
        let mut found = String::new();
        for (method, path, permission) in table().routes() {
            println!("{method:6} {path:40} {permission}");
            found.push_str(&format!("{method} {path}: {permission}\n"));
        }
        assert_eq!(found, EXPECTED);
    }

    #[test]
    fn only_a_token_opens_what_browsers_are_not_checked_for() {
        let by_token = table();
        let by_token = by_token
            .routes()
            .filter(|(_, _, permission)| *permission == "push token");
        let paths: Vec<&str> = by_token.map(|(_, path, _)| path).collect();
        assert_eq!(paths, crate::guard::BY_TOKEN_ALONE);
        let others = table();
        let mut others = others
            .routes()
            .filter(|(_, _, permission)| *permission != "push token");
        assert!(others.all(|(_, path, _)| !paths.contains(&path)));
    }

    #[test]
    fn nobody_changes_anything_as_a_viewer() {
        for (method, path, permission) in table().routes() {
            // The Flask program's list is read by POST.
            let reads = method == "GET" || path == "/monitor";
            assert!(
                reads || ["operator", "admin", "push token"].contains(&permission),
                "{method} {path}"
            );
        }
    }
}
