//! What holds for every kind of system, and for one that is made up.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "../../examples/own_kind/ticket.rs"]
mod ticket;

use std::sync::{Arc, Mutex};

use monitor_domain::{Kind, SystemClock, TableDeserializer, TableError, keys_of};
use monitor_login::{BuildError, KINDS, LoginSettings, System, SystemCommon, SystemSettings, simple_kind};
use monitor_requests::{Request, RequestsSettings};
use ticket::Ticket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use toml::{Table, Value};

/// What must never be shown.
const SECRET: &str = "hunter2-and-more";

/// A kind that no list of this crate has.
const TICKET: Kind<dyn LoginSettings> = simple_kind::<Ticket>();

/// Who follows docs/extending.md to the letter has it in the list as well.
fn all() -> impl Iterator<Item = Kind<dyn LoginSettings>> {
    let others = KINDS.iter().copied().filter(|kind| kind.name != TICKET.name);
    others.chain([TICKET])
}

/// The example in a kind's documentation: the name of the system and its keys but for `kind`.
fn example(kind: &Kind<dyn LoginSettings>) -> (String, Table) {
    let after = kind.doc.split_once("```toml\n").map(|(_, after)| after);
    let (text, _) = after
        .and_then(|after| after.split_once("```"))
        .unwrap_or_else(|| panic!("the documentation of {} has no example", kind.name));
    let document: Table = text.parse().unwrap();
    let (name, table) = document["systems"].as_table().unwrap().iter().next().unwrap();
    let mut table = table.as_table().unwrap().clone();
    assert_eq!(table.remove("kind"), Some(Value::from(kind.name)));
    (name.clone(), table)
}

/// Reads a table as `settings` does: the keys that every kind has, and the kind's own.
fn read(kind: &Kind<dyn LoginSettings>, table: Table) -> Result<SystemSettings, TableError> {
    let common_keys = keys_of::<SystemCommon>();
    let (common, own): (Table, Table) = table.into_iter().partition(|(key, _)| common_keys.contains(key));
    let text = Value::Table(own).to_string();
    Ok(SystemSettings {
        common: Value::Table(common).try_into()?,
        login: (kind.read)(TableDeserializer::parse(&text)?)?,
    })
}

fn build(name: &str, settings: &SystemSettings) -> Result<Arc<System>, BuildError> {
    settings.build(name, &RequestsSettings::default(), SystemClock::shared())
}

/// The example with every secret in clear.
fn leaky(kind: &Kind<dyn LoginSettings>) -> (String, Table) {
    let (name, mut table) = example(kind);
    let settings = read(kind, table.clone()).unwrap();
    for secret in settings.login.secrets() {
        put(&mut table, secret.key, Value::from(SECRET));
    }
    (name, table)
}

/// Puts a value at a key such as `login.client_secret`.
fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            put(inner.as_table_mut().unwrap(), rest, value);
        }
    }
}

