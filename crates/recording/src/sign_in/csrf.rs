//! Where a value that a sign-in sends came from: an answer before it, the clock, or the program of the page.

use serde_json::Value;

use super::{Pages, SignIn};
use crate::exchange::{Exchange, Step};
use crate::json::walk;

/// A shorter value is equal to something by chance.
const MIN_LENGTH: usize = 8;
/// How far the clock of the page may be from that of the recording.
const NEAR_MS: i64 = 30_000;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A hidden field of the page with the form, of the same name.
    Hidden,
    /// A field or `<meta>` of the page of call `page`.
    Input {
        page: usize,
        name: String,
    },
    /// A cookie that call `set_by` set.
    Cookie {
        set_by: Option<usize>,
        name: String,
    },
    /// The JSON that call `call` was answered with.
    Json {
        call: usize,
        way: Vec<Step>,
    },
    /// The time, in this unit.
    Clock {
        is_ms: bool,
    },
    Unknown,
}

/// Where the value of the field or header `name` came from.
pub(crate) fn origin(
    exchanges: &[Exchange],
    pages: &Pages,
    sign_in: &SignIn<'_>,
    name: &str,
    value: &str,
) -> Origin {
    if let Some((at, page)) = sign_in.page {
        let hidden = |input: &&crate::page::Input| input.kind == "hidden" && input.value == value;
        if page.form.iter().filter(hidden).any(|input| input.name == name) {
            return Origin::Hidden;
        }
        let input = page
            .form
            .iter()
            .filter(hidden)
            .find(|_| value.len() >= MIN_LENGTH);
        if let Some(input) = input {
            return Origin::Input {
                page: at,
                name: input.name.clone(),
            };
        }
    }
    if let Some(is_ms) = clock(sign_in.exchange.at_ms, value) {
        return Origin::Clock { is_ms };
    }
    if value.len() < MIN_LENGTH {
        return Origin::Unknown;
    }
    let before = pages.iter().rev().filter(|(at, _)| *at < sign_in.index);
    for (at, page) in before {
        if let Some((name, _)) = page.metas.iter().find(|(_, content)| content == value) {
            return Origin::Input {
                page: *at,
                name: name.clone(),
            };
        }
    }
    cookie(exchanges, sign_in, value)
        .or_else(|| json(exchanges, sign_in, value))
        .unwrap_or(Origin::Unknown)
}

fn clock(at_ms: Option<i64>, value: &str) -> Option<bool> {
    let (at_ms, number) = (at_ms?, value.parse::<i64>().ok()?);
    let is_near = |ms: i64| ms.checked_sub(at_ms).is_some_and(|apart| apart.abs() <= NEAR_MS);
    if is_near(number) {
        Some(true)
    } else {
        number.checked_mul(1_000).is_some_and(is_near).then_some(false)
    }
}

fn cookie(exchanges: &[Exchange], sign_in: &SignIn<'_>, value: &str) -> Option<Origin> {
    let (name, _) = sign_in.exchange.cookies.iter().find(|(_, sent)| sent == value)?;
    let origin = sign_in.exchange.origin();
    let before = exchanges[..sign_in.index].iter().enumerate().rev();
    let set_by = before
        .filter(|(_, call)| call.origin() == origin)
        .find(|(_, call)| {
            call.set_cookies
                .iter()
                .any(|(set, content)| set == name && content == value)
        });
    Some(Origin::Cookie {
        set_by: set_by.map(|(at, _)| at),
        name: name.clone(),
    })
}

fn json(exchanges: &[Exchange], sign_in: &SignIn<'_>, value: &str) -> Option<Origin> {
    let origin = sign_in.exchange.origin();
    let before = exchanges[..sign_in.index].iter().enumerate().rev();
    let answers = before.filter(|(_, call)| call.method == "GET" && call.origin() == origin);
    answers
        .filter_map(|(at, call)| Some((at, call.json.as_ref()?)))
        .find_map(|(call, json)| {
            let mut found = None;
            walk(json, |way, one| {
                if found.is_none() && matches!(one, Value::String(text) if text == value) {
                    found = Some(way.to_vec());
                }
            });
            found.map(|way| Origin::Json { call, way })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_near_the_call_is_the_clock() {
        let at = Some(1_795_766_400_000);
        assert_eq!(clock(at, "1795766400123"), Some(true));
        assert_eq!(clock(at, "1795766399"), Some(false));
        for other in ["1795700000", "0", "-1", "9223372036854775807", "soon", ""] {
            assert_eq!(clock(at, other), None, "{other}");
        }
        assert_eq!(clock(None, "1795766400123"), None);
    }
}
