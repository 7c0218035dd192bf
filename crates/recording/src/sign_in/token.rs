//! The token in the answer to a sign-in, how it lives, and what carries it in the calls after.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::exchange::{Exchange, Step};
use crate::json::{at, walk};
use crate::names;

/// Of the strings of an answer, those that may be a token.
const MAX_CANDIDATES: usize = 60;
/// Different places in which one value goes along.
const MAX_CARRIERS: usize = 20;
/// A token with fewer characters protects nothing.
const MIN_LENGTH: usize = 8;

/// A token.
pub(crate) struct Token {
    pub(crate) place: Place,
    pub(crate) value: String,
    /// What carried it; nothing where no later call did, or where the recording had that removed.
    pub(crate) carrier: Option<Carrier>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Json(Vec<Step>),
    Header(String),
}

/// Where later calls have a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Header {
        name: String,
        scheme: String,
    },
    /// A cookie that a script of the page sets.
    Cookie(String),
    Query(String),
}

/// A call that renews a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub(crate) path: String,
    pub(crate) from: Vec<Step>,
    pub(crate) field: String,
}

/// Where the life of a token stands, and its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) way: Vec<Step>,
    pub(crate) is_ms: bool,
    /// Neither the token nor the name of the member says the unit.
    pub(crate) is_guess: bool,
}

/// The token in the answer of call `index`: the value that most of the later calls carry, or else what is called one.
pub(super) fn find(exchanges: &[Exchange], index: usize) -> Option<Token> {
    let answer = &exchanges[index];
    let candidates = candidates(answer);
    let later = &exchanges[index + 1..];
    let carried = candidates.iter().filter_map(|(place, value)| {
        let (carrier, calls) = carrier(later, value, &answer.set_cookies)?;
        let rank = match carrier {
            Carrier::Header { .. } => 2,
            Carrier::Cookie(_) => 1,
            Carrier::Query(_) => 0,
        };
        Some(((rank, calls), place, value, carrier))
    });
    if let Some((_, place, value, carrier)) = carried.max_by_key(|(rank, ..)| *rank) {
        return Some(Token {
            place: place.clone(),
            value: value.clone(),
            carrier: Some(carrier),
        });
    }
    let named = candidates.into_iter().filter_map(|(place, value)| {
        let rank = match &place {
            Place::Json(way) => rank(way),
            Place::Header(name) => u8::from(name == "authorization" || name.contains("token")),
        };
        (rank > 0).then_some((rank, place, value))
    });
    // Of equal ones the first.
    let best = named.fold(None, |best: Option<(u8, Place, String)>, one| match best {
        Some(best) if best.0 >= one.0 => Some(best),
        _ => Some(one),
    });
    let (_, place, value) = best?;
    Some(Token {
        place,
        value,
        carrier: None,
    })
}

fn candidates(answer: &Exchange) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    let may_be = |text: &str| text.len() >= MIN_LENGTH && text.len() <= 8_192 && text.is_ascii();
    if let Some(json) = &answer.json {
        walk(json, |way, value| {
            if let Value::String(text) = value
                && may_be(bare(text))
                && !bare(text).contains(char::is_whitespace)
                && found.len() < MAX_CANDIDATES
            {
                found.push((Place::Json(way.to_vec()), bare(text).to_owned()));
            }
        });
    }
    for (name, value) in &answer.answer_headers {
        if (name == "authorization" || names::is_secret(name)) && name != "set-cookie" && may_be(bare(value))
        {
            found.push((Place::Header(name.clone()), bare(value).to_owned()));
        }
    }
    found
}

/// What follows a scheme that an answer itself writes.
fn bare(token: &str) -> &str {
    token.strip_prefix("Bearer ").unwrap_or(token)
}

/// How much a name says that its value is the token to be sent; 0 for not at all.
fn rank(way: &[Step]) -> u8 {
    let Some(Step::Key(key)) = way.last() else {
        return 0;
    };
    let name = names::words(key).concat();
    match name.as_str() {
        "accesstoken" | "token" | "authtoken" => 3,
        "jwt" | "idtoken" | "sessiontoken" | "xtoken" | "usertoken" | "tokenvalue" | "access" => 2,
        _ if name.contains("refresh")
            || name.contains("type")
            || name.contains("csrf")
            || name.contains("name") =>
        {
            0
        }
        _ if name.contains("token") => 1,
        _ => 0,
    }
}

