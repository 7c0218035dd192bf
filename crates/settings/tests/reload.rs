//! What is the same in two configs, what is not, and what only a start takes.

use std::fs;

use monitor_settings::{Kinds, Settings};

use super::{load_str, variables};

const TEXT: &str = r#"
[web]
lang = "en"
[worker]
interval = "10s"
[requests]
timeout = "2s"
[systems.a]
kind = "none"
base_url = "http://127.0.0.1:1"
[systems.b]
kind = "bearer"
base_url = "http://127.0.0.1:1"
token = { env = "TOKEN" }
[channels.mail]
kind = "smtp"
url = "file:mails"
from = "m@example.com"
to = ["ops@example.com"]
[fetches.f]
system = "a"
path = "/f"
[metrics.m]
fetch = { from = "f", value = "$.m" }
alert = { above = 1 }
"#;

fn settings(text: &str, token: &str) -> Settings {
    let loaded = load_str("monitor.toml", text, &variables(&[("TOKEN", token)]));
    loaded.unwrap_or_else(|wrong| panic!("{wrong}")).settings
}

/// What changes where one text takes the place of another.
fn changes(from: &str, to: &str) -> String {
    assert!(TEXT.contains(from), "{from}");
    let (before, now) = (settings(TEXT, "t"), settings(&TEXT.replace(from, to), "t"));
    let said = now.changes(&before).into_iter().map(|of| {
        format!(
            "{} +{:?} -{:?} ~{:?}",
            of.section, of.added, of.removed, of.changed
        )
    });
    said.collect::<Vec<_>>().join("; ")
}

#[test]
fn what_differs_is_named_by_section() {
    assert_eq!(changes("lang", "lang"), "");
    assert_eq!(changes("above = 1", "above = 2"), "metrics +[] -[] ~[\"m\"]");
    assert_eq!(
        changes("path = \"/f\"", "path = \"/g\""),
        "fetches +[] -[] ~[\"f\"]"
    );
    let more = "[systems.c]\nkind = \"none\"\nbase_url = \"http://127.0.0.1:1\"\n[systems.a]";
    assert_eq!(changes("[systems.a]", more), "systems +[\"c\"] -[] ~[]");
    assert_eq!(
        changes("timeout = \"2s\"", "timeout = \"3s\""),
        "requests +[] -[] ~[\"\"]"
    );
    assert_eq!(
        changes("[metrics.m]", "[metrics.n]"),
        "metrics +[\"n\"] -[\"m\"] ~[]"
    );
    assert_eq!(
        changes("interval = \"10s\"", "interval = \"9s\""),
        "worker +[] -[] ~[\"interval\"]"
    );
    // The order of keys and comments says nothing.
    assert_eq!(
        changes(
            "kind = \"none\"\nbase_url = \"http://127.0.0.1:1\"",
            "base_url = \"http://127.0.0.1:1\" # ours\nkind = \"none\""
        ),
        ""
    );
}

#[test]
fn a_system_or_channel_is_the_same_with_what_it_depends_on() {
    let before = settings(TEXT, "t");
    let same =
        |now: &Settings| ["systems.a", "systems.b", "channels.mail"].map(|part| now.is_same(&before, part));
    assert_eq!(same(&settings(TEXT, "t")), [true; 3]);
    assert_eq!(
        same(&settings(TEXT, "another")),
        [true, false, true],
        "what the variable holds"
    );
    assert_eq!(
        same(&settings(
            &TEXT.replace("timeout = \"2s\"", "timeout = \"3s\""),
            "t"
        )),
        [false; 3]
    );
    assert_eq!(
        same(&settings(&TEXT.replace("lang = \"en\"", "lang = \"zh-CN\""), "t")),
        [true, true, false]
    );
    assert_eq!(
        same(&settings(&TEXT.replace("above = 1", "below = 1"), "t")),
        [true; 3]
    );
}

#[test]
fn what_a_file_holds_counts() {
    let home = tempfile::tempdir().unwrap();
    let (file, secret) = (home.path().join("monitor.toml"), home.path().join("token"));
    fs::write(&file, TEXT.replace("{ env = \"TOKEN\" }", "{ file = \"token\" }")).unwrap();
    let load = |token: &str| {
        fs::write(&secret, token).unwrap();
        monitor_settings::load(&file, &Kinds::stock()).unwrap().settings
    };
    let (first, again, rotated) = (load("one"), load("one"), load("two"));
    assert!(again.is_same(&first, "systems.b") && !rotated.is_same(&first, "systems.b"));
    assert!(rotated.is_same(&first, "systems.a"));
}

#[test]
fn what_only_a_start_takes_is_named() {
    let started = settings(TEXT, "t");
    for (from, to, wanted) in [
        ("lang = \"en\"", "lang = \"zh-CN\"", vec![]),
        ("lang = \"en\"", "bind = \"127.0.0.1:9\"", vec!["web.bind"]),
        ("interval = \"10s\"", "keep_alerts = \"1d\"", vec![]),
        (
            "interval = \"10s\"",
            "listen = \"\"\nmetrics_token = \"t\"",
            vec!["worker.listen", "worker.metrics_token"],
        ),
        (
            "[web]",
            "[database]\nurl = \"sqlite:other.db\"\n[web]",
            vec!["database.url"],
        ),
    ] {
        let now = settings(&TEXT.replace(from, to), "t");
        assert_eq!(now.for_a_start(&started), wanted, "{to}");
        assert_eq!(started.for_a_start(&now), wanted, "{to}, and back");
        let said = now.changes(&started);
        let left_out = wanted.iter().all(|key| {
            said.iter()
                .all(|of| !of.changed.iter().any(|name| key.ends_with(name)))
        });
        assert!(left_out, "{said:?}");
    }
}
