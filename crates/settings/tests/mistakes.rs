//! Everything that is wrong is said in one go, each with its place and what to do.

use monitor_settings::Kinds;

use super::{listed_kinds, load_str, variables};

fn errors(text: &str) -> String {
    errors_with(text, &[])
}

fn errors_with(text: &str, env: &[(&str, &str)]) -> String {
    let loaded = monitor_settings::load_str("monitor.toml", text, &variables(env), &listed_kinds());
    loaded.unwrap_err().to_string()
}

/// A config in which only what a test adds can be wrong.
fn with(more: &str) -> String {
    format!(
        r#"[systems.a]
kind = "none"
base_url = "https://a.example"
[systems.b]
kind = "none"
base_url = "https://b.example"
[channels.mail]
kind = "smtp"
url = "smtp://localhost"
from = "monitor@example.com"
to = ["ops@example.com"]
[metrics.x]
{more}"#
    )
}

#[test]
fn ten_mistakes_are_ten_errors() {
    let text = r#"
[web]
bind = "0.0.0.0:8080"
auth = "none"

[worker]
intervall = "10s"
concurrency = 0

[systems.a]
kind = "system_a"
base_url = "a.example"
username = "monitor"
password = { env = "MONITOR_TEST_NO_SUCH_VARIABLE" }

[systems.b]
kind = "sistem_b"
base_url = "https://b.example"

[channels.mail]
kind = "smtp"
url = "smtp://localhost:25"
from = "Monitor <monitor@example.com>"
to = ["ops.example.com"]

[channels.oncall]
kind = "dingtalk"
url = "https://oapi.dingtalk.com/robot/send?access_token=hunter2"

[metrics.x]
interval = "ten seconds"

[metrics.z]
alert = { above = 100, clear_below = 110 }
notify = ["mail", "oncal"]

[metrics.w]
fetch = { system = "shop", path = "/api/orders", value = "$.total" }
alert = { rise = 1, above = 5 }
"#;
    let errors = errors(text);
    assert!(!errors.contains("hunter2"));
    insta::assert_snapshot!(errors, @r#"
    monitor.toml:3:8: web.bind: 0.0.0.0:8080 can be reached from other machines, and nobody has to sign in, because that is not built yet; bind to 127.0.0.1:8080, and come in through a tunnel: ssh -L 8080:127.0.0.1:8080 HOST
    monitor.toml:7:1: worker.intervall: there is no such key; did you mean "interval"?
    monitor.toml:8:15: worker.concurrency: must be from 1 to 4096, not 0
    monitor.toml:12:12: systems.a.base_url: not a URL: put http:// or https:// before it, such as "https://a.example"
    monitor.toml:14:1: systems.a.password: environment variable MONITOR_TEST_NO_SUCH_VARIABLE is not set
    monitor.toml:17:8: systems.b.kind: no kind "sistem_b"; did you mean "system_b"?
    monitor.toml:24:7: channels.mail.to[0]: "ops.example.com" is not a mail address (Invalid input); such as "ops@example.com" or "Ops <ops@example.com>"
    monitor.toml:27:8: channels.oncall.kind: no kind "dingtalk"; there is only smtp
    monitor.toml:31:12: metrics.x.interval: must be a duration such as "30s" or "5m", not "ten seconds"
    monitor.toml:34:38: metrics.z.alert.clear_below: must be under the threshold: 110 is not under 100; or leave it out
    monitor.toml:35:19: metrics.z.notify[1]: no channel "oncal"; did you mean "oncall"?
    monitor.toml:38:20: metrics.w.fetch.system: no system "shop"; there are a, b
    monitor.toml:39:29: metrics.w.alert.above: a rule has one condition, and this one has rise and above; keep one, or make a metric for each
    "#);
}

#[test]
fn a_signature_is_checked_with_its_place() {
    let text = r#"[systems.a]
kind = "none"
base_url = "https://a.example"

[systems.a.sign]
key = { env = "MONITOR_TEST_NO_SUCH_VARIABLE" }
text = "{{ method }}{{ pth }}"
header = "X-Sign"
query = "sign"
add_headers = { X-Time = "{{ time }}" }
derive = ["{{ now }}", "{{ day }}"]

[systems.b]
kind = "none"
base_url = "https://b.example"
sign = { key = "hunter2", algorithm = "md5", text = "{{ path }}", header = "X-Sign", nonce = "X-Nonce" }

[systems.c]
kind = "none"
base_url = "https://c.example"
sign = { key = { env = "CARGO_PKG_NAME" }, algorithm = "hmac-sha3", text = "{{ path }}", header = "X-Sign" }

[systems.d]
kind = "none"
base_url = "https://d.example"
sign = { text = "{{ path }}", encode = "base32" }

[metrics.x]
"#;
    let errors = errors(text);
    assert!(!errors.contains("hunter2"));
    insta::assert_snapshot!(errors, @r#"
    monitor.toml:6:1: systems.a.sign.key: environment variable MONITOR_TEST_NO_SUCH_VARIABLE is not set
    monitor.toml:7:8: systems.a.sign.text: nothing is called "pth" here; there are body, headers, host, key, method, nonce, now, now_http, now_iso, now_ms, params, path, query, query_encoded, query_sorted
    monitor.toml:9:9: systems.a.sign.query: give either header or query
    monitor.toml:10:26: systems.a.sign.add_headers.X-Time: nothing is called "time" here; there are body, headers, host, method, nonce, now, now_http, now_iso, now_ms, params, path, query, query_encoded, query_sorted
    monitor.toml:11:24: systems.a.sign.derive[1]: nothing is called "day" here; there are body, headers, host, method, nonce, now, now_http, now_iso, now_ms, params, path, query, query_encoded, query_sorted
    monitor.toml:16:53: systems.b.sign.text: has no {{ key }} in it, and this algorithm takes none beside it: anybody could sign so
    monitor.toml:16:86: systems.b.sign.nonce: there is no such key; there are key, algorithm, text, encode, header, query, value, add_headers, add_query, values, hmac_key, derive
    monitor.toml:21:56: systems.c.sign.algorithm: "hmac-sha3" is not possible; did you mean "hmac-sha1"? There are hmac-sha256, hmac-sha1, hmac-sha512, hmac-md5, hmac-sm3, md5, sha1, sha256, sha512, sm3
    monitor.toml:26:1: systems.d.sign.key: missing; { env = "NAME" } or { file = "/run/secrets/name" }
    monitor.toml:26:1: systems.d.sign: says where the signature goes: give header = "X-Signature" or query = "sign"
    monitor.toml:26:40: systems.d.sign.encode: "base32" is not possible; did you mean "base64"? There are hex, HEX, base64
    "#);
}

#[test]
fn what_is_set_twice_does_not_hide_the_rest() {
    let text = r#"[web]
lang = "en"
lang = "zh"

[worker]
concurrency = 5000

[systems.a]
kind = "none"
base_url = "https://a.example"

[systems.a]
kind = "none"

[metrics.x]
"#;
    insta::assert_snapshot!(errors(text), @r#"
    monitor.toml:3:1: web.lang: is set twice; remove one
    monitor.toml:6:15: worker.concurrency: must be from 1 to 4096, not 5000
    monitor.toml:12:10: systems.a: is set twice; remove one
    monitor.toml:15:10: metrics.x.details.system: no system "b", the built-in default; add [systems.b] or set another one; there is only a
    "#);
}

/// What follows from a line that cannot be read would hide it: no more is said than what cannot be read.
#[test]
fn what_is_not_toml_is_said_alone() {
    let unclosed = with("").replace("to = [\"ops@example.com\"]", "to = [\n  \"ops@example.com\",");
    insta::assert_snapshot!(errors(&unclosed), @r#"
    monitor.toml:11:6: not TOML: this [ is not closed before the next line that sets something
    "#);
    let several = with("title = Orders\nunit = 12 pieces\nalert = { rise = 1\n[metrics.y]\nintervall = 3");
    insta::assert_snapshot!(errors(&several), @r#"
    monitor.toml:13:9: not TOML: text needs quotes, such as "text"
    monitor.toml:14:8: not TOML: text needs quotes, such as "text"
    monitor.toml:15:9: not TOML: this { is not closed before the next line that sets something
    "#);
    let text = with("title = \"open\nunitt = 3");
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:14: not TOML: a quote is not closed
    "#);
    let no_value = with("title =\nunit = \"a\"");
    insta::assert_snapshot!(errors(&no_value), @r#"
    monitor.toml:13:8: not TOML: a value is missing
    "#);
}

#[test]
fn what_a_chinese_keyboard_typed_is_named() {
    for (line, said) in [
        (
            "title = “订单”",
            "13:9: not TOML: “ (U+201C) is a curly quote; type \"",
        ),
        (
            "title = ‘订单’",
            "13:9: not TOML: ‘ (U+2018) is a curly quote; type '",
        ),
        (
            "title = ＂订单＂",
            "13:9: not TOML: ＂ (U+FF02) is a full-width quote; type \"",
        ),
        (
            "title＝\"a\"",
            "13:6: not TOML: ＝ (U+FF1D) is a full-width character; type =",
        ),
        (
            "title ＝ \"a\"",
            "13:7: not TOML: ＝ (U+FF1D) is a full-width character; type =",
        ),
        (
            "title：\"a\"",
            "13:6: not TOML: ： (U+FF1A) is a full-width character; type :",
        ),
        (
            "notify = [\"mail\"，\"sms\"]",
            "13:17: not TOML: ， (U+FF0C) is a full-width comma; type ,",
        ),
        (
            "notify = [\"mail\"］",
            "13:17: not TOML: ］ (U+FF3D) is a full-width bracket; type ]",
        ),
        (
            "notify = ［\"mail\"］",
            "13:10: not TOML: ［ (U+FF3B) is a full-width bracket; type [",
        ),
        (
            "alert = ｛ rise = 1 ｝",
            "13:9: not TOML: ｛ (U+FF5B) is a full-width character; type {",
        ),
        (
            "［metrics.y］",
            "13:1: not TOML: ［ (U+FF3B) is a full-width bracket; type [",
        ),
        (
            "\u{3000}unit = \"a\"",
            "13:1: not TOML: U+3000 is a full-width space; type a space",
        ),
        (
            "unit =\u{A0}\"a\"",
            "13:7: not TOML: U+00A0 is no plain space; type a space",
        ),
        (
            "alert = { rise = １ }",
            "13:18: not TOML: １ (U+FF11) is a full-width character; type 1",
        ),
    ] {
        assert_eq!(errors(&with(line)), format!("monitor.toml:{said}"), "{line}");
    }
    // Where they belong, in text and comments, they say nothing.
    for line in ["title = 订单，数量", "title = \"“订单”，\" 5", "unit = x # ，"] {
        let said = errors(&with(line));
        assert!(
            !said.contains("type ") && said.contains("not TOML"),
            "{line}: {said}"
        );
    }
}

#[test]
fn wrong_types_are_said_in_words() {
    let text = with(
        r#"title = 5
unit = ["a"]
interval = 10
severity = "crit"
fetch = { system = "a", query = { n = 5 } }
alert = { outside = [1, "x"], for = "5x" }
notify = "mail"
[metrics.y]
alert = 3
[requests]
retries = -1
max_body = 1.5
[worker]
heartbeat = true
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:9: metrics.x.title: must be a string in quotes, not a number
    monitor.toml:14:8: metrics.x.unit: must be a string in quotes, not a list
    monitor.toml:15:12: metrics.x.interval: must be a duration such as "30s" or "5m", not 10
    monitor.toml:16:12: metrics.x.severity: "crit" is not possible; there are info, warning, critical
    monitor.toml:17:39: metrics.x.fetch.query.n: must be a string in quotes, not a number
    monitor.toml:18:25: metrics.x.alert.outside[1]: must be a number, not "x"
    monitor.toml:18:37: metrics.x.alert.for: must be a duration such as "30s" or "5m", not "5x"
    monitor.toml:19:10: metrics.x.notify: must be a list such as ["a", "b"], not "mail"
    monitor.toml:21:9: metrics.y.alert: must be a table, not 3
    monitor.toml:23:11: requests.retries: must be a whole number, 0 or more, not -1
    monitor.toml:24:12: requests.max_body: must be a whole number, 0 or more, not 1.5
    monitor.toml:26:13: worker.heartbeat: must be a duration such as "30s" or "5m", not true
    "#);
}

#[test]
fn wrong_shapes_of_sections() {
    let text = r#"web = 3
metrics = ["x"]
[sistems.a]
kind = "none"
[channels]
mail = "smtp://localhost"
"#;
    insta::assert_snapshot!(errors(text), @r#"
    monitor.toml:1:7: web: must be a table, [web], not an integer
    monitor.toml:2:11: metrics: must hold tables, such as [metrics.NAME]
    monitor.toml:3:2: sistems: there is no such key; did you mean "systems"?
    monitor.toml:6:8: channels.mail: must be a table, [channels.mail], not a string
    "#);
}

#[test]
fn nothing_turned_on() {
    insta::assert_snapshot!(errors(""), @r#"
    monitor.toml:1:1: metrics: missing; no metric is turned on; an empty [metrics.x] turns one on
    "#);
}

#[test]
fn what_a_declared_metric_must_have() {
    let text = with(
        r#"[metrics.w]
[metrics.Umsatz]
fetch = { system = "a", path = "total" }
alert = { abov = 5 }
[metrics.v]
fetc = { system = "a", path = "/", value = "$.total" }
alert = {}
title = ""
interval = "10ms"
notify = ["nobody"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:10: metrics.w.fetch: missing; say where its total is read, such as { system = "a", path = "/api/orders", value = "$.total" }
    monitor.toml:13:10: metrics.w.alert: missing; say when it alerts, such as { rise = 1 } or { above = 100, clear_below = 90 }
    monitor.toml:14:10: metrics.Umsatz: "Umsatz" is no key for a metric: small letters, digits and _, a letter first, at most 64; what people read is `title`
    monitor.toml:15:1: metrics.Umsatz.fetch: does not say how to take the number from the answer: give one of value, count, sum, max, min (a JSONPath such as "$.total"), header, regex or select
    monitor.toml:15:32: metrics.Umsatz.fetch.path: is not a path: start it with one "/"; the host comes from the system's base_url
    monitor.toml:16:11: metrics.Umsatz.alert.abov: there is no such key; did you mean "above"?
    monitor.toml:18:1: metrics.v.fetc: there is no such key; did you mean "fetch"?
    monitor.toml:19:1: metrics.v.alert: no condition; set one of rise, fall, change, above, below, outside, when, no_data
    monitor.toml:20:9: metrics.v.title: must not be empty; leave it out for the default
    monitor.toml:21:12: metrics.v.interval: must be from 100ms to 7days, not 10ms
    monitor.toml:22:11: metrics.v.notify[0]: no channel "nobody"; there is only mail
    "#);
}

#[test]
fn systems_and_channels() {
    let text = r#"
[systems.a]
base_url = "ftp://a.example"
[systems."b c"]
kind = "oauth2"
passwrd = "hunter2"
[systems.c]
kind = "none"
base_url = "https://monitor:hunter2@c.example"
password = { vault = "hunter2" }
[systems.d]
kind = 5
base_url = "https://d.example"
token = { file = "/no/such/file" }
[alarm]
system = "e"
path = "alarm"
[channels.mail]
url = "smtp://localhost"
[channels.post]
kind = "smtp"
from = "monitor"
to = []
password = 987654
[metrics.x]
fetch = { system = "c" }
details = { system = "c" }
"#;
    let errors = errors(text);
    assert!(
        !errors.contains("hunter2") && !errors.contains("987654"),
        "{errors}"
    );
    insta::assert_snapshot!(errors, @r#"
    monitor.toml:2:10: systems.a.kind: missing; set it to one of system_a, system_b, none
    monitor.toml:3:12: systems.a.base_url: must begin with http:// or https://, such as "https://a.example"
    monitor.toml:4:10: systems."b c": "b c" is no good name: letters, digits, _ and -, at most 64
    monitor.toml:4:10: systems."b c".base_url: missing; where the system is, such as "https://a.example"
    monitor.toml:5:8: systems."b c".kind: no kind "oauth2"; there are system_a, system_b, none
    monitor.toml:6:1: systems."b c".passwrd: there is no such key; did you mean "password"?
    monitor.toml:9:12: systems.c.base_url: must not hold a user or password; they have keys of their own
    monitor.toml:10:1: systems.c.password: is not used by kind "none": remove it
    monitor.toml:12:8: systems.d.kind: must be a string in quotes, not a number
    monitor.toml:16:10: alarm.system: no system "e"; there are a, b c, c, d
    monitor.toml:17:8: alarm.path: is not a path: start it with one "/"; the host comes from the system's base_url
    monitor.toml:18:11: channels.mail.kind: missing; set it to smtp
    monitor.toml:20:11: channels.post.url: missing; smtp://HOST:25, smtps://USER@HOST:465, smtp+starttls://USER@HOST:587 or file:DIR
    monitor.toml:22:8: channels.post.from: "monitor" is not a mail address (Invalid input); such as "ops@example.com" or "Ops <ops@example.com>"
    monitor.toml:23:6: channels.post.to: names nobody; give at least one address, such as ["ops@example.com"]
    monitor.toml:24:12: channels.post.password: a secret must be a string, { env = "NAME" } or { file = "/path" }; put a number in quotes
    "#);
}

#[test]
fn what_a_login_misses_and_does_not_take() {
    let text = with(
        r#"[systems.c]
kind = "system_a"
base_url = "https://c.example"
token = "$.token"
scheme = "Bearer"
timeout = "0s"
ca_file = "/no/such/ca.pem"
login = { path = "login", scope = "read", method = "PUT" }
[systems.d]
kind = "none"
base_url = "https://d.example"
username = "monitor"
password = { env = "MONITOR_TEST_NO_SUCH_VARIABLE" }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:10: systems.c.username: missing; the name of the account to sign in with
    monitor.toml:13:10: systems.c.password: missing; { env = "NAME" } or { file = "/run/secrets/name" }
    monitor.toml:16:1: systems.c.token: there is no such key; there are kind, base_url, headers, timeout, retries, ca_file, client_cert, client_key, proxy, ok, sign, username, password, signed_out, login
    monitor.toml:17:1: systems.c.scheme: there is no such key; there are kind, base_url, headers, timeout, retries, ca_file, client_cert, client_key, proxy, ok, sign, username, password, signed_out, login
    monitor.toml:18:11: systems.c.timeout: must be longer than 0s, such as "5s"
    monitor.toml:19:11: systems.c.ca_file: /no/such/ca.pem cannot be read: No such file or directory (os error 2)
    monitor.toml:20:18: systems.c.login.path: must begin with "/"; the host comes from base_url
    monitor.toml:20:27: systems.c.login.scope: there is no such key; there are path, ok
    monitor.toml:20:43: systems.c.login.method: there is no such key; there are path, ok
    monitor.toml:24:12: systems.d.username: is not used by kind "none": remove it
    monitor.toml:25:1: systems.d.password: is not used by kind "none": remove it
    "#);
}

/// What the client would refuse to be built with is said here: the programs that start read the same settings.
#[test]
fn a_proxy_and_headers_that_no_client_can_have() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display();
    let text = format!(
        r#"[systems.c]
kind = "none"
base_url = "https://c.example"
proxy = "http://u:hunter2@proxy.example:99999"
headers = {{ X-Key = "hunter2\n", X-Tenant = "t1", "X Key" = "hunter2" }}
[systems.d]
kind = "none"
base_url = "https://d.example"
proxy = "ftp://hunter2"
ca_file = "{path}"
client_key = "{path}"
[systems.e]
kind = "none"
base_url = "https://e.example"
proxy = ""
client_cert = "{path}"
[systems.e.headers]
X-Key = "hunter2\u0000"
[systems.f]
kind = "none"
base_url = "https://f.example"
proxy = "::::"
[channels.pager]
kind = "smtp"
url = "smtps://localhost"
from = "a@example.com"
to = ["a@example.com"]
ca_file = "{path}"
"#
    );
    let errors = errors(&with(&text)).replace(&path.to_string(), "EMPTY");
    assert!(!errors.contains("hunter2"), "{errors}");
    insta::assert_snapshot!(errors, @r#"
    monitor.toml:16:9: systems.c.proxy: must be the address of an HTTP proxy, such as "http://proxy.example:3128"
    monitor.toml:17:21: systems.c.headers.X-Key: cannot be sent: the value has forbidden characters, such as a line feed
    monitor.toml:17:61: systems.c.headers."X Key": cannot be sent: that is no header name
    monitor.toml:21:9: systems.d.proxy: must be the address of an HTTP proxy, such as "http://proxy.example:3128"
    monitor.toml:22:11: systems.d.ca_file: EMPTY has no certificate (-----BEGIN CERTIFICATE-----)
    monitor.toml:23:14: systems.d.client_key: is set and client_cert is not: set both, or neither
    monitor.toml:27:9: systems.e.proxy: must be the address of an HTTP proxy, such as "http://proxy.example:3128"
    monitor.toml:28:15: systems.e.client_cert: EMPTY with client_key must hold a certificate and its key, as PEM
    monitor.toml:30:9: systems.e.headers.X-Key: cannot be sent: the value has forbidden characters, such as a line feed
    monitor.toml:34:9: systems.f.proxy: must be the address of an HTTP proxy, such as "http://proxy.example:3128"
    monitor.toml:40:11: channels.pager.ca_file: EMPTY has no certificate (-----BEGIN CERTIFICATE-----)
    "#);
    for proxy in [
        "http://u:p@proxy.example:3128",
        "https://proxy.example",
        "proxy.example:3128",
    ] {
        let text = with(&format!(
            "[systems.c]\nkind = \"none\"\nbase_url = \"https://c.example\"\nproxy = \"{proxy}\"\n\
             headers = {{ X-Tenant = \"密钥\" }}\n"
        ));
        assert!(load_str("monitor.toml", &text, &[]).is_ok(), "{proxy}");
    }
}

/// Dates and times need no quotes in TOML, and what takes any keys would take one for a table.
#[test]
fn a_date_is_no_string() {
    let text = with(
        r#"fetch = { system = "a", headers = { X-Day = 1979-05-27 }, query = 1979-05-27, body = { from = [1979-05-27] } }
details = 1979-05-27
interval = 07:32:00
[systems.c]
kind = "system_a"
base_url = "https://c.example"
username = "u"
password = 1979-05-27
[web]
metrics_token = 07:32:00
[channels.pager]
kind = "smtp"
url = 1979-05-27T07:32:00Z
from = "a@example.com"
to = ["a@example.com"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:45: metrics.x.fetch.headers.X-Day: must be a string in quotes, not a date or time
    monitor.toml:13:67: metrics.x.fetch.query: must be a string in quotes, not a date or time
    monitor.toml:13:96: metrics.x.fetch.body.from[0]: must be a string in quotes, not a date or time
    monitor.toml:14:11: metrics.x.details: must be a table, not a date or time
    monitor.toml:15:12: metrics.x.interval: must be a duration such as "30s" or "5m", not a date or time
    monitor.toml:20:12: systems.c.password: must be a string, { env = "NAME" } or { file = "/path" }
    monitor.toml:22:17: web.metrics_token: must be a string, { env = "NAME" } or { file = "/path" }
    monitor.toml:25:7: channels.pager.url: must be a string, { env = "NAME" } or { file = "/path" }
    "#);
    // In a variable it is a text.
    let env = [
        ("MONITOR__WEB__METRICS_TOKEN", "1979-05-27"),
        ("MONITOR__METRICS__X__TITLE", "07:32:00"),
        ("MONITOR__METRICS__X__FETCH__QUERY__DAY", "1979-05-27"),
        ("MONITOR__METRICS__X__FETCH__BODY__DAY", "1979-05-27"),
    ];
    let loaded = load_str("monitor.toml", &with(""), &variables(&env));
    let settings = loaded.unwrap_or_else(|errors| panic!("{errors}")).settings;
    let fetch = settings.metrics[0].fetch.clone().unwrap();
    assert_eq!(fetch.query["day"], "1979-05-27");
    assert_eq!(fetch.body.unwrap()["day"], "1979-05-27");
}

/// What somebody wrote neither ends the line of a message, nor moves the cursor, nor turns the text.
#[test]
fn a_message_is_one_line_and_shows_what_hides() {
    let text = with(
        "title = 5\n[web]\nlang = \"d\\u001B[31m\\ne\"\n\"b\\u202Eind\" = 1\n[\"maintenance\".\"a\\u0007\"]\nzone = \"\\u202E\"\n",
    );
    let env = [(
        "MONITOR__WORKER__NOTIFY",
        "[\"a\\r\\nmonitor.toml:1:1: good\\u0085\"]",
    )];
    let said =
        monitor_settings::load_str("a\u{1b}\n.toml", &text, &variables(&env), &listed_kinds()).unwrap_err();
    let lines = said.to_string();
    assert_eq!(lines.lines().count(), said.0.len(), "{lines}");
    assert!(
        !lines.contains(|c: char| c != '\n' && c.is_control()),
        "{lines:?}"
    );
    assert!(!lines.contains('\u{202E}'), "{lines:?}");
    let env = [("MONITOR__WEB__LANG", "en\n\u{1b}[31m")];
    assert_eq!(
        errors_with(&with(""), &env),
        "MONITOR__WEB__LANG: web.lang: no language \"en ␛[31m\"; there are en, zh-CN"
    );
}

/// A query may hold an API key, and an address a password.
#[test]
fn what_may_hold_a_secret_is_not_repeated() {
    let text = with(
        r#"fetch = { system = "a", path = "http://h/?k=hunter2", headers = { X-Key = 20021983 }, query = { key = 20021983 } }
details = { system = "b", path = "/d/{{ nope }}?key=hunter2", query = { key = "hunter2" } }
[metrics.y]
details = { system = "b", path = "/d", query = { key = "hunter2{{ nope" } }
[metrics.z]
details = { system = "b", path = "/d?key=hunter2{{ total | hidden }}" }
[alarm]
system = "a"
path = "h/?k=hunter2"
[web]
cors_origins = ["https://u:hunter2@intranet.example", "https://a.example"]
"#,
    );
    let errors = errors(&text);
    assert!(
        !errors.contains("hunter2") && !errors.contains("20021983"),
        "{errors}"
    );
    insta::assert_snapshot!(errors, @r#"
    monitor.toml:13:32: metrics.x.fetch.path: is not a path: start it with one "/"; the host comes from the system's base_url
    monitor.toml:13:75: metrics.x.fetch.headers.X-Key: must be a string in quotes, not a number
    monitor.toml:13:103: metrics.x.fetch.query.key: must be a string in quotes, not a number
    monitor.toml:14:34: metrics.x.details.path: nothing is called "nope" here; there are delta, key, nonce, now, now_http, now_iso, now_ms, previous, total, value
    monitor.toml:16:56: metrics.y.details.query.key: not a template: Unexpected end of input at column 15
    monitor.toml:18:34: metrics.z.details.path: not a template: there is no filter "hidden"
    monitor.toml:21:8: alarm.path: is not a path: start it with one "/"; the host comes from the system's base_url
    monitor.toml:23:17: web.cors_origins[0]: is no origin; give scheme and host alone, such as "https://intranet.example"
    "#);
}

#[test]
fn a_default_that_is_not_there_says_so() {
    let text = "[systems.shop]\nkind = \"none\"\nbase_url = \"https://shop.example\"\n[metrics.x]\n";
    insta::assert_snapshot!(errors(text), @r#"
    monitor.toml:4:10: metrics.x.fetch.system: no system "a", the built-in default; add [systems.a] or set another one; there is only shop
    monitor.toml:4:10: metrics.x.details.system: no system "b", the built-in default; add [systems.b] or set another one; there is only shop
    "#);
}

#[test]
fn an_escalation_names_channels_that_exist() {
    let text = with(
        r#"alert = { rise = 1, escalate = { after = "10m", notify = ["mail", "oncall"] } }
[metrics.y]
alert = { rise = 0, escalate = { notify = ["mial"] } }
[metrics.z]
alert = { escalate = { after = 10, notify = [] } }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:67: metrics.x.alert.escalate.notify[1]: no channel "oncall"; there is only mail
    monitor.toml:15:18: metrics.y.alert.rise: must be more than 0 (the least rise that alerts), not 0
    monitor.toml:15:21: metrics.y.alert.escalate.after: say how long after the alert, more than 0s, such as "10m"
    monitor.toml:15:44: metrics.y.alert.escalate.notify[0]: no channel "mial"; did you mean "mail"?
    monitor.toml:17:32: metrics.z.alert.escalate.after: must be a duration such as "30s" or "5m", not 10
    monitor.toml:17:45: metrics.z.alert.escalate.notify: say which channels to notify, such as ["oncall"]
    "#);
}

#[test]
fn steps_of_an_escalation_are_checked_one_by_one() {
    let text = with(
        r#"alert = { rise = 1, escalate = [{ after = "30m", notify = ["mail"] }, { after = "10m", notify = ["mial"] }] }
[metrics.y]
alert = { rise = 1, escalate = [{ after = "10m", notify = ["mail"] }, { after = "30m", notify = [] }] }
[metrics.z]
alert = { rise = 1, escalate = [{ after = "10m", notify = ["mail"] }, { afer = "30m" }] }
[metrics.w]
alert = { rise = 1, escalate = [] }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:81: metrics.x.alert.escalate[1].after: each step comes later than those before it, counted from the alert: 10m is not after 30m
    monitor.toml:13:98: metrics.x.alert.escalate[1].notify[0]: no channel "mial"; did you mean "mail"?
    monitor.toml:15:97: metrics.y.alert.escalate[1].notify: say which channels to notify, such as ["oncall"]
    monitor.toml:17:73: metrics.z.alert.escalate[1].afer: there is no such key; did you mean "after"?
    monitor.toml:18:10: metrics.w.fetch: missing; say where its total is read, such as { system = "a", path = "/api/orders", value = "$.total" }
    monitor.toml:19:32: metrics.w.alert.escalate: has no step; write one such as { after = "10m", notify = ["oncall"] }, or leave it out
    "#);
}

#[test]
fn a_percentage_and_a_span_are_written_so() {
    let text = with(
        r#"alert = { rise = "20", within = "1h" }
[metrics.y]
alert = { fall = "a fifth%", within = "0s" }
[metrics.z]
alert = { change = "-5%", within = "5m", baseline = "last_alert" }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:18: metrics.x.alert.rise: "20" is no percentage; write a number, or a percentage such as "20%"
    monitor.toml:15:18: metrics.y.alert.fall: "a fifth%" is no percentage; write a number, or a percentage such as "20%"
    monitor.toml:17:20: metrics.z.alert.change: must be more than 0 (the least change that alerts), not -5
    monitor.toml:17:36: metrics.z.alert.within: already counts from the last alert where that was within the span; leave out baseline
    "#);
    let text = with(
        r#"alert = { rise = "20%", within = "2d" }
[metrics.y]
alert = { fall = "20%", within = "23h" }
[worker]
keep_samples = "1d"
"#,
    );
    insta::assert_snapshot!(errors(&text), @"monitor.toml:13:34: metrics.x.alert.within: needs readings from 2days ago, and worker.keep_samples is 1day: keep them for longer, or go back less far");
}

#[test]
fn an_expression_is_checked_with_its_place_and_names_metrics_that_exist() {
    let text = with(
        r#"alert = { when = 'valu > avg("one hour") * 2' }
[metrics.y]
alert = { when = 'value > metric("why") || value > metric("y") || value < metric("x")' }
[metrics.z]
alert = { when = "value + 1", for = "0s", clear_below = 5 }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:18: metrics.x.alert.when: column 1: there is no "valu"; there are value, previous, delta, rate, age
    monitor.toml:13:18: metrics.x.alert.when: column 12: "one hour" is no span of time, such as "1h": expected number at 0
    monitor.toml:15:18: metrics.y.alert.when: no metric "why"; there are x, y, z
    monitor.toml:15:18: metrics.y.alert.when: metric(…) is for other metrics; its own values are value and previous
    monitor.toml:17:18: metrics.z.alert.when: must be true or false, such as 'value > 100', and this is a number
    monitor.toml:17:37: metrics.z.alert.for: must be longer than 0s; leave it out for the default
    monitor.toml:17:57: metrics.z.alert.clear_below: goes with above or outside only; remove it
    "#);
    let text = with(
        r#"alert = { when = 'value > ago("7d") && value > max("6d")' }
[metrics.y]
alert = { when = "value > 100 extra" }
[worker]
keep_samples = "7d"
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:18: metrics.x.alert.when: needs readings from 7days ago, and worker.keep_samples is 7days: keep them for longer, or go back less far
    monitor.toml:15:18: metrics.y.alert.when: column 13: extra is not expected here
    "#);
}

#[test]
fn metrics_depend_on_others_that_exist_and_not_on_each_other() {
    let text = with(
        r#"depends_on = ["y", "why", "x"]
[metrics.y]
depends_on = ["z"]
[metrics.z]
depends_on = ["y", "x"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:15: metrics.x.depends_on[0]: leads back to itself: x → y → z → x; while one of them fires, nobody would be notified of any
    monitor.toml:13:20: metrics.x.depends_on[1]: no metric "why"; there are x, y, z
    monitor.toml:13:27: metrics.x.depends_on[2]: is the metric itself; name those that it depends on
    monitor.toml:15:15: metrics.y.depends_on[0]: leads back to itself: y → z → y; while one of them fires, nobody would be notified of any
    "#);
}

#[test]
fn flapping_is_for_levels_and_has_two_keys() {
    let text = with(
        r#"alert = { flapping = { alerts = 5, within = "10m" } }
[metrics.y]
alert = { above = 5, flapping = { alerts = 1, within = "0s" } }
[metrics.z]
alert = { flapping = { alert = 5, within = "ten" } }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:11: metrics.x.alert.flapping: goes with above, below, outside or when only; remove it
    monitor.toml:15:44: metrics.y.alert.flapping.alerts: say how many alerts are flapping, from 2 to 100, such as 5
    monitor.toml:15:56: metrics.y.alert.flapping.within: say within how long, more than 0s, such as "10m"
    monitor.toml:17:24: metrics.z.alert.flapping.alert: there is no such key; did you mean "alerts"?
    monitor.toml:17:44: metrics.z.alert.flapping.within: must be a duration such as "30s" or "5m", not "ten"
    "#);
}

#[test]
fn routes() {
    let text = with(
        r#"[metrics.w]
push = { token = { env = "PATH" } }
alert = { rise = 1 }
group = ""
labels = { Team = "shop", site = "" }
[[routes]]
metrics = ["x", "z", "orders"]
groups = ["pay"]
labels = { team = "stock" }
severities = ["loud"]
notify = ["pager"]
[[routes]]
from = "22:00"
zone = "Asia/Peking"
[[routes]]
name = ""
notfiy = ["mail"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:16:9: metrics.w.group: must not be empty; leave it out for the default
    monitor.toml:17:12: metrics.w.labels.Team: is no name of a label: small letters, digits and _, a letter first, at most 64
    monitor.toml:17:34: metrics.w.labels.site: must not be empty; leave it out for the default
    monitor.toml:19:17: routes[0].metrics[1]: metric "z" is not turned on; an empty [metrics.z] turns it on
    monitor.toml:19:22: routes[0].metrics[2]: no metric "orders"; there are x, w
    monitor.toml:20:11: routes[0].groups[0]: no metric is in the group "pay"; none is in any: set group of a metric
    monitor.toml:21:19: routes[0].labels.team: no metric has the label team = "stock"
    monitor.toml:22:15: routes[0].severities[0]: "loud" is not possible; there are info, warning, critical
    monitor.toml:23:11: routes[0].notify[0]: no channel "pager"; there is only mail
    monitor.toml:24:1: routes[1].notify: missing; the names of channels, such as ["oncall"], or [] for nobody
    monitor.toml:24:1: routes[1].to: missing; such as "06:00"
    monitor.toml:26:8: routes[1].zone: no time zone "Asia/Peking"; give an IANA name, such as "Asia/Shanghai", "Europe/Berlin" or "UTC"
    monitor.toml:28:8: routes[2].name: must not be empty; leave it out for the default
    monitor.toml:29:1: routes[2].notfiy: there is no such key; did you mean "notify"?
    "#);
    insta::assert_snapshot!(errors(&with("[routes]\nnight = 1\n")), @"monitor.toml:13:2: routes: must be a list of tables, each under its own [[routes]]");
}

#[test]
fn maintenance_windows() {
    let text = with(
        r#"[maintenance]
weekly = "mon 22:30"
[maintenance."a b"]
from = "22:30"
[maintenance.nightly]
days = ["mon", "tues"]
from = 22:30
to = "6:00"
zone = "asia/shanghai"
metrics = ["x", "z", "orders", "X"]
until = "06:00"
[maintenance.batch]
from = "22:30"
to = "22:30"
days = []
metrics = []
zone = "CET+1"
reason = """two
lines"""
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:14:10: maintenance.weekly: must be a table, [maintenance.weekly], not a string
    monitor.toml:15:14: maintenance."a b": "a b" is no good name: letters, digits, _ and -, at most 64
    monitor.toml:15:14: maintenance."a b".to: missing; such as "06:00"
    monitor.toml:18:16: maintenance.nightly.days[1]: "tues" is not possible; did you mean "tue"? There are mon, tue, wed, thu, fri, sat, sun
    monitor.toml:19:8: maintenance.nightly.from: must be a string in quotes, not a date or time
    monitor.toml:20:6: maintenance.nightly.to: "6:00" is no time of day; write HH:MM, such as "06:00"
    monitor.toml:21:8: maintenance.nightly.zone: no time zone "asia/shanghai"; did you mean "Asia/Shanghai"?
    monitor.toml:22:17: maintenance.nightly.metrics[1]: metric "z" is not turned on; an empty [metrics.z] turns it on
    monitor.toml:22:22: maintenance.nightly.metrics[2]: no metric "orders"; there is only x
    monitor.toml:22:32: maintenance.nightly.metrics[3]: no metric "X"; did you mean "x"?
    monitor.toml:23:1: maintenance.nightly.until: there is no such key; there are days, from, to, zone, metrics, reason
    monitor.toml:26:6: maintenance.batch.to: must not be the same as from; for a whole day make two windows, 00:00 to 12:00 and 12:00 to 00:00
    monitor.toml:27:8: maintenance.batch.days: names no day; leave it out for every day
    monitor.toml:28:11: maintenance.batch.metrics: names no metric; leave it out for every metric
    monitor.toml:29:8: maintenance.batch.zone: no time zone "CET+1"; give an IANA name, such as "Asia/Shanghai", "Europe/Berlin" or "UTC"
    monitor.toml:30:10: maintenance.batch.reason: must be one line, without control characters
    "#);
}

#[test]
fn the_worker_notifies_channels_and_a_switch_that_exist() {
    let heartbeat = |url: &str| errors(&with(&format!("[worker]\nheartbeat_url = {url}\n")));
    let hunter2 = [
        "\"hunter2\"",
        "\"hunter2://switch.example\"",
        "\"https://hunter2:x/\"",
        "[\"hunter2\"]",
        "{ vault = \"hunter2\" }",
    ];
    let said: Vec<String> = hunter2.iter().map(|url| heartbeat(url)).collect();
    assert!(!said.join("\n").contains("hunter2"), "{said:?}");
    insta::assert_snapshot!(said.join("\n"), @r#"
    monitor.toml:14:17: worker.heartbeat_url: not a URL: put http:// or https:// before it, such as "https://switch.example/ping/…"
    monitor.toml:14:17: worker.heartbeat_url: must begin with http:// or https://, such as "https://switch.example/ping/…"
    monitor.toml:14:17: worker.heartbeat_url: not a URL (invalid port number); give one such as "https://switch.example/ping/…"
    monitor.toml:14:17: worker.heartbeat_url: must be a string, { env = "NAME" } or { file = "/path" }
    monitor.toml:14:1: worker.heartbeat_url.vault: there is no such key; there are env, file
    "#);
    let text =
        with("[worker]\nnotify = [\"mail\", \"mial\"]\nheartbeat_url = { env = \"NO_SUCH_SWITCH\" }\n");
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:14:19: worker.notify[1]: no channel "mial"; did you mean "mail"?
    monitor.toml:15:1: worker.heartbeat_url: environment variable NO_SUCH_SWITCH is not set
    "#);
    let text = with("[worker]\nheartbeat_url = { env = \"SWITCH\" }\n");
    insta::assert_snapshot!(errors_with(&text, &[("SWITCH", "ftp://switch.example")]), @r#"
    monitor.toml:14:1: worker.heartbeat_url: must begin with http:// or https://, such as "https://switch.example/ping/…"
    "#);
}

#[test]
fn messages_sent_one_by_one_are_from_1_to_1000() {
    let text =
        with("max_messages = 0\n[metrics.y]\nmax_messages = 1001\n[metrics.z]\nmax_messages = \"all\"\n");
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:16: metrics.x.max_messages: must be from 1 to 1000, not 0
    monitor.toml:15:16: metrics.y.max_messages: must be from 1 to 1000, not 1001
    monitor.toml:17:16: metrics.z.max_messages: must be a whole number, 0 or more, not "all"
    "#);
}

#[test]
fn a_runbook_is_the_address_of_a_page() {
    let text = with("runbook = \"wiki/orders\"\n[metrics.y]\nrunbook = \"javascript:alert(1)\"\n");
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:11: metrics.x.runbook: is no address of a page; write one with its scheme, as in "https://wiki.example.com/orders"
    monitor.toml:15:11: metrics.y.runbook: is no address of a page; write one with its scheme, as in "https://wiki.example.com/orders"
    "#);
}

#[test]
fn a_key_of_before_is_of_one_metric_and_of_none_any_more() {
    let text = with(
        r#"was = "x"
[metrics.y]
was = "a b"
[metrics.z]
was = "old"
[metrics.w]
fetch = { system = "a", path = "/w", value = "$.total" }
alert = { rise = 1 }
was = "old"
[metrics.v]
fetch = { system = "a", path = "/v", value = "$.total" }
alert = { rise = 1 }
was = "z"
[metrics.u]
fetch = { system = "a", path = "/u", value = "$.total" }
alert = { rise = 1 }
was = ["s", "t"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:13:7: metrics.x.was: is the key that it has now; leave it out
    monitor.toml:15:7: metrics.y.was: "a b" is no key for a metric: small letters, digits and _, a letter first, at most 64
    monitor.toml:21:7: metrics.w.was: "old" is what metrics.z was; its history can go to one of them only
    monitor.toml:25:7: metrics.v.was: [metrics.z] is in the config still; remove that section, or leave was out: one metric cannot be both
    monitor.toml:29:7: metrics.u.was: must be a string in quotes, not a list
    "#);
}

#[test]
fn a_digest_takes_up_to_a_day() {
    let channel = |name: &str, digest: &str| {
        format!(
            "[channels.{name}]\nkind = \"smtp\"\nurl = \"smtp://localhost\"\nfrom = \"a@example.com\"\n\
             to = [\"a@example.com\"]\ndigest = {digest}\n"
        )
    };
    let more = [
        channel("a", "\"0s\""),
        channel("b", "\"25h\""),
        channel("c", "60"),
    ]
    .concat();
    insta::assert_snapshot!(errors(&with(&more)), @r#"
    monitor.toml:18:10: channels.a.digest: must be longer than nothing and at most a day, such as "1m"; leave it out to send each message on its own
    monitor.toml:24:10: channels.b.digest: must be longer than nothing and at most a day, such as "1m"; leave it out to send each message on its own
    monitor.toml:30:10: channels.c.digest: must be a duration such as "30s" or "5m", not 60
    "#);
}

#[test]
fn addresses_that_others_can_reach() {
    let text = with(
        r#"[web]
bind = "[::]:8080"
base_url = "monitor.example"
cors_origins = ["https://a.example", "*"]
lang = "de"
templates = "/no/such/folder"
[worker]
listen = "192.0.2.1:9464"
shutdown = "0s"
auto_acknowledge = "0s"
keep_alerts = "0d"
[database]
url = "mysql://localhost"
statement_timeout = "0s"
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:14:8: web.bind: [::]:8080 can be reached from other machines, and nobody has to sign in, because that is not built yet; bind to 127.0.0.1:8080, and come in through a tunnel: ssh -L 8080:127.0.0.1:8080 HOST
    monitor.toml:15:12: web.base_url: not a URL: put http:// or https:// before it, such as "https://a.example"
    monitor.toml:16:38: web.cors_origins[1]: is no origin; give scheme and host alone, such as "https://intranet.example"
    monitor.toml:17:8: web.lang: no language "de"; there are en, zh-CN
    monitor.toml:18:13: web.templates: there is no folder /no/such/folder
    monitor.toml:20:10: worker.listen: 192.0.2.1:9464 can be reached from other machines; set worker.metrics_token, or listen on 127.0.0.1:9464
    monitor.toml:21:12: worker.shutdown: must be longer than 0s
    monitor.toml:22:20: worker.auto_acknowledge: must be longer than 0s
    monitor.toml:23:15: worker.keep_alerts: must be longer than 0s
    monitor.toml:25:7: database.url: "mysql:" is no database; begin with "sqlite:" or "postgres://"
    monitor.toml:26:21: database.statement_timeout: must be from 1s to 1m
    "#);
    // Several servers, to be tried in turn: each of them is checked.
    let database = |url: &str| with(&format!("[database]\nurl = \"{url}\"\n"));
    for url in [
        "postgres://u@one,two/m",
        "postgres://u@one:5432,two:5433,[::1]:5434/m?target_session_attrs=read-write",
        "postgres:///m?host=/run/postgresql",
    ] {
        let loaded = load_str("monitor.toml", &database(url), &variables(&[]));
        assert!(loaded.is_ok(), "{url}: {}", loaded.unwrap_err());
    }
    for url in [
        "postgres://u@one:x,two/m",
        "postgres://u@one,two:99999/m",
        "postgres://u@one,[::1/m",
    ] {
        let said = errors(&database(url));
        assert!(said.contains("database.url: not a URL"), "{url}: {said}");
    }
    for (given, said) in [
        ("\"999ms\"", "must be from 1s to 1m"),
        ("\"61s\"", "must be from 1s to 1m"),
        ("10", "must be a duration such as \"30s\" or \"5m\", not 10"),
        (
            "\"never\"",
            "must be a duration such as \"30s\" or \"5m\", not \"never\"",
        ),
    ] {
        let text = with(&format!("[database]\nstatement_timeout = {given}\n"));
        let expected = format!("monitor.toml:14:21: database.statement_timeout: {said}");
        assert_eq!(errors(&text).trim(), expected);
    }
    let text = with("[worker]\nlisten = \"127.0.0.1:8080\"\n[database]\nurl = \"hunter2\"");
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:14:10: worker.listen: 127.0.0.1:8080 is taken by web.bind; give another port, or "" for none
    monitor.toml:16:7: database.url: has no scheme; begin with "sqlite:" or "postgres://"
    "#);
}

/// What takes sign-in, which is not built: said where it stands, and beside all else that is wrong.
#[test]
fn sign_in_is_refused_where_it_is_demanded() {
    let text = with(
        r#"[web]
bind = "192.0.2.1:8081"
auth = "required"
lang = "de"
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:14:8: web.bind: 192.0.2.1:8081 can be reached from other machines, and nobody has to sign in, because that is not built yet; bind to 127.0.0.1:8081, and come in through a tunnel: ssh -L 8081:127.0.0.1:8081 HOST
    monitor.toml:15:8: web.auth: "required" cannot be kept, because sign-in is not built yet; set it to "none", with a bind on loopback such as "127.0.0.1:8081"
    monitor.toml:16:8: web.lang: no language "de"; there are en, zh-CN
    "#);
    let bind = |bind: &str| {
        let text = with(&format!("[web]\nbind = \"{bind}\"\n"));
        load_str("monitor.toml", &text, &[]).map_err(|errors| errors.to_string())
    };
    for good in [
        "127.0.0.1:8080",
        "127.9.9.9:1",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:80",
        "localhost:80",
    ] {
        assert!(bind(good).is_ok(), "{good}: {}", bind(good).unwrap_err());
    }
    for bad in ["0.0.0.0:8080", "[::]:8080", "10.0.0.1:80", "[::ffff:10.0.0.1]:80"] {
        let error = bind(bad).unwrap_err();
        assert!(
            error.starts_with("monitor.toml:14:8: web.bind: "),
            "{bad}: {error}"
        );
    }
    // From the environment it stands there.
    let env = [("MONITOR__WEB__AUTH", "required")];
    let error = errors_with(&with(""), &env);
    assert!(
        error.starts_with("MONITOR__WEB__AUTH: web.auth: \"required\" cannot be kept"),
        "{error}"
    );
    let text = with("[web]\nauth = \"none\"\npublic_read = true\n");
    assert!(load_str("monitor.toml", &text, &[]).is_ok());
}

/// A URL that is one, and that this build cannot open.
#[test]
fn a_database_that_cannot_be_opened_is_said_before_it_is_tried() {
    for (url, said) in [
        (
            "postgres://u@db/m?sslmode=require",
            "sslmode=require demands TLS to the database",
        ),
        ("postgres://u@db/m?sslmode=verify-full", "--features pg-tls"),
        ("postgres://u:hunter@2@db/m", "percent-encode"),
        ("sqlite::memory:", "a database in memory"),
        ("sqlite:src", "that is a folder"),
        ("sqlite:m.db?mode=ro", "takes no options"),
    ] {
        let text = with(&format!("[database]\nurl = \"{url}\"\n[web]\nlang = \"de\"\n"));
        let errors = errors(&text);
        let first = errors.lines().next().unwrap();
        assert!(
            first.starts_with("monitor.toml:14:7: database.url: ") && first.contains(said),
            "{url}: {first}"
        );
        assert_eq!(errors.lines().count(), 2, "{url}: {errors}");
        assert!(!errors.contains("hunter"), "{errors}");
    }
    for url in [
        "postgres://u@db/m?sslmode=prefer",
        "sqlite:m.db",
        "sqlite:/tmp/m.db",
    ] {
        let text = with(&format!("[database]\nurl = \"{url}\"\n"));
        assert!(load_str("monitor.toml", &text, &[]).is_ok(), "{url}");
    }
}

#[test]
fn variables_are_named_where_they_are_wrong() {
    let env = [
        ("MONITOR__WORKER__CONCURRENCY", "many"),
        ("MONITOR__WEB__BINT", "127.0.0.1:80"),
        ("MONITOR__METRICS__X__NOTIFY", "[\"mail\", \"pager\"]"),
        ("MONITOR__CHANNELS__MAIL__URL__HOST", "x"),
        ("MONITOR__", "x"),
    ];
    insta::assert_snapshot!(errors_with(&with(""), &env), @r#"
    MONITOR__: names no key; write it like MONITOR__WEB__BIND
    MONITOR__CHANNELS__MAIL__URL__HOST: channels.mail.url.host: channels.mail.url is a string, not a table
    MONITOR__METRICS__X__NOTIFY: metrics.x.notify[1]: no channel "pager"; there is only mail
    MONITOR__WEB__BINT: web.bint: there is no such key; did you mean "bind"?
    MONITOR__WORKER__CONCURRENCY: worker.concurrency: must be a whole number, 0 or more, not "many"
    "#);
}

#[test]
fn a_file_that_is_not_there() {
    let error = monitor_settings::load(std::path::Path::new("/no/such/monitor.toml"), &Kinds::stock())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/no/such/monitor.toml: there is no such file; `monitor init` writes one"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_text_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("monitor.toml");
    let before = "[web]\nlang = \"en\"\n# 密钥 ";
    for (bytes, place) in [
        ([before.as_bytes(), b"\xFFhunter2\n"].concat(), "3:6"),
        ([before.as_bytes(), b"\xE5\xAF"].concat(), "3:6"),
        (b"\xFF\xFE[\0w\0".to_vec(), "1:1"),
        (b"[web]\r\n\xC0\x80".to_vec(), "2:1"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let said = monitor_settings::load(&file, &Kinds::stock())
            .unwrap_err()
            .to_string();
        let expected = format!(
            "{}:{place}: from here on it is not UTF-8 text; save the file as UTF-8",
            file.display()
        );
        assert_eq!(said, expected);
    }
}

/// Broken anywhere, a config is an error with a place, never a panic.
#[test]
fn a_config_cut_or_garbled_anywhere_is_only_an_error() {
    let text = include_str!("../../../config/monitor.toml").replace("\n#", "\n");
    let garbage = [
        "",
        "\"",
        "[",
        "]",
        "=",
        "\n",
        "{ a = [",
        "é",
        "x.y = 1\n",
        "\0",
        "'''",
    ];
    for (i, (at, _)) in text.char_indices().step_by(61).enumerate() {
        let (before, after) = text.split_at(at);
        let garbage = garbage[i % garbage.len()];
        for broken in [before.to_owned(), format!("{before}{garbage}{after}")] {
            for error in load_str("monitor.toml", &broken, &[]).unwrap_err().0 {
                assert!(!error.message.is_empty(), "{error}");
            }
        }
    }
}

#[test]
fn what_metrics_share_is_named_where_it_is_wrong() {
    let text = with(
        r##"[fetches.orders]
system = "shop"
path = "/orders?since={{ prevous }}"
steps = [{ path = "/s", take = { id = "$.id", n = { select = "p >" } } }, { path = "/t?{{ nr }}", url = "https://b.example/" }]
[fetches.shops]
system = "a"
pth = "/shops"
[fetches."a b"]
system = "a"
path = "/a"
body = ["{{ key }}", { n = "{{ total }}" }]
[metrics.w]
fetch = { from = "orders", path = "/x", value = "open", steps = [{ path = "/s" }] }
alert = { rise = 1 }
[metrics.v]
fetch = { from = "ordrs", count = { selct = "p" } }
alert = { rise = 1 }
[metrics.u]
fetch = { from = "shops", select = "p", attribute = 5, scale = "0.01" }
alert = { rise = 1 }
[metrics.y]
fetch = { from = "a b" }
[metrics.z]
fetch = { system = "a", path = "/z", count = 5, headers = { X-A = "{{ now | date(fmt='%Y') }}" } }
"##,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    monitor.toml:14:10: fetches.orders.system: no system "shop"; there are a, b
    monitor.toml:15:8: fetches.orders.path: nothing is called "prevous" here; there are id, key, n, nonce, now, now_http, now_iso, now_ms, previous, value
    monitor.toml:16:47: fetches.orders.steps[0].take.n: not a CSS selector: DanglingCombinator
    monitor.toml:16:105: fetches.orders.steps[1].url: a step calls the same system as what comes after it: give a path
    monitor.toml:16:105: fetches.orders.steps[1].url: give either path or url
    monitor.toml:19:1: fetches.shops.pth: there is no such key; did you mean "path"?
    monitor.toml:20:10: fetches."a b": "a b" is no good name: letters, digits, _ and -, at most 64
    monitor.toml:23:8: fetches."a b".body: nothing is called "total" here; there are key, nonce, now, now_http, now_iso, now_ms, previous, value
    monitor.toml:25:35: metrics.w.fetch.path: [fetches.orders] says what is requested: leave this out, or leave from out
    monitor.toml:25:49: metrics.w.fetch.value: not a JSONPath (RFC 9535): it has to begin with $; write $.open
    monitor.toml:25:65: metrics.w.fetch.steps: [fetches.orders] says what is requested: leave this out, or leave from out
    monitor.toml:28:18: metrics.v.fetch.from: no section of [fetches] "ordrs"; did you mean "orders"?
    monitor.toml:28:37: metrics.v.fetch.count.selct: there is no such key; did you mean "select"?
    monitor.toml:31:53: metrics.u.fetch.attribute: must be a string in quotes, not a number
    monitor.toml:31:64: metrics.u.fetch.scale: must be a number, not "0.01"
    monitor.toml:36:46: metrics.z.fetch.count: must be a JSONPath in quotes, or a table such as { select = "tr.unpaid" }, not 5
    monitor.toml:36:67: metrics.z.fetch.headers.X-A: not a template: date takes format, timezone or offset, and days_back at column 10
    "#);
}

#[test]
fn a_call_that_no_metric_is_read_from_is_a_warning() {
    let text = with(
        r#"fetch = { from = "orders" }
[fetches.orders]
system = "a"
path = "/orders"
[fetches.shops]
system = "a"
path = "/shops"
"#,
    );
    let loaded = load_str("monitor.toml", &text, &[]).unwrap();
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "monitor.toml:17:10: fetches.shops: no metric is read from it: name it with fetch = { from = \"shops\", … }, or remove it"
        ]
    );
    let fetch = loaded.settings.metrics[0]
        .fetch
        .as_ref()
        .unwrap()
        .compile()
        .unwrap();
    assert_eq!(fetch.system, "a", "a built-in metric takes $.total from it");
}

#[test]
fn what_is_sent_is_not_read_too_and_has_a_token_that_a_header_can_carry() {
    let text = with(
        r#"push = { token = "x-0123456789abcdef" }
fetch = { system = "a", path = "/x" }
[metrics.w]
fetch = { system = "nobody", path = "/w", value = "$.n" }
push = { token = { env = "MONITOR_TEST_NO_SUCH_VARIABLE" } }
alert = { rise = 1 }
[metrics.v]
push = { tokn = "hunter2" }
alert = { rise = 1 }
[metrics.u]
push = { token = "hunter2 hunter2 hunter2" }
alert = { rise = 1 }
[metrics.t]
push = { token = 20021983 }
alert = { rise = 1 }
[metrics.s]
push = true
alert = { rise = 1 }
[metrics.r]
push = { token = "短短短短短短短短短短短短短短短短" }
[metrics.q]
push = {}
alert = { rise = 1 }
[metrics.p]
push = { token = "" }
alert = { rise = 1 }
"#,
    );
    let errors = errors(&text);
    assert!(
        !errors.contains("hunter2") && !errors.contains("20021983"),
        "{errors}"
    );
    insta::assert_snapshot!(errors, @r#"
    monitor.toml:14:1: metrics.x.fetch: push says that its values are sent: leave fetch out, or leave push out
    monitor.toml:16:1: metrics.w.fetch: push says that its values are sent: leave fetch out, or leave push out
    monitor.toml:17:10: metrics.w.push.token: environment variable MONITOR_TEST_NO_SUCH_VARIABLE is not set
    monitor.toml:20:10: metrics.v.push.tokn: there is no such key; did you mean "token"?
    monitor.toml:23:18: metrics.u.push.token: has characters that no header can carry: visible ASCII without spaces, such as what openssl rand -hex 24 prints
    monitor.toml:26:18: metrics.t.push.token: a secret must be a string, { env = "NAME" } or { file = "/path" }; put a number in quotes
    monitor.toml:29:8: metrics.s.push: must be a table, not true
    monitor.toml:31:10: metrics.r.alert: missing; say when it alerts, such as { rise = 1 } or { above = 100, clear_below = 90 }
    monitor.toml:32:18: metrics.r.push.token: has characters that no header can carry: visible ASCII without spaces, such as what openssl rand -hex 24 prints
    monitor.toml:34:1: metrics.q.push.token: missing; it is required
    monitor.toml:37:18: metrics.p.push.token: the secret is an empty string
    "#);
}

#[test]
fn a_token_is_that_of_one_metric() {
    let text = with(
        r#"
[metrics.w]
push = { token = "hunter2-0123456789" }
alert = { rise = 1 }
[metrics.v]
push = { token = "hunter2-0123456789" }
alert = { rise = 1 }
[metrics.u]
push = { token = "another-0123456789" }
alert = { rise = 1 }
"#,
    );
    let errors = errors(&text);
    assert!(!errors.contains("hunter2"), "{errors}");
    insta::assert_snapshot!(
        errors,
        @"monitor.toml:18:18: metrics.v.push.token: is the one of metrics.w too: give each metric one of its own"
    );
}

#[test]
fn a_metric_that_is_sent_needs_no_system_and_a_short_token_is_warned_about() {
    let text = "[metrics.w]\npush = { token = { env = \"W\" } }\nalert = { rise = 1, initial = \"learn\" }\n[metrics.x]\n\
                push = { token = { env = \"LONG\" } }\ninterval = \"1m\"\ndetails = { system = \"b\" }\n[systems.b]\nkind = \"none\"\n\
                base_url = \"https://b.example\"\n";
    let env = variables(&[("W", "hunter2"), ("LONG", "0123456789abcdef")]);
    let loaded = monitor_settings::load_str("monitor.toml", text, &env, &Kinds::stock());
    let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}"));
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings[1..],
        [
            "monitor.toml:2:10: metrics.w.push.token: is shorter than 16 characters and can be guessed; better what \
             openssl rand -hex 24 prints"
        ]
    );
    let metrics = &loaded.settings.metrics;
    assert!(
        metrics
            .iter()
            .all(|metric| metric.push.is_some() && metric.fetch.is_none())
    );
    assert!(!format!("{metrics:?}").contains("hunter2"));
}
