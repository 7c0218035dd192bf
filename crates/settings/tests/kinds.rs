//! Kinds that this project does not have: the config may name them as soon as they are given, and what is wrong with their
//! keys is said with its place.

use monitor_settings::Kinds;

use super::{listed_kinds, made_up};

const GOOD: &str = r#"[systems.a]
kind = "doorman"
base_url = "https://a.example"
password = { env = "DOOR" }
door = "back"
[channels.tower]
kind = "bell"
code = { env = "BELL" }
bell = 3
digest = "1m"
[metrics.w]
fetch = { system = "a", path = "/w", value = "$.n" }
alert = { exactly = 42, tolerance = 0.5, for = "30s" }
"#;

fn errors(text: &str, kinds: &Kinds) -> String {
    let env = super::variables(&[("BELL", "hunter2"), ("DOOR", "hunter2")]);
    let loaded = monitor_settings::load_str("monitor.toml", text, &env, kinds);
    loaded.map_or_else(|errors| errors.to_string(), |_| String::new())
}

#[test]
fn made_up_kinds_are_kinds() {
    assert_eq!(errors(GOOD, &made_up::kinds()), "");
    let env = super::variables(&[("BELL", "hunter2"), ("DOOR", "hunter2")]);
    let loaded = monitor_settings::load_str("monitor.toml", GOOD, &env, &made_up::kinds()).unwrap();
    let settings = loaded.settings;
    assert_eq!(settings.channels[0].settings.kind(), "bell");
    assert_eq!(settings.systems[0].1.login.kind(), "doorman");
    assert_eq!(settings.metrics[0].rule.describe(), "exactly 42");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn without_being_given_they_are_none() {
    insta::assert_snapshot!(errors(GOOD, &listed_kinds()), @r#"
    monitor.toml:2:8: systems.a.kind: no kind "doorman"; there are system_a, system_b, none
    monitor.toml:7:8: channels.tower.kind: no kind "bell"; there is only smtp
    monitor.toml:13:11: metrics.w.alert.exactly: there is no such key; there are rise, fall, change, above, below, outside, when, no_data, baseline, initial, within, clear_below, flapping, clear_above, for, keep_for, repeat, escalate
    monitor.toml:13:25: metrics.w.alert.tolerance: there is no such key; there are rise, fall, change, above, below, outside, when, no_data, baseline, initial, within, clear_below, flapping, clear_above, for, keep_for, repeat, escalate
    "#);
}

#[test]
fn what_is_wrong_with_them_is_said_with_its_place() {
    let text = r#"[systems.a]
kind = "doorman"
base_url = "https://a.example"
password = "hunter2"
dor = "back"
[systems.b]
kind = "doorman"
base_url = "https://b.example"
door = 3
username = "monitor"
[channels.tower]
kind = "bell"
bell = 9
code = { env = "NO_SUCH_BELL" }
tune = "/no/such/tune"
digest = "0s"
volume = 11
[channels.church]
kind = "bell"
tune = "/dev/null"
[channels.town]
kind = "bel"
bell = 1
[metrics.w]
fetch = { system = "a", path = "/w", value = "$.n" }
alert = { exactly = 42, tolerance = -1.0, clear_below = 3 }
[metrics.v]
fetch = { system = "a", path = "/v", value = "$.n" }
alert = { exactly = "42", tolerence = 1, above = 3 }
[metrics.u]
fetch = { system = "a", path = "/u", value = "$.n" }
alert = { exactly = "42", tolerence = 1 }
"#;
    insta::assert_snapshot!(errors(text, &made_up::kinds()), @r#"
    monitor.toml:5:1: systems.a.dor: there is no such key; did you mean "door"?
    monitor.toml:6:10: systems.b.password: missing; it is required
    monitor.toml:9:8: systems.b.door: must be a string in quotes, not a number
    monitor.toml:10:12: systems.b.username: is not used by kind "doorman": remove it
    monitor.toml:13:8: channels.tower.bell: there is no bell 9; there are 1 to 8
    monitor.toml:14:1: channels.tower.code: environment variable NO_SUCH_BELL is not set
    monitor.toml:15:8: channels.tower.tune: /no/such/tune cannot be read: No such file or directory (os error 2)
    monitor.toml:16:10: channels.tower.digest: must be longer than nothing and at most a day, such as "1m"; leave it out to send each message on its own
    monitor.toml:17:1: channels.tower.volume: there is no such key; there are kind, lang, max_age, digest, per_minute, concurrency, code, bell, tune
    monitor.toml:18:11: channels.church.code: missing; it is required
    monitor.toml:18:11: channels.church.bell: missing; it is required
    monitor.toml:22:8: channels.town.kind: no kind "bel"; did you mean "bell"?
    monitor.toml:26:37: metrics.w.alert.tolerance: must not be negative, not -1
    monitor.toml:26:57: metrics.w.alert.clear_below: goes with above or outside only; remove it
    monitor.toml:29:21: metrics.v.alert.exactly: a rule has one condition, and this one has above and exactly; keep one, or make a metric for each
    monitor.toml:29:27: metrics.v.alert.tolerence: there is no such key; did you mean "tolerance"?
    monitor.toml:32:21: metrics.u.alert.exactly: must be a number, not "42"
    monitor.toml:32:27: metrics.u.alert.tolerence: there is no such key; did you mean "tolerance"?
    "#);
}
