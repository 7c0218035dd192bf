//! What a sign-in takes from one answer and sends with a later call is shown nowhere, whatever its shape and wherever it goes.

use monitor_simulator::http::{Answer, Request};
use serde_json::json;

use super::*;

/// In every secret.
const MARK: &str = "zQ7";

/// Tickets as they come; also of the shape of a shop's id, which no sign-in needs to show.
const TICKETS: [&str; 4] = ["zQ7-1", "zQ7/open & more=1", "zQ7.eyJhbGciOiJIUzI1NiJ9", "zQ7x"];

fn echo(request: &Request) -> String {
    let Request {
        path, query, headers, ..
    } = request;
    format!(
        "{path}?{query} {headers:?} {}",
        String::from_utf8_lossy(&request.body)
    )
}

type Answers = (&'static str, fn(&str) -> Answer);

const ANSWERS: [Answers; 10] = [
    ("text500", |all| Answer::body(500, "text/plain", all.to_owned())),
    ("json401", |all| Answer::error(401, all)),
    ("json404", |all| Answer::error(404, all)),
    ("status405", |_| Answer::status(405)),
    ("status418", |all| Answer::error(418, all)),
    ("html200", |all| Answer::html(200, all)),
    ("no json", |all| {
        Answer::body(200, "application/json", all.to_owned())
    }),
    ("no token", |all| {
        Answer::json(200, &json!({ "code": all, "message": all }))
    }),
    ("away", |all| {
        Answer::redirect(&format!("/away/{}", all.split('?').next().unwrap()))
    }),
    ("in circles", |all| {
        Answer::redirect(all.split('?').next().unwrap())
    }),
];

const STEPS: &str = r#"
    [[login.steps]]
    path = "/start"
    take = { of = "$.of" }
    [[login.steps]]
    path = "/step/{{ of | urlencode }}"
    ok = { path = "$.code", equals = [0] }"#;

fn keys(kind: &str) -> String {
    let password = format!("username = 'ann'\npassword = '{MARK}-password'\n[login]\n");
    let call = match kind {
        "json_token" => {
            "path = '/in/{{ of | urlencode }}/{{ password }}/{{ app }}'\nvalues = { app = 'zQ7-app' }\n"
        }
        _ => {
            "path = '/in/{{ of | urlencode }}/{{ password }}/{{ app }}'\nvalues = { app = 'zQ7-app' }\nform_path = '/form/{{ of | urlencode }}'\n"
        }
    };
    format!("{password}{call}{STEPS}")
}

/// Which call it is that fails; those before it are answered well.
async fn said(kind: &str, ticket: &'static str, failing: &'static str, answer: fn(&str) -> Answer) -> String {
    let server = server(move |request: &Request| match request.path.as_str() {
        "/start" => Answer::json(200, &json!({ "of": ticket })),
        path if path.starts_with(failing) => answer(&echo(request)),
        path if path.starts_with("/step/") => Answer::json(200, &json!({ "code": 0 })),
        path if path.starts_with("/form/") => Answer::html(
            200,
            "<form method=post><input name=username><input name=password type=password></form>",
        ),
        path if path.starts_with("/away") => Answer::error(404, &echo(request)),
        _ => Answer::error(401, "sign in"),
    })
    .await;
    let system = system(&server.url(), kind, &keys(kind), &TestClock::new());
    let error = total(&system).await.unwrap_err();
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.path.starts_with(failing)),
        "{failing}: {error}"
    );
    format!("{error} {error:?} {:?}", system.sign_ins())
}

#[tokio::test]
async fn no_refusal_shows_what_a_step_took() {
    for kind in ["json_token", "form_cookie"] {
        for ticket in TICKETS {
            for (what, answer) in ANSWERS {
                for failing in ["/step/", "/form/", "/in/"] {
                    if failing == "/form/" && kind == "json_token" {
                        continue;
                    }
                    // A token, a page and a redirect are no failure of every call.
                    if failing == "/form/" && matches!(what, "no json" | "no token" | "html200") {
                        continue;
                    }
                    let said = said(kind, ticket, failing, answer).await;
                    assert!(
                        !said.contains(MARK),
                        "{kind}, {what} at {failing} of {ticket}: {said}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn where_it_failed_is_said_all_the_same() {
    let said_of = async |failing| said("json_token", TICKETS[1], failing, ANSWERS[2].1).await;
    let (step, last) = (said_of("/step/").await, said_of("/in/").await);
    assert!(
        step.contains("answered 404 Not Found for /step/[redacted]; check login.path"),
        "{step}"
    );
    assert!(
        last.contains("for /in/[redacted]/[redacted]/[redacted]; check login.path"),
        "{last}"
    );
}