/// A server that answers every request with this status line, headers and body, or repeats the request where there is no
/// body; and what it received.
async fn server(head: &'static str, body: Option<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::<Mutex<Vec<String>>>::default();
    let all = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            all.lock().unwrap().push(request.clone());
            let body = body.unwrap_or(&request);
            let length = body.len();
            let text =
                format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
            // A client that hangs up is part of the test.
            drop(stream.write_all(text.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    (url, received)
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

#[test]
fn every_kind_has_a_name_of_its_own_and_documents_its_keys() {
    let common = keys_of::<SystemCommon>();
    let mut names: Vec<&str> = all().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().count());
    for kind in all() {
        let keys = kind.keys();
        let shared = keys.iter().find(|key| common.contains(key) || *key == "kind");
        assert_eq!(shared, None, "{kind:?} has a key that every kind has");
        let schema = (kind.schema)(&mut schemars::SchemaGenerator::default());
        let properties = schema.get("properties").and_then(|found| found.as_object());
        for (key, about) in properties.into_iter().flatten() {
            assert!(
                about.get("description").is_some(),
                "{kind:?}: {key} has no description"
            );
        }
    }
}

#[test]
fn every_kind_builds_its_example_and_knows_its_name() {
    for kind in all() {
        let (name, table) = leaky(&kind);
        for key in table.keys() {
            let is_known = kind.keys().contains(key) || keys_of::<SystemCommon>().contains(key);
            assert!(is_known, "{kind:?}: {key}");
        }
        let settings = read(&kind, table).unwrap();
        assert_eq!((settings.login.kind(), settings.check()), (kind.name, vec![]));
        let system = build(&name, &settings).unwrap();
        assert_eq!((system.name(), system.kind()), (name.as_str(), kind.name));
    }
}

#[test]
fn every_kind_refuses_a_wrong_key_and_says_where_it_is() {
    for kind in all() {
        let (_, mut table) = example(&kind);
        table.insert("no_such_key".to_owned(), Value::from(1));
        let error = read(&kind, table).unwrap_err();
        assert!(
            error.message().starts_with("unknown field `no_such_key`"),
            "{error}"
        );
        assert!(error.span().is_some(), "{kind:?}");
    }
}

#[test]
fn no_kind_is_built_with_what_the_check_of_all_refuses() {
    for kind in all() {
        let (name, mut table) = leaky(&kind);
        table.insert("timeout".to_owned(), Value::from("0s"));
        let error = build(&name, &read(&kind, table).unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("timeout: "), "{error}");
    }
}

#[test]
fn no_kind_shows_a_secret_in_its_settings_or_in_what_is_wrong_with_them() {
    for kind in all() {
        let (name, table) = leaky(&kind);
        let settings = read(&kind, table.clone()).unwrap();
        let keys: Vec<&str> = settings.login.secrets().iter().map(|secret| secret.key).collect();
        for key in keys {
            for wrong in [
                Value::from(SECRET),
                Value::from(vec![SECRET]),
                Value::Table(Table::from_iter([("vault".to_owned(), Value::from(SECRET))])),
            ] {
                let mut table = table.clone();
                put(&mut table, key, wrong);
                let said = match read(&kind, table) {
                    Ok(settings) => format!(
                        "{settings:?} {:?} {:?}",
                        settings.check(),
                        build(&name, &settings)
                    ),
                    // Its `Display` quotes the line of the config, which is the reader's own.
                    Err(error) => error.message().to_owned(),
                };
                assert!(!said.contains(SECRET), "{kind:?} {key}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn no_kind_shows_a_secret_that_the_system_repeats() {
    for head in [
        "200 OK",
        "302 Found",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "418 Teapot",
        "500 Internal Server Error",
    ] {
        let (url, _) = server(head, None).await;
        for kind in all() {
            let (name, mut table) = leaky(&kind);
            table.insert("base_url".to_owned(), Value::from(url.as_str()));
            table.insert("retries".to_owned(), Value::from(0));
            let system = build(&name, &read(&kind, table).unwrap()).unwrap();
            // Only one that signs nobody in succeeds, or one that takes whatever it gets for its ticket.
            let said = system
                .sign_in()
                .await
                .err()
                .map(|error| format!("{error} {error:?}"));
            let said = format!("{said:?} {system:?}");
            assert!(!said.contains(SECRET), "{kind:?} {head}: {said}");
        }
    }
}

/// The whole way of a kind that this crate does not know: read, checked, built, used.
#[tokio::test]
async fn a_made_up_kind_is_a_kind_like_any_other() {
    let (url, received) = server("200 OK", Some("ticket-1")).await;
    let text = format!("base_url = {url:?}\nuser = \"monitor\"\npassword = {SECRET:?}\n");
    let settings = read(&TICKET, text.parse().unwrap()).unwrap();
    let system = build("t", &settings).unwrap();
    let request = Request::get(system.url("/api/total").unwrap());
    assert_eq!(system.call(request).await.unwrap().text(), "ticket-1");
    let received = received.lock().unwrap().clone();
    assert!(received[0].starts_with("POST /ticket ") && received[0].contains("user=monitor"));
    assert!(received[1].starts_with("GET /api/total ") && received[1].contains("x-ticket: ticket-1\r\n"));

    let wrong = read(&TICKET, "user = \"m\"\npassword = \"x\"\n".parse().unwrap()).unwrap();
    let keys: Vec<String> = wrong
        .check()
        .iter()
        .map(|finding| finding.field.to_string())
        .collect();
    assert_eq!(keys, ["base_url"]);
    let misspelt = "{ user = \"monitor\", pasword = \"x\" }";
    let error = (TICKET.read)(TableDeserializer::parse(misspelt).unwrap()).unwrap_err();
    assert_eq!(&misspelt[error.span().unwrap()], "pasword");
}
