//! What holds for every kind of channel, and for one that is made up.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "../../examples/own_channel/robot.rs"]
mod robot;

use std::sync::Arc;

use monitor_domain::{Clock, Kind, SystemClock, TableDeserializer, TableError, keys_of};
use monitor_notify::{
    Channel, ChannelCommon, ChannelSettings, Deps, KINDS, MessageIds, Notification, Notifier, chat_kind,
};
use robot::RobotSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use toml::{Table, Value};

/// What must never be shown.
const SECRET: &str = "hunter2-and-more";

/// A kind that no list of this crate has.
const ROBOT: Kind<dyn ChannelSettings> = chat_kind::<RobotSettings>();

/// Who follows docs/extending.md to the letter has it in the list as well.
fn all() -> impl Iterator<Item = Kind<dyn ChannelSettings>> {
    let others = KINDS.iter().copied().filter(|kind| kind.name != ROBOT.name);
    others.chain([ROBOT])
}

/// The example in a kind's documentation: the name of the channel and its keys but for `kind`.
fn example(kind: &Kind<dyn ChannelSettings>) -> (String, Table) {
    let after = kind.doc.split_once("```toml\n").map(|(_, after)| after);
    let (text, _) = after
        .and_then(|after| after.split_once("```"))
        .unwrap_or_else(|| panic!("the documentation of {} has no example", kind.name));
    let document: Table = text.parse().unwrap();
    let (name, table) = document["channels"].as_table().unwrap().iter().next().unwrap();
    let mut table = table.as_table().unwrap().clone();
    assert_eq!(table.remove("kind"), Some(Value::from(kind.name)));
    (name.clone(), table)
}

/// Reads a table as `settings` does: the keys that every kind has, and the kind's own.
fn read(kind: &Kind<dyn ChannelSettings>, name: &str, table: Table) -> Result<Channel, TableError> {
    let common_keys = keys_of::<ChannelCommon>();
    let (common, own): (Table, Table) = table.into_iter().partition(|(key, _)| common_keys.contains(key));
    Ok(Channel {
        name: name.to_owned(),
        common: Value::Table(common).try_into()?,
        settings: read_own(kind, own)?,
    })
}

fn read_own(kind: &Kind<dyn ChannelSettings>, own: Table) -> Result<Arc<dyn ChannelSettings>, TableError> {
    let text = Value::Table(own).to_string();
    (kind.read)(TableDeserializer::parse(&text)?)
}

/// The example with every secret in clear: the address of a server that repeats what it hears, with a password, and the
/// secret for the rest.
fn leaky(kind: &Kind<dyn ChannelSettings>, port: u16) -> (String, Table) {
    let (name, mut table) = example(kind);
    let channel = read(kind, &name, table.clone()).unwrap();
    for secret in channel.settings.secrets() {
        let text = match table[secret.key].as_str() {
            Some(text) => text.replace("mail.example.com:465", &format!("127.0.0.1:{port}")),
            None if secret.key == "url" => format!("http://127.0.0.1:{port}/send?key={SECRET}"),
            None => SECRET.to_owned(),
        };
        table.insert(secret.key.to_owned(), Value::from(text));
    }
    // A server that is the same for everybody is none of the test.
    if kind.keys().iter().any(|key| key == "url")
        && !channel
            .settings
            .secrets()
            .iter()
            .any(|secret| secret.key == "url")
    {
        table.insert("url".to_owned(), Value::from(format!("http://127.0.0.1:{port}")));
    }
    (name, table)
}

/// A server that repeats every line, whatever it is.
async fn echo() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    // A client that hangs up is part of the test.
                    drop(stream.write_all(&buffer[..length]).await);
                    drop(stream.shutdown().await);
                }
            });
        }
    });
    port
}

fn message() -> Notification {
    Notification::test(
        MessageIds::new("t", "t@monitor"),
        "mail",
        "hello",
        SystemClock.wall(),
    )
}

#[test]
fn every_kind_has_a_name_of_its_own_and_documents_its_keys() {
    let common = keys_of::<ChannelCommon>();
    let mut names: Vec<&str> = all().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().count());
    for kind in all() {
        let keys = kind.keys();
        assert!(!keys.is_empty(), "{kind:?}");
        let shared = keys.iter().find(|key| common.contains(key) || *key == "kind");
        assert_eq!(shared, None, "{kind:?} has a key that every kind has");
        let schema = (kind.schema)(&mut schemars::SchemaGenerator::default());
        for (key, about) in schema.get("properties").unwrap().as_object().unwrap() {
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
        let (name, table) = leaky(&kind, 1);
        for key in table.keys() {
            let is_known = kind.keys().contains(key) || keys_of::<ChannelCommon>().contains(key);
            assert!(is_known, "{kind:?}: {key}");
        }
        let channel = read(&kind, &name, table).unwrap();
        assert_eq!(channel.settings.kind(), kind.name);
        assert_eq!(channel.settings.check(), []);
        let notifier = channel.build(&Deps::standalone().unwrap()).unwrap();
        assert_eq!((notifier.name(), notifier.kind()), (name.as_str(), kind.name));
        assert!(!notifier.recipients().is_empty());
        assert!(notifier.limits().concurrency >= 1);
    }
}

