//! Systems A and B speak the protocols of the design, and the scenario plays on both.

use std::time::Duration;

use monitor_simulator::{
    Fault, Message, Scenario, ScenarioOptions, SignInRefusal, SmtpSink, SystemA, SystemB, Times,
};
use serde_json::json;

use crate::wire::{PATIENCE, Raw, get, send};

const JSON: &str = "Content-Type: application/json";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn token(a: &SystemA) -> String {
    let body = json!({ "username": a.username(), "password": a.password() }).to_string();
    let raw = send(a.port(), "POST", "/api/login", &[JSON], &body).unwrap();
    assert_eq!(raw.status, 200);
    raw.json()["token"].as_str().unwrap().to_owned()
}

fn read_a(a: &SystemA, token: &str, path: &str) -> Raw {
    send(
        a.port(),
        "GET",
        path,
        &[&format!("Authorization: Bearer {token}")],
        "",
    )
    .unwrap()
}

fn cookie(b: &SystemB) -> String {
    let body = format!("username={}&password={}", b.username(), b.password());
    let raw = send(b.port(), "POST", "/login", &[FORM], &body).unwrap();
    assert_eq!((raw.status, raw.header("Location")), (302, Some("/")));
    raw.header("Set-Cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

fn with_cookie(b: &SystemB, cookie: &str, method: &str, target: &str, body: &str) -> Raw {
    send(
        b.port(),
        method,
        target,
        &[JSON, &format!("Cookie: other=1; {cookie}")],
        body,
    )
    .unwrap()
}

#[tokio::test]
async fn a_signs_in_and_tells_totals() {
    let a = SystemA::start().await;
    a.set_total("x", 131.0);
    a.set_total("w", 2.5);
    a.set_total_json("y", json!("many"));
    let token = token(&a);
    assert_eq!(read_a(&a, &token, "/api/totals/x").text(), r#"{"total":131}"#);
    assert_eq!(read_a(&a, &token, "/api/totals/w").text(), r#"{"total":2.5}"#);
    assert_eq!(
        read_a(&a, &token, "/api/totals/y").json(),
        json!({ "total": "many" })
    );
    assert_eq!(read_a(&a, &token, "/api/totals/z").json(), json!({ "total": 0 }));
    assert_eq!(read_a(&a, &token, "/api/totals/none").status, 404);
    assert_eq!(
        (a.logins(), a.reads("x"), a.reads("none"), a.reads("v")),
        (1, 1, 1, 0)
    );

    a.set_document("/api/orders?status=unpaid", json!({ "meta": { "total": 4 } }));
    assert_eq!(
        read_a(&a, &token, "/api/orders?status=unpaid").json()["meta"]["total"],
        4
    );
    assert_eq!(read_a(&a, &token, "/api/orders?status=paid").status, 404);
}

#[tokio::test]
async fn a_signed_out_answers_401_and_json() {
    let a = SystemA::start().await;
    let raw = get(a.port(), "/api/totals/x").unwrap();
    assert_eq!(
        (raw.status, raw.header("Content-Type")),
        (401, Some("application/json"))
    );
    assert_eq!(read_a(&a, "made-up", "/api/totals/x").status, 401);

    let first = token(&a);
    a.expire_sessions();
    assert_eq!(read_a(&a, &first, "/api/totals/x").status, 401);
    assert_eq!(read_a(&a, &token(&a), "/api/totals/x").status, 200);

    a.set_session_life(Duration::ZERO);
    assert_eq!(
        read_a(&a, &token(&a), "/api/totals/x").status,
        401,
        "over as soon as it began"
    );
}

#[tokio::test]
async fn a_says_how_long_a_session_lasts_and_refuses_wrong_passwords() {
    let a = SystemA::start().await;
    a.set_session_life(Duration::from_millis(1_200_500));
    let sign_in = |password: &str| {
        let body = json!({ "username": "monitor", "password": password }).to_string();
        send(a.port(), "POST", "/api/login", &[JSON], &body).unwrap()
    };
    assert_eq!(sign_in("a-secret").json()["expires_in"], 1201);
    assert_eq!(sign_in("wrong").status, 401);
    assert_eq!(
        send(a.port(), "POST", "/api/login", &[JSON], "username=monitor")
            .unwrap()
            .status,
        400
    );
    a.set_password("changed");
    assert_eq!(
        (sign_in("a-secret").status, sign_in("changed").status),
        (401, 200)
    );
    a.fault("/api/login", Fault::Status(503), Times::Once);
    assert_eq!(sign_in("changed").status, 503);
    assert_eq!(a.logins(), 6, "all tries count");
}

#[tokio::test]
async fn b_redirects_to_a_page_who_is_signed_out() {
    let b = SystemB::start().await;
    for (method, path) in [
        ("GET", "/api/totals/x"),
        ("GET", "/api/alerts/x?total=1&previous=0"),
        ("POST", "/api/alarm"),
    ] {
        let raw = send(b.port(), method, path, &[], "").unwrap();
        assert_eq!(
            (raw.status, raw.header("Location")),
            (302, Some("/login")),
            "{method} {path}"
        );
    }
    assert!(b.alarms().is_empty());
    let page = get(b.port(), "/login").unwrap();
    assert_eq!(
        (page.status, page.header("Content-Type")),
        (200, Some("text/html; charset=utf-8"))
    );

    let cookie = cookie(&b);
    assert_eq!(
        with_cookie(&b, &cookie, "GET", "/api/totals/x", "").json(),
        json!({ "total": 0 })
    );
    b.expire_sessions();
    assert_eq!(with_cookie(&b, &cookie, "GET", "/api/totals/x", "").status, 302);
    assert_eq!((b.logins(), b.reads("x")), (1, 3));
}

#[tokio::test]
async fn b_refuses_a_wrong_password_as_told() {
    let b = SystemB::start().await;
    let refused = || {
        send(
            b.port(),
            "POST",
            "/login",
            &[FORM],
            "username=monitor&password=wrong",
        )
        .unwrap()
    };
    assert_eq!(refused().status, 401);
    b.set_refusal(SignInRefusal::Redirect);
    assert_eq!(refused().header("Location"), Some("/login?error=1"));
    b.set_refusal(SignInRefusal::SamePage);
    let raw = refused();
    assert_eq!((raw.status, raw.header("Set-Cookie")), (200, None));
}

#[tokio::test]
async fn b_tells_the_messages_of_a_key() {
    let b = SystemB::start().await;
    let cookie = cookie(&b);
    let messages = |query: &str| with_cookie(&b, &cookie, "GET", &format!("/api/alerts/x?{query}"), "");
    assert_eq!(messages("total=7&previous=4").json(), json!({ "messages": [] }));
    b.add_message("x", "m1", "one");
    let one = messages("total=7&previous=4").json();
    assert_eq!(
        (&one["messages"][0]["id"], &one["messages"][0]["text"]),
        (&json!("m1"), &json!("one"))
    );
    let occurred_at = one["messages"][0]["occurred_at"].as_str().unwrap();
    assert!(
        chrono::DateTime::parse_from_rfc3339(occurred_at).is_ok(),
        "{occurred_at}"
    );

    let undated = Message {
        occurred_at: None,
        ..Message::new("m3", "three")
    };
    b.set_messages("x", [Message::from(("m2", "two")), undated]);
    let two = messages("total=7&previous=4").json();
    assert_eq!(two["messages"][1], json!({ "id": "m3", "text": "three" }));
    assert_eq!(messages("total=7").status, 400);
    assert_eq!(b.message_reads("x"), 4);
}

#[tokio::test]
async fn b_invents_as_many_messages_as_the_total_rose() {
    let b = SystemB::start().await;
    let cookie = cookie(&b);
    b.set_auto_messages(true);
    let ids = |key: &str, query: &str| {
        let raw = with_cookie(&b, &cookie, "GET", &format!("/api/alerts/{key}?{query}"), "").json();
        let messages = raw["messages"].as_array().unwrap().clone();
        messages
            .iter()
            .map(|message| message["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut all = ids("x", "total=7&previous=4");
    assert_eq!(all.len(), 3);
    for (query, count) in [
        ("total=104&previous=120", 1),
        ("total=1e9&previous=0", 20),
        ("total=NaN&previous=0", 1),
    ] {
        let more = ids("z", query);
        assert_eq!(more.len(), count, "{query}");
        all.extend(more);
    }
    all.extend(ids("x", "total=7&previous=4"));
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "new ids each time");
    b.add_message("x", "mine", "scripted ones come first");
    assert_eq!(ids("x", "total=7&previous=4"), ["mine"]);
}

#[tokio::test]
async fn b_sounds_the_alarm() {
    let b = SystemB::start().await;
    let cookie = cookie(&b);
    let alarm = |body: &str| with_cookie(&b, &cookie, "POST", "/api/alarm", body);
    assert_eq!(alarm(r#"{"kind":"x"}"#).status, 204);
    assert_eq!(alarm(r#"{"kind":"global"}"#).status, 204);
    assert_eq!((alarm("{}").status, alarm("no json").status), (400, 400));
    assert_eq!(b.alarms(), ["x", "global"]);
    assert_eq!(b.alarm_times().len(), 2);

    b.fault("/api/alarm", Fault::Status(500), Times::Once);
    assert_eq!(alarm(r#"{"kind":"y"}"#).status, 500);
    assert_eq!(b.alarms().len(), 2, "one that met a fault did not sound");
    b.fault("/api/alarm", Fault::LoseAnswer, Times::Once);
    let headers = [JSON, &format!("Cookie: {cookie}")];
    assert!(send(b.port(), "POST", "/api/alarm", &headers, r#"{"kind":"z"}"#).is_none());
    assert_eq!(
        b.alarms().last().unwrap(),
        "z",
        "this one sounded, and its answer was lost"
    );
}

#[tokio::test]
async fn the_scenario_moves_both_systems_and_writes_in_its_language() {
    let (a, b) = (SystemA::start().await, SystemB::start().await);
    let options = ScenarioOptions {
        pace: Duration::from_millis(40),
        lang: monitor_domain::Language::Chinese,
        ..ScenarioOptions::default()
    };
    let scenario = Scenario::start(&a, &b, options);
    let (token, cookie) = (token(&a), cookie(&b));
    assert!(
        read_a(&a, &token, "/api/totals/x").json()["total"]
            .as_f64()
            .unwrap()
            >= 0.0
    );

    let mut z_was = (false, false);
    let start = std::time::Instant::now();
    while z_was != (true, true) {
        let z = with_cookie(&b, &cookie, "GET", "/api/totals/z", "").json()["total"]
            .as_f64()
            .unwrap();
        z_was = (z_was.0 || z > 100.0, z_was.1 || (z_was.0 && z < 90.0));
        assert!(start.elapsed() < PATIENCE, "z goes over 100 and back under 90");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let raw = with_cookie(&b, &cookie, "GET", "/api/alerts/z?total=104&previous=98", "").json();
    assert_eq!(
        raw["messages"].as_array().unwrap().len(),
        3,
        "the demo keeps alerts short"
    );
    assert!(
        raw["messages"][0]["text"]
            .as_str()
            .unwrap()
            .starts_with("104 条投诉待处理"),
        "{raw}"
    );
    drop(scenario);
}

#[tokio::test]
async fn what_does_not_move_in_the_scenario_stands_still() {
    let (a, b) = (SystemA::start().await, SystemB::start().await);
    a.set_total("x", 4.0);
    b.set_total("x", 5.0);
    let options = ScenarioOptions {
        pace: Duration::from_millis(40),
        moving: vec!["z"],
        ..ScenarioOptions::default()
    };
    let _scenario = Scenario::start(&a, &b, options);
    let (token, cookie) = (token(&a), cookie(&b));
    let total = |key: &str| read_a(&a, &token, &format!("/api/totals/{key}")).json()["total"].clone();
    let (z, start) = (total("z"), std::time::Instant::now());
    while total("z") == z {
        assert!(start.elapsed() < PATIENCE, "z moves");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let of_b = with_cookie(&b, &cookie, "GET", "/api/totals/x", "").json()["total"].clone();
    assert_eq!((total("x"), total("y"), of_b), (json!(4), json!(0), json!(5)));
}

#[tokio::test]
async fn servers_listen_where_they_are_told_and_say_how_this_machine_reaches_them() {
    let any = |address: &str| std::net::SocketAddr::new(address.parse().unwrap(), 0);
    let a = SystemA::start_at(any("0.0.0.0")).unwrap();
    assert_eq!(a.url(), format!("http://127.0.0.1:{}", a.port()));
    assert_eq!(token(&a).len(), 32);
    a.stop().await;
    a.start_again().await;
    assert_eq!(token(&a).len(), 32, "on the same address again");
    let mail = SmtpSink::builder().address(any("0.0.0.0")).start().await.unwrap();
    assert_eq!(mail.url(), format!("smtp://127.0.0.1:{}", mail.port()));
    // Not every machine has them.
    for (address, host) in [("::1", "[::1]"), ("::", "[::1]"), ("127.0.0.2", "127.0.0.2")] {
        if let Ok(b) = SystemB::start_at(any(address)) {
            assert_eq!(b.url(), format!("http://{host}:{}", b.port()));
        }
    }
    assert!(
        SystemA::start_at(any("192.0.2.1")).is_err(),
        "no address of this machine"
    );
}
