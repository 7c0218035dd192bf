//! Recordings that mean harm: nothing panics, hangs, or gets into the config but as a text.

use std::time::{Duration, Instant};

use monitor_recording::{RecordingError, propose};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::har::{Call, Config, Har, LOGIN_PAGE, form_sign_in, total};

/// What a config would be changed by, were it written as it is.
const ATTACKS: &[&str] = &[
    "\"\n[systems.evil]\nkind = \"none\"\nbase_url = \"http://evil\"\n#",
    "'''\n[alarm]\nsystem = 'evil'\n'''",
    "a\r\n[web]\rbind = \"0.0.0.0:80\"",
    "# \u{2028}[x]\u{0085}[y]\u{000b}[z]",
    "\\\"] }\n[metrics.evil]",
    "{{ password }}",
    "{% include '/etc/passwd' %}",
    "\u{1b}[2J\u{202e}evil",
    "$(rm -rf /)`id`",
];

fn attacked(attack: &str) -> Har {
    let page = format!(
        "<form><input type=hidden name='{attack}' value='{attack}-12345678'>{LOGIN_PAGE}<p>{attack} total: <b id='{attack}'>5</b></p>"
    );
    let keyed = json!({ "total": 1, attack: { "total": 2, "rows": [{ "name": attack, "value": 3 }] }, "stats": [{ "name": attack, "value": 4 }] });
    Har::of([
        Call::get("/login").page(&page),
        form_sign_in(&[
            (attack, attack),
            (&format!("{attack}2"), &format!("{attack}-12345678")),
        ])
        .header(attack, attack),
        Call::get(&format!("/api/{attack}/total?{attack}={attack}"))
            .cookie(attack, attack)
            .header("X-A", attack)
            .answers(&keyed),
        Call::post("/api/search")
            .json(&json!({ attack: attack, "a": [attack] }))
            .answers(&keyed),
        Call::get("/page").page(&page),
        total(("sid", "s3ss10n-4711-abcd")),
    ])
}

#[test]
fn nothing_of_a_recording_becomes_a_key_of_the_config() {
    for attack in ATTACKS {
        let har = attacked(attack);
        let proposal = har.propose();
        let config = Config::of(&proposal);
        let table: toml::Table = toml::from_str(&config.text).unwrap();
        let sections: Vec<&String> = table.keys().collect();
        assert!(
            sections
                .iter()
                .all(|key| ["systems", "metrics"].contains(&key.as_str())),
            "{sections:?}"
        );
        assert_eq!(table["systems"].as_table().unwrap().len(), 1, "{}", config.text);
        assert_ne!(proposal.system(), "evil");
        assert!(
            config
                .metrics
                .as_object()
                .unwrap()
                .keys()
                .all(|key| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        );
        let is_shown = |c: char| c == '\n' || !(c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c));
        assert!(config.text.chars().all(is_shown), "{:?}", config.text);
        // Only the templates that this program writes itself.
        let rest = config.text.replace("{{ password }}", "");
        let own = ["password = \"{{ password }}\""];
        assert!(
            !rest.contains("{{ ") || own.iter().any(|own| config.text.contains(own)),
            "{}",
            config.text
        );
        assert!(!config.text.contains("{%"));
    }
}

#[test]
fn what_is_no_recording_is_said() {
    let said = |bytes: &[u8]| propose(bytes, None).map(|_| ()).unwrap_err();
    assert_eq!(said(b""), RecordingError::Truncated);
    assert_eq!(said(b"{\"log\": {\"entries\": ["), RecordingError::Truncated);
    assert_eq!(said(b"<html>"), RecordingError::NotJson { line: 1, column: 1 });
    assert_eq!(said(b"{}"), RecordingError::NotHar);
    assert_eq!(said(b"[[[]]]"), RecordingError::NotHar);
    assert_eq!(said(b"{\"log\": {\"entries\": []}}"), RecordingError::Empty);
    assert_eq!(
        said(b"\xef\xbb\xbf{\"log\": {\"entries\": [7, {}, {\"request\": {\"url\": \"data:x\"}}]}}"),
        RecordingError::Empty
    );
    assert!(matches!(
        said("[".repeat(100_000).as_bytes()),
        RecordingError::NotJson { .. }
    ));
    assert!(matches!(said(b"\xff\xfe{\0}\0"), RecordingError::NotJson { .. }));
}

/// As much of everything as is read takes a moment, not minutes.
#[test]
fn a_large_recording_ends_in_time() {
    let mut har = attacked("x");
    let deep = (0..100).fold(json!(1), |inner, _| json!({ "total": inner }));
    let wide: Value = Value::Array(
        (0..20_000)
            .map(|n| json!({ "name": format!("n{n}"), "value": n }))
            .collect(),
    );
    let html = format!("{LOGIN_PAGE}{}", "<b><i><a>total 1</b>".repeat(5_000));
    for n in 0..400 {
        har.add(Call::get(&format!("/deep/{n}")).answers(&deep));
    }
    for n in 0..10 {
        har.add(Call::get(&format!("/wide/{n}")).answers(&wide));
        har.add(Call::get(&format!("/page/{n}")).page(&html));
    }
    for n in 0..5_000 {
        har.add(
            Call::get(&format!("/n/{n}?sid=a1b2c3d4e5f6a7b8{n}"))
                .cookie("c", &format!("a1b2c3d4e5f6a7b8{n}"))
                .answers(&json!({ "total": n })),
        );
    }
    let began = Instant::now();
    let config = har.config();
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert!(
        config.has_doubt("more calls than are read"),
        "{:?}",
        config.doubts
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes of a recording, changed by chance: an error or a proposal that is a config, never a panic.
    #[test]
    fn a_damaged_recording_is_an_error_or_a_config(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..40)) {
        let mut bytes = attacked("x").bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                // Of one kind of sign to another, which leaves JSON more often than chance does.
                _ => bytes[at] = match bytes[at] { b'"' => b' ', b'0'..=b'9' => b'9', b'a'..=b'z' => b"{}[]\",:\\"[usize::from(byte) % 8], other => other },
            }
        }
        if let Ok(proposal) = propose(&bytes, None) {
            let config = Config::of(&proposal);
            prop_assert!(config.system.is_object(), "{}", config.text);
        }
    }

    /// Values of a recording, exchanged for values of other kinds.
    #[test]
    fn a_recording_of_wrong_types_is_an_error_or_a_config(places in prop::collection::vec((any::<prop::sample::Index>(), 0..9_usize), 1..30)) {
        let mut har: Value = serde_json::from_slice(&attacked("x").bytes()).unwrap();
        let others = [json!(null), json!(-1), json!(1e300), json!(true), json!(""), json!([]), json!({}), json!("\u{0}\u{202e}{{ x }}"), json!([[{"name": 7, "value": {}}]])];
        for (at, other) in places {
            let mut pointers = Vec::new();
            collect(&har, String::new(), &mut pointers);
            let pointer = at.get(&pointers).clone();
            *har.pointer_mut(&pointer).unwrap() = others[other].clone();
        }
        if let Ok(proposal) = propose(har.to_string().as_bytes(), None) {
            prop_assert!(Config::of(&proposal).system.is_object());
        }
    }
}

/// JSON pointers of all values.
fn collect(value: &Value, at: String, pointers: &mut Vec<String>) {
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(n, one)| collect(one, format!("{at}/{n}"), pointers)),
        Value::Object(members) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            members
                .iter()
                .for_each(|(key, one)| collect(one, format!("{at}/{}", escaped(key)), pointers));
        }
        _ => {}
    }
    pointers.push(at);
}
