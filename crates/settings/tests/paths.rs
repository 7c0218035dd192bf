//! Relative paths start at the folder of the config, wherever the process was started.

use std::fs;
use std::path::Path;

use monitor_requests::SecretSource;
use monitor_settings::{Diagnostics, Kinds, Loaded};

use super::write_certificate;

fn config(database: &str, more: &str) -> String {
    format!(
        r#"
[database]
url = {database}
[systems.a]
kind = "system_a"
base_url = "http://127.0.0.1:1"
username = "monitor"
password = {{ file = "password" }}
{more}
[systems.b]
kind = "none"
base_url = "http://127.0.0.1:1"
[alarm]
system = "b"
[channels.mail]
kind = "smtp"
url = "file:mails"
from = "monitor@example.com"
to = ["ops@example.com"]
[metrics.x]
"#
    )
}

fn load(folder: &Path, text: &str) -> Result<Loaded, Diagnostics> {
    let file = folder.join("monitor.toml");
    fs::write(&file, text).unwrap();
    monitor_settings::load(&file, &Kinds::stock())
}

#[test]
fn every_path_starts_at_the_folder_of_the_config() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap();
    let folder = root.join("config");
    fs::create_dir_all(folder.join("templates")).unwrap();
    for (file, text) in [
        ("password", "p"),
        ("token", "t"),
        ("switch", "https://switch.example/1"),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
    write_certificate(&root);
    let text = format!(
        "{}\n[web]\ntemplates = \"templates\"\nmetrics_token = {{ file = \"token\" }}\n[worker]\n\
         metrics_token = {{ file = \"./token\" }}\nheartbeat_url = {{ file = \"switch\" }}\n",
        config("\"sqlite:../data/m.db\"", "ca_file = \"../ca.pem\"")
    );
    let settings = load(&folder, &text)
        .unwrap_or_else(|errors| panic!("{errors}"))
        .settings;
    assert_eq!(settings.path, folder.join("monitor.toml"));
    assert_eq!(
        settings.database.url,
        format!("sqlite:{}/data/m.db", root.display())
    );
    assert_eq!(settings.web.templates, Some(folder.join("templates")));
    let token = Some(SecretSource::File(folder.join("token")));
    assert_eq!(
        (settings.web.metrics_token, settings.worker.metrics_token),
        (token.clone(), token)
    );
    let switch = SecretSource::File(folder.join("switch"));
    assert_eq!(settings.worker.heartbeat_url, Some(switch));
    let (_, a) = &settings.systems[0];
    assert_eq!(a.common.ca_file, Some(root.join("ca.pem")));
    let secrets = a.login.secrets();
    assert_eq!(secrets[0].source, &SecretSource::File(folder.join("password")));
}

#[test]
fn the_url_of_a_database_may_be_in_a_file_beside_the_config_and_start_there_too() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().canonicalize().unwrap();
    fs::write(folder.join("password"), "p").unwrap();
    fs::write(folder.join("url"), "sqlite:m.db\n").unwrap();
    let settings = load(&folder, &config("{ file = \"url\" }", "")).unwrap().settings;
    assert_eq!(settings.database.url, format!("sqlite:{}/m.db", folder.display()));
}

/// Tests run in the folder of their crate, which has a `Cargo.toml`.
#[test]
fn a_file_that_only_the_working_directory_has_is_refused_with_both_paths() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().canonicalize().unwrap();
    fs::write(folder.join("password"), "p").unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR"))
        .canonicalize()
        .unwrap()
        .join("Cargo.toml");
    let new = folder.join("Cargo.toml");
    for (text, place) in [
        (config("\"sqlite:Cargo.toml\"", ""), "3:7: database.url"),
        (
            config("\"sqlite:m.db\"", "ca_file = \"Cargo.toml\""),
            "9:11: systems.a.ca_file",
        ),
        (
            config("\"sqlite:m.db\"", "").replace("\"password\"", "\"Cargo.toml\""),
            "8:21: systems.a.password.file",
        ),
    ] {
        let error = load(&folder, &text).unwrap_err().to_string();
        for part in [
            place,
            old.to_str().unwrap(),
            new.to_str().unwrap(),
            "move",
            "write",
        ] {
            assert!(error.contains(part), "{part} is missing in:\n{error}");
        }
        assert_eq!(error.contains("-wal"), place.contains("database"), "{error}");
    }
    fs::write(&new, "").unwrap();
    let settings = load(&folder, &config("\"sqlite:Cargo.toml\"", ""))
        .unwrap()
        .settings;
    assert_eq!(
        settings.database.url,
        format!("sqlite:{}", new.display()),
        "both: the config's"
    );
    let written_out = format!("\"sqlite:{}\"", old.display());
    fs::remove_file(&new).unwrap();
    assert!(
        load(&folder, &config(&written_out, "")).is_ok(),
        "the second remedy"
    );
}

#[test]
fn what_is_wrong_besides_a_relative_path_is_said_once() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().canonicalize().unwrap();
    let error = load(&folder, &config("\"sqlite:m.db\"", "colour = 1\ntimeout = 5")).unwrap_err();
    let keys: Vec<&str> = error.0.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(
        keys,
        ["systems.a.password", "systems.a.colour", "systems.a.timeout"],
        "{error}"
    );
    let missing = folder.join("password");
    assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
}
