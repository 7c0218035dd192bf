//! A world in which every configured secret is a marker, whatever its name, and every answer repeats all that it was sent: no
//! marker is in any log, table, file, page, answer of the API or mail.

use std::collections::BTreeMap;
use std::process::Command;

use diesel::prelude::*;
use monitor_model::Conn;
use monitor_simulator::http::{Answer, HttpServer, Request};
use monitor_simulator::{SmtpFault, SmtpSink, Stage, Times};
use monitor_tests::{Backend, Config, Site, binary, eventually, http};
use serde_json::json;
use url::form_urlencoded;

/// Part of every marker, at its beginning and at its end: no escape changes it, and a cut leaves one of them.
const MARK: &str = "qZ7x";

/// A secret that has to be escaped wherever it goes.
fn marker(name: &str) -> String {
    format!("{MARK}{name}/+&\"<=%41 {MARK}{name}")
}

/// The same of what a header holds.
fn token(name: &str) -> String {
    format!("{MARK}-{name}-{MARK}")
}

/// All that a request said, as a server for debugging writes it.
fn echo(request: &Request) -> String {
    let Request {
        method, path, query, ..
    } = request;
    let headers: String = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}; "))
        .collect();
    let body = String::from_utf8_lossy(&request.body);
    let decoded = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| format!("{name}={value} "))
        .collect::<String>();
    format!("{method} {path}?{query} ({decoded}) {headers} {body}")
}

/// What a system answers to all but its sign-in; and, where that is wanted, to that too.
type Answers = fn(&str) -> Answer;

/// Name, what it answers, and whether its sign-in is answered so too.
const SYSTEMS: [(&str, Answers, bool); 24] = [
    (
        "text500",
        |all| Answer::body(500, "text/plain", all.to_owned()),
        false,
    ),
    ("html500", |all| Answer::html(500, all), false),
    ("json404", |all| Answer::error(404, all), false),
    ("json401", |all| Answer::error(401, all), false),
    ("json403", |all| Answer::error(403, all), false),
    ("html200", |all| Answer::html(200, all), false),
    (
        "later",
        |all| Answer::error(429, all).header("Retry-After", "1"),
        false,
    ),
    (
        "away",
        |all| Answer::redirect(&format!("/another/{}", escaped(all))),
        false,
    ),
    (
        "away_query",
        |all| Answer::redirect(&format!("/another?{}", escaped(all))),
        false,
    ),
    (
        "words",
        |all| Answer::json(200, &json!({ "total": all, "code": all })),
        false,
    ),
    (
        "messages",
        |all| {
            Answer::json(
                200,
                &json!({ "total": 3, "messages": [{ "id": all, "text": all }, all] }),
            )
        },
        false,
    ),
    (
        "no_messages",
        |all| Answer::json(200, &json!({ "total": 3, "messages": all })),
        false,
    ),
    (
        "no_json",
        |all| Answer::body(200, "application/json", all.to_owned()),
        false,
    ),
    (
        "charset",
        |all| {
            Answer::body(
                200,
                &format!("text/plain; charset={}", escaped(all)),
                all.to_owned(),
            )
        },
        false,
    ),
    (
        "encoding",
        |all| Answer::error(200, all).header("Content-Encoding", &escaped(all)),
        false,
    ),
    ("login401", |all| Answer::error(401, all), true),
    (
        "login400",
        |all| Answer::body(400, "text/plain", all.to_owned()),
        true,
    ),
    ("login500", |all| Answer::error(500, all), true),
    ("login_html", |all| Answer::html(200, all), true),
    (
        "login_refused",
        |all| Answer::json(200, &json!({ "code": all, "message": all })),
        true,
    ),
    ("login_away", |all| Answer::redirect(&escaped(all)), true),
    // Those that begin with `steps` are signed in to with what a call before brings.
    ("steps500", |all| Answer::error(500, all), true),
    ("steps404", |all| Answer::error(404, all), true),
    (
        "steps_words",
        |all| Answer::json(200, &json!({ "total": all })),
        false,
    ),
];

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn serve(answers: Answers, at_sign_in: bool) -> HttpServer {
    HttpServer::start(move |request: &Request| {
        let all = echo(request);
        // What later calls need: of `steps`.
        if request.path == "/take" {
            return Answer::json(
                200,
                &json!({ "t": marker("taken"), "shop": "s7", "id": token("id") }),
            );
        }
        let is_sign_in = request.path == "/api/login" || request.path.starts_with("/in/");
        if !is_sign_in || at_sign_in {
            return answers(&all);
        }
        Answer::json(
            200,
            &json!({ "token": token("token"), "expires_in": 3600, "debug": all }),
        )
    })
    .await
}

