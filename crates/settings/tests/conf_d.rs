//! `conf.d/*.toml` beside the main file: read after it, each table in one file, and each mistake at its place in its file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use monitor_settings::{Diagnostics, Kinds, Loaded, load_texts};

use super::{listed_kinds, variables};

const MAIN: &str = r#"
[web]
base_url = "https://monitor.example"
[systems.a]
kind = "none"
base_url = "http://127.0.0.1:1"
[channels.mail]
kind = "smtp"
url = "file:mails"
from = "monitor@example.com"
to = ["ops@example.com"]
[metrics.m]
fetch = { system = "a", path = "/m", value = "$.m" }
alert = { above = 1 }
"#;

/// A metric with a line break before it.
fn metric(key: &str) -> String {
    format!(
        "\n[metrics.{key}]\nfetch = {{ system = \"a\", path = \"/\", value = \"$.n\" }}\nalert = {{ above = 1 }}\n"
    )
}

/// A main file, and files of `conf.d` by name.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("conf.d")).unwrap();
    fs::write(home.path().join("monitor.toml"), MAIN).unwrap();
    for (name, text) in files {
        fs::write(home.path().join("conf.d").join(name), text).unwrap();
    }
    home
}

fn load(home: &Path) -> Result<Loaded, Diagnostics> {
    monitor_settings::load(&home.join("monitor.toml"), &Kinds::stock())
}

/// What is said, with the folder left out.
fn said(home: &Path) -> String {
    let said = load(home).map(|_| ()).unwrap_err().to_string();
    said.replace(&format!("{}/", home.display()), "")
}

fn keys(loaded: &Loaded) -> Vec<&str> {
    loaded
        .settings
        .metrics
        .iter()
        .map(|metric| metric.key.as_str())
        .collect()
}