#[test]
fn every_kind_refuses_a_wrong_key_and_says_where_it_is() {
    for kind in all() {
        let (name, mut table) = example(&kind);
        table.insert("no_such_key".to_owned(), Value::from(1));
        let error = read(&kind, &name, table).unwrap_err();
        assert!(
            error.message().starts_with("unknown field `no_such_key`"),
            "{error}"
        );
        assert!(error.span().is_some(), "{kind:?}");
    }
}

#[test]
fn no_kind_is_built_with_what_its_check_or_that_of_all_refuses() {
    for kind in all() {
        let (name, mut table) = leaky(&kind, 1);
        table.insert("concurrency".to_owned(), Value::from(0));
        let channel = read(&kind, &name, table).unwrap();
        let deps = Deps::standalone().unwrap();
        for built in [
            channel.build(&deps),
            channel.settings.build(&name, &channel.common, &deps),
        ] {
            let error = built.err().unwrap().to_string();
            assert!(
                error.starts_with(&format!("channels.{name}.concurrency: ")),
                "{error}"
            );
        }
    }
}

#[test]
fn no_kind_shows_a_secret_in_its_settings_or_in_what_is_wrong_with_them() {
    for kind in all() {
        let (name, table) = leaky(&kind, 1);
        let keys: Vec<&str> = read(&kind, &name, table.clone())
            .unwrap()
            .settings
            .secrets()
            .iter()
            .map(|secret| secret.key)
            .collect();
        assert!(!keys.is_empty(), "{kind:?}");
        for key in keys {
            // Nothing that a secret may be mistaken for: no URL, no address, no text.
            for wrong in [
                Value::from(SECRET),
                Value::from(format!("no url: {SECRET}@")),
                Value::from(vec![SECRET]),
                Value::Table(Table::from_iter([("vault".to_owned(), Value::from(SECRET))])),
            ] {
                let mut table = table.clone();
                table.insert(key.to_owned(), wrong);
                let said = match read(&kind, &name, table) {
                    Ok(channel) => {
                        let built = channel.build(&Deps::standalone().unwrap());
                        let error = built.err().map(|error| format!("{error} {error:?}"));
                        format!("{channel:?} {:?} {error:?}", channel.settings.check())
                    }
                    // Its `Display` quotes the line of the config, which is the reader's own.
                    Err(error) => error.message().to_owned(),
                };
                assert!(!said.contains(SECRET), "{kind:?} {key}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn no_kind_shows_a_secret_that_the_other_side_repeats() {
    let port = echo().await;
    for kind in all() {
        let (name, table) = leaky(&kind, port);
        let channel = read(&kind, &name, table).unwrap();
        let notifier = channel.build(&Deps::standalone().unwrap()).unwrap();
        let recipient = notifier.recipients().remove(0);
        for failed in [
            notifier.probe().await,
            notifier.send(&message(), &recipient).await,
        ] {
            let failure = failed.unwrap_err();
            let said = format!("{failure} {failure:?}");
            assert!(!said.contains(SECRET), "{kind:?}: {said}");
        }
    }
}

/// The whole way of a kind that this crate does not know: read, checked, built, used.
#[tokio::test]
async fn a_made_up_kind_is_a_kind_like_any_other() {
    let server = monitor_testkit::robot::Robot::start().await;
    let text = format!(
        "url = {:?}\nroom = \"night\"\nper_minute = 7\nlang = \"zh\"\n",
        server.url()
    );
    let channel = read(&ROBOT, "oncall", text.parse().unwrap()).unwrap();
    let notifier: Arc<dyn Notifier> = channel.build(&Deps::standalone().unwrap()).unwrap();
    assert_eq!(notifier.limits().per_minute, Some(7));
    notifier.send(&message(), "").await.unwrap();
    assert_eq!(server.bodies()[0]["room"], "night");

    let wrong: Table = "url = \"no\"\nroom = \"the night shift\"\n".parse().unwrap();
    let findings = read_own(&ROBOT, wrong).unwrap().check();
    let keys: Vec<&str> = findings.iter().map(|finding| &*finding.field).collect();
    assert_eq!(keys, ["url", "room"]);
    let misspelt = "{ url = \"https://a.example\", rom = \"night\" }";
    let error = (ROBOT.read)(TableDeserializer::parse(misspelt).unwrap()).unwrap_err();
    assert_eq!(&misspelt[error.span().unwrap()], "rom");
}