/// What carries a value in most of these calls, and in how many.
fn carrier(later: &[Exchange], value: &str, set: &[(String, String)]) -> Option<(Carrier, usize)> {
    let mut found: Vec<(Carrier, usize)> = Vec::new();
    let mut count = |carrier: Carrier| {
        if let Some((_, calls)) = found.iter_mut().find(|(other, _)| *other == carrier) {
            *calls += 1;
        } else if found.len() < MAX_CARRIERS {
            found.push((carrier, 1));
        }
    };
    for call in later {
        let headers = call.headers.iter();
        for (name, sent) in
            headers.filter(|(name, _)| name == "authorization" || names::is_sent_by_script(name))
        {
            let scheme = sent.strip_suffix(value).map(str::trim);
            if let Some(scheme) = scheme.filter(|scheme| scheme.len() <= 20 && !scheme.contains(' ')) {
                count(Carrier::Header {
                    name: name.clone(),
                    scheme: scheme.to_owned(),
                });
            }
        }
        for (name, sent) in &call.cookies {
            // What the answer set itself needs no token.
            let is_set = set.iter().any(|(other, _)| other == name);
            if !is_set && crate::secrets::percent_decode(sent).trim_matches('"') == value {
                count(Carrier::Cookie(name.clone()));
            }
        }
        for (name, sent) in call.url.query_pairs() {
            if sent == value {
                count(Carrier::Query(name.into_owned()));
            }
        }
    }
    let is_header = |carrier: &Carrier| matches!(carrier, Carrier::Header { .. });
    found
        .into_iter()
        .max_by_key(|(carrier, calls)| (is_header(carrier), *calls))
}

impl Token {
    /// Where the life of the token is, in a member beside it or above.
    pub(crate) fn life(&self, answer: &Exchange) -> Option<Life> {
        let json = answer.json.as_ref()?;
        let mut found: Vec<(Vec<Step>, f64)> = Vec::new();
        walk(json, |way, value| {
            if let Some(Step::Key(key)) = way.last()
                && names::words(key)
                    .iter()
                    .any(|word| word.starts_with("expire") || word == "ttl")
                && !names::words(key)
                    .iter()
                    .any(|word| word == "refresh" || word == "at")
            {
                let number = match value {
                    Value::Number(number) => number.as_f64(),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                found.extend(number.map(|number| (way.to_vec(), number)));
            }
        });
        let (way, number) = found.into_iter().next()?;
        let (is_ms, is_guess) = unit(number, jwt_life(&self.value))?;
        Some(Life { way, is_ms, is_guess })
    }

    /// The later call that sent another token of the answer and got a new one.
    pub(crate) fn refresh(&self, exchanges: &[Exchange], index: usize) -> Option<Refresh> {
        let answer = &exchanges[index];
        let json = answer.json.as_ref()?;
        let others: Vec<(Place, String)> = candidates(answer)
            .into_iter()
            .filter(|(place, value)| *place != self.place && *value != self.value)
            .collect();
        let Place::Json(own) = &self.place else {
            return None;
        };
        exchanges[index + 1..].iter().find_map(|call| {
            let has_token = call
                .json
                .as_ref()
                .and_then(|json| at(json, own))
                .is_some_and(Value::is_string);
            let is_renewal =
                call.method == "POST" && call.is_success() && has_token && call.origin() == answer.origin();
            let field = call
                .body
                .fields
                .first()
                .filter(|_| is_renewal && call.body.fields.len() == 1)?;
            let sent = field.text();
            let (place, _) = others.iter().find(|(_, value)| *value == sent)?;
            let Place::Json(from) = place else { return None };
            at(json, from)?;
            Some(Refresh {
                path: call.url.path().to_owned(),
                from: from.clone(),
                field: field.name().to_owned(),
            })
        })
    }
}

/// The seconds that a JWT says it lives.
fn jwt_life(token: &str) -> Option<f64> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    Some(payload["exp"].as_f64()? - payload["iat"].as_f64()?)
}

/// Whether a life is in milliseconds, and whether that is a guess; nothing for a moment in time, or what is no life.
fn unit(number: f64, seconds: Option<f64>) -> Option<(bool, bool)> {
    if !(1.0..1e11).contains(&number) || (1.2e9..2.5e9).contains(&number) {
        return None;
    }
    if let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0) {
        let is_near = |life: f64| (life - seconds).abs() <= seconds / 20.0 + 1.0;
        match (is_near(number), is_near(number / 1_000.0)) {
            (true, _) => return Some((false, false)),
            (_, true) => return Some((true, false)),
            _ => {}
        }
    }
    // A session of two weeks in seconds has seven digits; one of half an hour in milliseconds too.
    let is_ms = number >= 1.5e6 && number % 1_000.0 == 0.0;
    Some((is_ms, number >= 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_life_is_that_of_the_token_or_what_its_size_says() {
        for (number, seconds, expected) in [
            (3_600.0, None, Some((false, false))),
            (86_400.0, None, Some((false, false))),
            (7_200_000.0, None, Some((true, true))),
            (1_209_600.0, None, Some((false, true))),
            (2_592_000.0, Some(2_592_000.0), Some((false, false))),
            (3_600_000.0, Some(3_600.0), Some((true, false))),
            // Moments in time, and no life at all.
            (1_795_766_400.0, None, None),
            (1_795_766_400_000.0, None, None),
            (0.0, None, None),
            (-1.0, None, None),
            (f64::NAN, None, None),
        ] {
            assert_eq!(unit(number, seconds), expected, "{number}");
        }
    }
}
