//! `for_each`: a metric that is a list, and what goes with it and does not.

use monitor_settings::Kinds;
use monitor_upstream::ForEachSettings;

use super::load_str;

/// A config in which only what a test adds can be wrong.
fn with(more: &str) -> String {
    format!(
        "[systems.a]\nkind = \"none\"\nbase_url = \"https://a.example\"\n\
         [channels.mail]\nkind = \"smtp\"\nurl = \"smtp://localhost\"\nfrom = \"m@example.com\"\nto = [\"o@example.com\"]\n{more}"
    )
}

fn errors(more: &str) -> String {
    let loaded = monitor_settings::load_str("m.toml", &with(more), &[], &Kinds::stock().any_metric());
    loaded
        .map(|_| String::new())
        .unwrap_or_else(|errors| errors.to_string())
}

const EACH: &str = r#"for_each = { items = "$.shops[*]", key = "$.id", value = "$.open" }"#;
const FETCH: &str = r#"fetch = { system = "a", path = "/api/shops" }"#;

#[test]
fn a_list_has_what_it_needs() {
    let text = with(&format!(
        r#"[metrics.open]
{FETCH}
for_each = {{ items = "$.shops[*]", key = "$['id']", label = "$.name", value = "$.n", limit = 1000 }}
alert = {{ above = 100 }}
details = {{ system = "a", path = "/shops/{{{{ item.key }}}}", query = {{ q = "{{{{ item.label | upper }}}} {{{{ key }}}}" }} }}
[metrics.cents]
fetch = {{ from = "shops", scale = 0.01, null_is_empty = true }}
{EACH}
alert = {{ rise = 1, initial = "learn" }}
[fetches.shops]
system = "a"
path = "/api/{{{{ key }}}}"
"#
    ));
    let loaded = load_str("m.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.warnings, []);
    let metrics = loaded.settings.metrics;
    let limits: Vec<usize> = metrics
        .iter()
        .filter_map(|metric| metric.for_each.as_ref().map(ForEachSettings::limit))
        .collect();
    assert_eq!(limits, [1000, 100]);
    for metric in &metrics {
        let (fetch, each) = (metric.fetch.as_ref().unwrap(), metric.for_each.as_ref().unwrap());
        fetch.compile_for_each(&metric.key, each).unwrap();
    }
}

#[test]
fn what_is_wrong_with_one_is_said_at_its_place() {
    let text = format!(
        r#"[metrics.open]
{FETCH}
for_each = {{ items = "$.shops[", label = "name", value = "$.n", limit = 0, kye = "$.id" }}
alert = {{ above = 100 }}
[metrics.more]
{FETCH}
for_each = {{ items = "$.shops[*]", key = "$.id", value = "$.n", limit = 1001 }}
alert = {{ above = 100 }}
[metrics.none]
{EACH}
alert = {{ above = 100 }}
[metrics.empty]
{FETCH}
for_each = {{}}
alert = {{ above = 100 }}
"#
    );
    insta::assert_snapshot!(errors(&text), @r#"
    m.toml:11:22: metrics.open.for_each.items: not a JSONPath (RFC 9535): it ends after "[": a name in quotes, an index or *, and a "]" are missing
    m.toml:11:42: metrics.open.for_each.label: not a JSONPath (RFC 9535): it has to begin with $; write $.name
    m.toml:11:73: metrics.open.for_each.limit: must be from 1 to 1000, not 0
    m.toml:11:76: metrics.open.for_each.kye: there is no such key; did you mean "key"?
    m.toml:15:73: metrics.more.for_each.limit: must be from 1 to 1000, not 1001
    m.toml:17:10: metrics.none.fetch: missing; say where the list is read, such as { system = "a", path = "/api/shops" }
    m.toml:22:1: metrics.empty.for_each.key: missing: a JSONPath within an item, such as "$.id"
    m.toml:22:1: metrics.empty.for_each.value: missing: a JSONPath within an item, such as "$.open"
    m.toml:22:1: metrics.empty.for_each.items: missing: the JSONPath of the items, such as "$.shops[*]"
    "#);
}

#[test]
fn what_does_not_go_with_one_is_refused() {
    let text = format!(
        r#"[metrics.open]
fetch = {{ system = "a", path = "/api/shops?of={{{{ item.key }}}}&n={{{{ previous }}}}", value = "$.n", decimal = "," }}
{EACH}
was = "shops"
alert = {{ above = 100 }}
details = {{ system = "a", path = "/shops/{{{{ item.id }}}}/{{{{ itm }}}}" }}
[metrics.x]
{EACH}
[metrics.w]
fetch = {{ system = "a", path = "/w", value = "$.n" }}
depends_on = ["open"]
alert = {{ when = 'value > metric("open")' }}
details = {{ system = "a", path = "/shops/{{{{ item.key }}}}" }}
[metrics.v]
fetch = {{ from = "shops", count = "$.n[*]" }}
{EACH}
depends_on = ["open.17"]
alert = {{ when = 'value > metric("open.17")' }}
[fetches.shops]
system = "a"
path = "/api/shops?of={{{{ value }}}}"
"#
    );
    insta::assert_snapshot!(errors(&text), @r#"
    m.toml:10:32: metrics.open.fetch.path: nothing is called "item" here; there are key, nonce, now, now_http, now_iso, now_ms
    m.toml:10:89: metrics.open.fetch.value: for_each takes a number of each item (for_each.value): leave this out, or leave for_each out
    m.toml:10:106: metrics.open.fetch.decimal: for_each takes a number of each item (for_each.value): leave this out, or leave for_each out
    m.toml:12:7: metrics.open.was: cannot be had with for_each: the items keep what was read under the key that the list had then
    m.toml:14:34: metrics.open.details.path: nothing is called "itm" here; there are delta, item, key, nonce, now, now_http, now_iso, now_ms, previous, total, value
    m.toml:15:10: metrics.x.fetch: missing; say where the list is read, such as { system = "a", path = "/api/shops" }
    m.toml:15:10: metrics.x.details.system: no system "b", the built-in default; add [systems.b] or set another one; there is only a
    m.toml:16:1: metrics.x.for_each: x is one number by itself; give a list a key of its own, such as [metrics.open_orders]
    m.toml:19:15: metrics.w.depends_on[0]: open is a list (for_each): its items come and go, and none of them is what others depend on; name a metric that is one number
    m.toml:20:18: metrics.w.alert.when: open is a list (for_each), which has no value itself; metric(…) is for metrics that are one number
    m.toml:21:34: metrics.w.details.path: nothing is called "item" here; there are delta, key, nonce, now, now_http, now_iso, now_ms, previous, total, value
    m.toml:23:1: metrics.v.fetch.path: nothing is called "value" here; there are key, nonce, now, now_http, now_iso, now_ms
    m.toml:23:35: metrics.v.fetch.count: for_each takes a number of each item (for_each.value): leave this out, or leave for_each out
    m.toml:25:15: metrics.v.depends_on[0]: no metric "open.17"; there are open, x, w, v
    m.toml:26:18: metrics.v.alert.when: no metric "open.17"; there are open, x, w, v
    "#);
}