fn toml(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// One system, with its metrics: by JSON, by a pattern and by a header, explained by itself.
fn system(name: &str, url: &str) -> String {
    let (query, body, header) = (
        toml(&marker("ticket")),
        toml(&marker("body")),
        toml(&token("header")),
    );
    let call = format!(
        "system = \"{name}\", path = \"/read?ak={}\", query = {{ appkey = {query}, status = \"open\" }}, \
         headers = {{ X-App = {header} }}",
        escaped(&marker("path"))
    );
    // The same with what a call before brings, in every place that a call has.
    let chain = format!(
        "system = \"{name}\", steps = [{{ path = \"/take\", take = {{ t = \"$.t\", shop = \"$.shop\" }} }}], \
         path = \"/read/{{{{ shop }}}}/{{{{ t | urlencode }}}}/x\", query = {{ t = \"{{{{ t }}}}\" }}, \
         headers = {{ X-T = \"{{{{ t | urlencode }}}}\" }}, method = \"POST\", body = {{ t = \"{{{{ t }}}}\" }}"
    );
    let sign_in = match name.starts_with("steps") {
        true => {
            "kind = \"json_token\"\nlogin = { path = \"/in/{{ id }}/{{ password | urlencode }}\", \
                 steps = [{ path = \"/take\", take = { id = \"$.id\" } }] }"
        }
        false => "kind = \"system_a\"",
    };
    let ok = match name {
        "words" | "login_refused" => "ok = { path = \"$.code\", equals = [0] }",
        _ => "",
    };
    format!(
        r#"
[systems.{name}]
{sign_in}
base_url = "{url}"
username = "monitor"
password = {password}
headers = {{ X-Client = {client} }}
{ok}
[metrics.{name}_json]
fetch = {{ {call}, method = "POST", body = {{ a = [{{ b = {body} }}] }}, value = "$.total" }}
details = {{ {call} }}
alert = {{ rise = 1, no_data = "1s" }}
[metrics.{name}_chain]
fetch = {{ {chain}, value = "$.total" }}
details = {{ {chain} }}
alert = {{ rise = 1, no_data = "1s" }}
[metrics.{name}_regex]
fetch = {{ {call}, regex = "(?s).+" }}
alert = {{ rise = 1, no_data = "1s" }}
[metrics.{name}_header]
fetch = {{ {call}, header = "content-type" }}
alert = {{ rise = 1, no_data = "1s" }}
"#,
        password = toml(&marker("password")),
        client = toml(&token("client")),
    )
}

fn assert_clean(what: &str, text: &str) {
    if let Some(at) = text.find(MARK) {
        let start = text[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
        let end = text[at..]
            .char_indices()
            .nth(300)
            .map_or(text.len(), |(end, _)| at + end);
        panic!("a secret is in {what}: …{}…", &text[start..end]);
    }
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// Every row of every table, as text.
async fn rows(site: &Site) -> BTreeMap<String, Vec<String>> {
    let db = site.db().await;
    let rows = db.read(|c| {
        let (tables, row) = match c {
            Conn::Sqlite(_) => (
                "SELECT name AS text FROM sqlite_schema WHERE type = 'table'",
                None,
            ),
            Conn::Postgres(_) => (
                "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = current_schema()",
                Some("row_to_json(t)::text"),
            ),
        };
        let tables: Vec<Text> = diesel::sql_query(tables).load(c)?;
        let mut all = BTreeMap::new();
        for Text { text: table } in tables {
            let row = match row {
                Some(row) => row.to_owned(),
                None => {
                    let columns = format!("SELECT name AS text FROM pragma_table_info('{table}')");
                    let columns: Vec<Text> = diesel::sql_query(columns).load(c)?;
                    let quoted: Vec<String> = columns
                        .iter()
                        .map(|column| format!("quote(\"{}\")", column.text))
                        .collect();
                    quoted.join(" || ' ' || ")
                }
            };
            let rows: Vec<Text> =
                diesel::sql_query(format!("SELECT {row} AS text FROM {table} AS t")).load(c)?;
            all.insert(table, rows.into_iter().map(|row| row.text).collect());
        }
        Ok(all)
    });
    let rows = rows.await.unwrap();
    db.close().await;
    rows
}

fn command(site: &Site, arguments: &[&str]) -> String {
    let mut command = Command::new(binary("monitor"));
    command
        .args(arguments)
        .arg("--config")
        .arg(&site.config)
        .env("RUST_LOG", "trace");
    let ended = tokio::task::block_in_place(|| command.output()).unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    )
}

/// The servers that repeat what they are sent, and the config that calls them.
struct World {
    servers: Vec<HttpServer>,
    /// Whose replies repeat the password.
    mail: SmtpSink,
    config: Config,
}

impl World {
    async fn start() -> World {
        let mut servers = Vec::new();
        let mut metrics = String::new();
        for (name, answers, at_sign_in) in SYSTEMS {
            let server = serve(answers, at_sign_in).await;
            metrics.push_str(&system(name, &server.url()));
            servers.push(server);
        }
        // Who hears that the worker lives, and who sounds the alarm.
        let beat = serve(|all| Answer::error(500, all), true).await;
        let alarm = serve(|all| Answer::error(500, all), false).await;
        metrics.push_str(&format!(
            "[metrics.pushed]\npush = {{ token = {} }}\nalert = {{ rise = 1, no_data = \"1s\" }}\n",
            toml(&token("push"))
        ));
        let password = marker("mail");
        let mail = SmtpSink::builder().login("monitor", &password);
        let mail = mail.start().await.unwrap();
        let repeats = format!("not with {password}");
        mail.script(SmtpFault::reply(Stage::MailFrom, 550, &repeats), Times::Always);
        let login = format!("monitor:{}@", escaped(&password).replace('+', "%20"));
        let config = Config {
            worker: format!("heartbeat_url = \"{}/ping/{}?k={1}\"", beat.url(), token("ping")),
            more: format!(
                r#"
[systems.alarm]
kind = "system_a"
base_url = "{}"
username = "monitor"
password = {}
[channels.refused]
kind = "smtp"
url = "{}"
from = "monitor@example.com"
to = ["ops@example.com"]
"#,
                alarm.url(),
                toml(&marker("alarm")),
                mail.url().replace("://", &format!("://{login}")),
            ),
            ..Config::metrics(&metrics)
        };
        servers.extend([beat, alarm]);
        World {
            servers,
            mail,
            config,
        }
    }
}

/// All that the programs show and keep, by where it is.
async fn all_that_is_shown(site: &Site) -> BTreeMap<String, String> {
    let trace = [("RUST_LOG", "trace")];
    let mut worker = site.program_with("monitor-worker", &[], &trace);
    let mut web = site.program_with("monitor-web", &[], &trace);
    eventually("a mail speaks of each system", || async {
        let mails = site.world.mail.mails();
        let is_sent = |name: &str| mails.iter().any(|mail| mail.text.contains(&format!("{name}_")));
        SYSTEMS.iter().all(|(name, ..)| is_sent(name)).then_some(())
    })
    .await;
    eventually("the page is there", || async { site.get("/readyz").await }).await;
    // One who sends what is to be shown only, and one who shows what is to be sent.
    for (shown, status) in [(token("push"), 202), (format!("{}-", token("push")), 401)] {
        let body =
            json!({ "id": shown, "value": 1, "messages": [{ "text": format!("pushed with {shown}") }] });
        let answer = http()
            .post(format!("http://{}/api/v1/metrics/pushed/values", site.web))
            .header("Authorization", format!("Bearer {shown}"))
            .body(body.to_string());
        assert_eq!(answer.send().await.unwrap().status().as_u16(), status);
    }
    eventually("what was sent is on record", || async {
        let records = site.records().await?;
        records
            .iter()
            .any(|record| record["type"] == "pushed")
            .then_some(())
    })
    .await;
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for path in [
        "/monitor",
        "/alerts",
        "/deliveries",
        "/system",
        "/readyz",
        "/metrics",
        "/monitor/messages_json",
        "/monitor/messages_chain",
        "/monitor/text500_chain",
    ] {
        shown.insert(path.to_owned(), site.get(path).await.unwrap());
    }
    let polled = http()
        .post(format!("http://{}/monitor", site.web))
        .send()
        .await
        .unwrap();
    shown.insert("POST /monitor".to_owned(), polled.text().await.unwrap());
    for arguments in [
        &["check"][..],
        &["check", "--online"],
        &["try", "metric", "messages_json"],
        &["try", "metric", "words_json"],
        &["try", "metric", "pushed"],
        &["try", "metric", "login401_json"],
        &["try", "metric", "text500_chain"],
        &["try", "metric", "messages_chain"],
        &["try", "metric", "steps404_chain"],
        &["try", "channel", "refused"],
    ] {
        shown.insert(
            format!("monitor {}", arguments.join(" ")),
            command(site, arguments),
        );
    }
    worker.terminate();
    web.terminate();
    shown.insert("the worker's log".to_owned(), worker.output());
    shown.insert("the web's log".to_owned(), web.output());
    for mail in site.world.mail.mails() {
        shown.insert(format!("mail {:?}", mail.subject), format!("{mail:?}"));
    }
    for (table, rows) in rows(site).await {
        shown.insert(format!("table {table}"), rows.join("\n"));
    }
    shown
}

async fn no_secret_is_shown_whatever_answers_repeat(backend: Backend) {
    let world = World::start().await;
    let Some(site) = Site::with(backend, &world.config).await else {
        return;
    };
    let text = std::fs::read_to_string(&site.config).unwrap();
    let text = text.replace("[alarm]\nsystem = \"b\"", "[alarm]\nsystem = \"alarm\"");
    std::fs::write(&site.config, text).unwrap();
    let shown = all_that_is_shown(&site).await;
    for (what, text) in &shown {
        assert_clean(what, text);
    }
    // What was searched is what there was to search.
    for (what, text) in [
        ("table monitor_record", "[redacted]"),
        ("table monitor_record", "pushed with [redacted]"),
        ("monitor try metric pushed", "id [redacted]"),
        ("table alert", "messages_json"),
        ("table delivery", "not with [redacted]"),
        ("/monitor", "messages_json"),
        ("monitor try metric words_json", "[redacted]"),
        (
            "monitor try metric text500_chain",
            "/read/s7/[redacted]/x?t: answered 500",
        ),
        ("monitor try metric messages_chain", "t = [redacted]"),
        (
            "monitor try metric steps404_chain",
            "for /in/[redacted]/[redacted]; check login.path",
        ),
        ("/monitor/text500_chain", "/read/s7/[redacted]/x?t: answered 500"),
        ("the worker's log", "/read/s7/[redacted]/x?t: answered 500"),
        ("monitor try channel refused", "not with [redacted]"),
        ("the worker's log", "DEBUG"),
        ("the worker's log", "[redacted]"),
    ] {
        assert!(
            shown[what].contains(text),
            "{what}: no {text:?} in {}",
            shown[what]
        );
    }
    #[cfg(unix)]
    if let Some(path) = site.home.url().strip_prefix("sqlite:") {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let sent = world.servers.iter().flat_map(HttpServer::requests);
    assert!(sent.filter(|request| echo(request).contains(MARK)).count() > SYSTEMS.len());
    assert!(world.mail.transactions() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    no_secret_is_shown_whatever_answers_repeat(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    no_secret_is_shown_whatever_answers_repeat(Backend::Postgres).await;
}
