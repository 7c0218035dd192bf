//! How the answers of a system say that all is well, or that nobody is signed in.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Evidence;
use crate::exchange::Exchange;
use crate::target;
use crate::toml::Toml;

/// Members that say by a code whether a call was good.
const CODES: &[&str] = &[
    "code",
    "errcode",
    "errno",
    "err_code",
    "errorCode",
    "resultCode",
    "ret",
    "retcode",
    "success",
    "status",
];

/// `ok = { path = "$.code", equals = [0] }`, where all answers say the same.
pub(crate) fn ok(evidence: &Evidence<'_>) -> Option<(&'static str, Toml)> {
    let answers = evidence
        .after()
        .filter(|call| call.is_success() && call.json.is_some());
    let mut values: BTreeMap<&'static str, Vec<&Value>> = BTreeMap::new();
    let mut count = 0;
    for json in answers.filter_map(|call| call.json.as_ref()) {
        count += 1;
        for name in CODES {
            values.entry(name).or_default().extend(json.get(name));
        }
    }
    let is_good = |value: &Value| match value {
        Value::Bool(value) => *value,
        Value::Number(number) => matches!(number.as_i64(), Some(0 | 1 | 200 | 20_000 | 10_000)),
        Value::String(text) => matches!(
            text.as_str(),
            "0" | "200" | "00000" | "0000" | "000000" | "ok" | "OK" | "success" | "SUCCESS"
        ),
        _ => false,
    };
    CODES.iter().find_map(|name| {
        let found = values.get(name)?;
        let first = *found.first()?;
        let holds = found.len() == count && count >= 2 && found.iter().all(|value| *value == first);
        (holds && is_good(first)).then(|| Some((*name, Toml::from_json(first)?)))?
    })
}

/// `signed_out`, where the recording shows another one than the kind expects by itself.
pub(crate) fn signed_out(evidence: &Evidence<'_>, expected: &str) -> Vec<(String, Toml)> {
    let mut rules = Vec::new();
    let mut redirects = evidence.own().filter_map(login_page);
    if let Some(path) = redirects.find(|path| evidence.secrets.may_show_path(path))
        && !path
            .trim_end_matches('/')
            .ends_with(expected.trim_end_matches('/'))
    {
        rules.push(("redirect_to".to_owned(), Toml::text(path)));
    }
    let is_redirected = evidence.own().any(|call| login_page(call).is_some());
    if rules.is_empty() && !is_redirected && evidence.after().any(|call| call.is_html() && call.is_success())
    {
        rules.extend(
            evidence
                .sign_in
                .and_then(|sign_in| sign_in.page)
                .and_then(|(at, _)| password_field(evidence, at)),
        );
    }
    let code = evidence.own().filter(|call| call.is_success()).find_map(|call| {
        let json = call.json.as_ref()?;
        CODES.iter().find_map(|name| {
            let value = json.get(name)?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let means_it = matches!(
                text.as_str(),
                "401" | "40100" | "40101" | "A0230" | "50008" | "50014"
            );
            means_it.then(|| Some((*name, Toml::from_json(value)?)))?
        })
    });
    if let Some((name, value)) = code {
        let body = [
            ("path", Toml::text(format!("$.{name}"))),
            ("equals", Toml::List(vec![value])),
        ];
        rules.push(("body".to_owned(), Toml::table(body)));
    }
    rules
}

/// The path of the login page that an answer redirects to.
fn login_page(call: &Exchange) -> Option<String> {
    // The way back after a wrong password is not it, but the page is the same.
    let to = target::path(&call.redirect()?);
    let name = to.to_ascii_lowercase();
    let is_login = ["login", "signin", "sign_in", "sign-in", "logon"]
        .iter()
        .any(|word| name.contains(word));
    let is_other = call.url.path() != to;
    (is_login && is_other).then_some(to)
}

/// `body_contains`, for a system that shows its login page where another page was due: how that page writes its password field, where
/// no page after the sign-in does.
fn password_field(evidence: &Evidence<'_>, page: usize) -> Option<(String, Toml)> {
    let ways = ["type=\"password\"", "type='password'", "type=password"];
    let way = ways
        .iter()
        .find(|way| evidence.exchanges[page].text.contains(**way))?;
    let is_shown = evidence
        .after()
        .any(|call| call.is_html() && call.text.contains(way));
    (!is_shown).then(|| ("body_contains".to_owned(), Toml::text(*way)))
}