/// What is wrong with texts of these names.
fn wrong(texts: &[(&str, &str)], env: &[(&str, &str)]) -> String {
    let loaded = load_texts(texts, &variables(env), &listed_kinds());
    loaded.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn tables_may_be_in_any_file_and_are_in_the_order_of_the_files() {
    let system = "[systems.b]\nkind = \"none\"\nbase_url = \"http://127.0.0.1:2\"\n";
    let window = "[maintenance.night]\nmetrics = [\"b\", \"m\"]\nfrom = \"22:30\"\nto = \"06:00\"\n";
    let home = folder(&[
        ("20-shop.toml", &format!("{}{system}", metric("z2"))),
        ("10-team.toml", &format!("{}{}", metric("b"), metric("a"))),
        ("30-web.toml", &format!("[worker]\ninterval = \"7s\"\n{window}")),
    ]);
    let loaded = load(home.path()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(keys(&loaded), ["m", "b", "a", "z2"]);
    let systems: Vec<&str> = loaded
        .settings
        .systems
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(systems, ["a", "b"]);
    assert_eq!(loaded.settings.maintenance[0].0, "night");
    let interval = loaded.settings.metrics[0].interval;
    assert_eq!(interval.as_secs(), 7, "of [worker] in another file");
    let names = [
        "monitor.toml",
        "conf.d/10-team.toml",
        "conf.d/20-shop.toml",
        "conf.d/30-web.toml",
    ];
    let files: Vec<PathBuf> = names.iter().map(|name| home.path().join(name)).collect();
    assert_eq!(loaded.files, files);
}

#[test]
fn no_folder_and_an_empty_one_are_nothing() {
    let home = folder(&[]);
    assert_eq!(load(home.path()).unwrap().files.len(), 1);
    fs::remove_dir(home.path().join("conf.d")).unwrap();
    let loaded = load(home.path()).unwrap();
    assert_eq!((loaded.files.len(), keys(&loaded)), (1, vec!["m"]));
}

#[test]
fn a_table_in_two_files_is_refused_with_both_places() {
    let more = format!(
        "# Ours.\n{}[web]\nlang = \"en\"\n[systems.a.headers]\nx = \"1\"\n",
        metric("m")
    );
    insta::assert_snapshot!(wrong(&[("monitor.toml", MAIN), ("conf.d/a.toml", &more)], &[]), @r#"
    conf.d/a.toml:3:10: metrics.m: is in monitor.toml:12:10 already; remove one, or give one another name
    conf.d/a.toml:6:2: web: is in monitor.toml:2:2 already; a section like this stands in one file as a whole
    conf.d/a.toml:8:10: systems.a: is in monitor.toml:4:10 already; remove one, or give one another name
    "#);
    let (one, two) = (metric("w"), metric("w"));
    insta::assert_snapshot!(
        wrong(&[("monitor.toml", MAIN), ("conf.d/b.toml", &one), ("conf.d/c.toml", &two)], &[]),
        @"conf.d/c.toml:2:10: metrics.w: is in conf.d/b.toml:2:10 already; remove one, or give one another name"
    );
    let alarm = "[alarm]\nsystem = \"a\"\n";
    insta::assert_snapshot!(
        wrong(&[("monitor.toml", MAIN), ("conf.d/b.toml", alarm), ("conf.d/c.toml", alarm)], &[]),
        @"conf.d/c.toml:1:2: alarm: is in conf.d/b.toml:1:2 already; a section like this stands in one file as a whole"
    );
    insta::assert_snapshot!(
        wrong(&[("monitor.toml", MAIN), ("conf.d/b.toml", "metrics = 3\n[channels]\nmail = 1\n")], &[]),
        @r#"
    conf.d/b.toml:1:1: metrics: is in monitor.toml:12:2 already; remove one, or give one another name
    conf.d/b.toml:3:1: channels.mail: is in monitor.toml:7:11 already; remove one, or give one another name
    "#
    );
}

#[test]
fn each_mistake_is_at_its_place_in_its_file_and_in_the_order_of_the_files() {
    let first = format!("{}severity = \"bad\"\nnotfy = []\n", metric("w"));
    let second = format!(
        "# ä\n{}notify = [\"mail\", \"mall\"]\n[webb]\nx = 1\n",
        metric("v")
    );
    let third = "[worker]\n[worker]\n";
    let main = format!("{MAIN}unitt = \"x\"\n");
    let texts = [
        ("monitor.toml", main.as_str()),
        ("conf.d/1.toml", &first),
        ("conf.d/2.toml", &second),
        ("conf.d/3.toml", third),
    ];
    insta::assert_snapshot!(wrong(&texts, &[("MONITOR__METRICS__V__TITLE", "")]), @r#"
    monitor.toml:15:1: metrics.m.unitt: there is no such key; did you mean "unit"?
    conf.d/1.toml:5:12: metrics.w.severity: "bad" is not possible; there are info, warning, critical
    conf.d/1.toml:6:1: metrics.w.notfy: there is no such key; did you mean "notify"?
    conf.d/2.toml:6:19: metrics.v.notify[1]: no channel "mall"; did you mean "mail"?
    conf.d/2.toml:7:2: webb: there is no such key; did you mean "web"?
    conf.d/3.toml:2:2: worker: is set twice; remove one
    MONITOR__METRICS__V__TITLE: metrics.v.title: must not be empty; leave it out for the default
    "#);
}

/// What stands in such a file is not known, and the others may refer to it.
#[test]
fn files_that_cannot_be_read_are_said_alone() {
    let texts = [
        ("monitor.toml", MAIN),
        ("conf.d/1.toml", "[metrics.u\n[systems.c]\nkind = \"none\"\n"),
        (
            "conf.d/2.toml",
            "[metrics.v]\nfetch = { system = \"c\" }\nintervall = 3\n",
        ),
        ("conf.d/3.toml", "[channels.night]\nto = [“a@example.com”]\n"),
    ];
    insta::assert_snapshot!(wrong(&texts, &[("MONITOR__METRICS__V__TITLE", "")]), @r#"
    conf.d/1.toml:1:11: not TOML: unclosed table, expected `]`
    conf.d/3.toml:2:7: not TOML: “ (U+201C) is a curly quote; type "
    "#);
}

#[test]
fn the_environment_goes_before_every_file() {
    let more = format!("{}[worker]\nconcurrency = 3\n", metric("Own"));
    let texts = [
        ("monitor.toml", MAIN),
        ("conf.d/1.toml", &more.replace("Own", "own")),
    ];
    let env = variables(&[
        ("MONITOR__METRICS__OWN__TITLE", "ours"),
        ("MONITOR__METRICS__OWN__ALERT", "{ below = 3 }"),
        ("MONITOR__WORKER__CONCURRENCY", "5"),
    ]);
    let loaded = load_texts(&texts, &env, &Kinds::stock()).unwrap_or_else(|errors| panic!("{errors}"));
    let own = &loaded.settings.metrics[1];
    assert_eq!(
        (own.title.as_str(), own.rule.describe().as_str()),
        ("ours", "below 3")
    );
    assert_eq!(loaded.settings.worker.concurrency, 5);
}

#[test]
fn relative_paths_start_at_the_folder_of_the_main_file() {
    let system =
        "[systems.b]\nkind = \"bearer\"\nbase_url = \"http://127.0.0.1:2\"\ntoken = { file = \"token\" }\n";
    let home = folder(&[("b.toml", system)]);
    fs::write(home.path().join("conf.d/token"), "t").unwrap();
    assert_eq!(
        said(home.path()),
        "conf.d/b.toml:4:1: systems.b.token: cannot read the secret from token: No such file or directory (os error 2)"
    );
    fs::write(home.path().join("token"), "t").unwrap();
    assert!(load(home.path()).is_ok());
}

#[test]
fn hidden_files_and_backups_are_not_read() {
    let bad = "no toml at all";
    let home = folder(&[
        (".x.toml", bad),
        ("x.toml~", bad),
        (".x.toml.swp", bad),
        ("#x.toml#", bad),
        ("x.toml.bak", bad),
        ("x.toml.rpmnew", bad),
        ("README.md", bad),
        ("X.TOML", bad),
        ("y.toml", &metric("y1")),
    ]);
    let loaded = load(home.path()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(keys(&loaded), ["m", "y1"]);
    let hints = loaded.hints.iter().map(ToString::to_string);
    let about: Vec<String> = hints.filter(|hint| hint.contains("conf.d")).collect();
    assert_eq!(about.len(), 1, "{about:?}");
    assert!(about[0].ends_with("X.TOML: is not read: only names that end with .toml are, in small letters"));
}

/// A mounted `ConfigMap`: each file is a link through `..data`, which is a link to a folder with a new name at each change.
#[test]
fn links_are_followed_as_kubernetes_makes_them() {
    let home = folder(&[]);
    let conf_d = home.path().join("conf.d");
    let version = |name: &str, text: &str| {
        fs::create_dir(conf_d.join(name)).unwrap();
        fs::write(conf_d.join(name).join("team.toml"), text).unwrap();
        let data = conf_d.join("..data_tmp");
        symlink(name, &data).unwrap();
        fs::rename(&data, conf_d.join("..data")).unwrap();
    };
    version("..2026_11_28_1", &metric("k1"));
    symlink("..data/team.toml", conf_d.join("team.toml")).unwrap();
    assert_eq!(keys(&load(home.path()).unwrap()), ["m", "k1"]);
    version("..2026_11_28_2", &metric("k2"));
    assert_eq!(keys(&load(home.path()).unwrap()), ["m", "k2"]);
    // And the folder itself may be one.
    fs::rename(&conf_d, home.path().join("another_place")).unwrap();
    symlink("another_place", &conf_d).unwrap();
    assert_eq!(keys(&load(home.path()).unwrap()), ["m", "k2"]);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let home = folder(&[("a.toml", &metric("a1"))]);
    let conf_d = home.path().join("conf.d");
    symlink("..data/none.toml", conf_d.join("b.toml")).unwrap();
    fs::create_dir(conf_d.join("c.toml")).unwrap();
    fs::write(conf_d.join("d.toml"), b"[web]\nlang = \"\xFF\"").unwrap();
    assert_eq!(
        said(home.path()),
        "conf.d/b.toml: is a link to what is not there; mend or remove it\n\
         conf.d/c.toml: is no file; everything here that ends with .toml is read as one\n\
         conf.d/d.toml:2:9: from here on it is not UTF-8 text; save the file as UTF-8"
    );
    fs::remove_dir_all(&conf_d).unwrap();
    fs::write(&conf_d, "a file").unwrap();
    assert!(said(home.path()).starts_with("conf.d: the folder of further config files cannot be read: "));
    fs::remove_file(&conf_d).unwrap();
    symlink("nowhere", &conf_d).unwrap();
    assert_eq!(
        said(home.path()),
        "conf.d: is a link to what is not there; mend or remove it"
    );
}

#[test]
fn there_is_a_limit_to_number_and_size() {
    let home = folder(&[]);
    let conf_d = home.path().join("conf.d");
    for number in 0..1000 {
        fs::write(conf_d.join(format!("{number:04}.toml")), "").unwrap();
    }
    assert_eq!(load(home.path()).unwrap().files.len(), 1001);
    fs::write(conf_d.join("one-more.toml"), "").unwrap();
    assert_eq!(
        said(home.path()),
        "conf.d: holds more than 1000 files, which is the most"
    );

    let home = folder(&[]);
    let half = "#".repeat(8 * 1024 * 1024 - MAIN.len() / 2);
    fs::write(home.path().join("conf.d/a.toml"), &half).unwrap();
    assert!(load(home.path()).is_ok());
    fs::write(home.path().join("conf.d/b.toml"), format!("{half}#")).unwrap();
    assert_eq!(
        said(home.path()),
        "conf.d/b.toml: with it the config is larger than 16 MiB, which is the most"
    );
}
