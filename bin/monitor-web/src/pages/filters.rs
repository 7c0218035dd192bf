//! What templates can call: texts, the addresses of files, numbers, times.

use chrono::{DateTime, Utc};
use monitor_domain::{Language, Number};
use monitor_model::Mute;
use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

use crate::pages::assets::asset;
use crate::pages::texts;

/// Registers all of them.
pub(super) fn register(tera: &mut Tera) {
    tera.register_function("t", |kwargs: Kwargs, state: &State| translate(&kwargs, state));
    tera.register_function("asset", |kwargs: Kwargs, _: &State| address(&kwargs));
    tera.register_filter("number", |value: Value, _: Kwargs, _: &State| {
        number(value.as_f64())
    });
    tera.register_filter("ago", |at: &str, _: Kwargs, state: &State| ago(at, state));
    tera.register_filter("utc", |at: &str, _: Kwargs, _: &State| utc(at));
    tera.register_filter("clock", |at: &str, _: Kwargs, state: &State| clock(at, state));
    tera.register_filter("segment", |text: &str, _: Kwargs, _: &State| segment(text));
    tera.register_filter("muted", |word: &str, _: Kwargs, state: &State| {
        Ok::<_, Error>(muted(language(state)?, word))
    });
    tera.register_filter("effect", |word: &str, _: Kwargs, state: &State| {
        Ok::<_, Error>(effect(language(state)?, word))
    });
}

/// An age in seconds in words; the same steps as the page's script has.
pub(super) fn age(language: Language, seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (key, n) = match seconds {
        0..60 => ("age-seconds", seconds),
        60..3_600 => ("age-minutes", seconds / 60),
        3_600..172_800 => ("age-hours", seconds / 3_600),
        _ => ("age-days", seconds / 86_400),
    };
    texts::text(language, key, &[("n".to_owned(), n.to_string())]).unwrap_or_default()
}

/// `t(key="…", name=…)`: a text of the page's language.
fn translate(kwargs: &Kwargs, state: &State) -> TeraResult<String> {
    let key: String = kwargs.must_get("key")?;
    let args: Vec<(String, String)> = kwargs
        .iter()
        .filter_map(|(name, value)| Some((name.as_str()?.to_owned(), value.to_string())))
        .collect();
    texts::text(language(state)?, &key, &args)
        .ok_or_else(|| Error::message(format!("no text has the key {key:?}")))
}

/// `asset(name="app.css")`: where the browser gets a file, changing with its content.
fn address(kwargs: &Kwargs) -> TeraResult<String> {
    let name: String = kwargs.must_get("name")?;
    let file = asset(&name).ok_or_else(|| Error::message(format!("there is no file assets/{name}")))?;
    Ok(format!("/static/{name}?v={}", file.version))
}

/// `at | ago`: how long before the page's `now`.
fn ago(at: &str, state: &State) -> TeraResult<String> {
    let now: String = state.get("now")?.unwrap_or_default();
    let (at, now) = (time(at)?, time(&now)?);
    Ok(age(language(state)?, (now - at).num_seconds()))
}

/// A time in UTC, until the script puts it into the zone of the reader.
fn utc(at: &str) -> TeraResult<String> {
    // The empty row that the script clones has none.
    if at.is_empty() {
        Ok(String::new())
    } else {
        Ok(time(at)?.format("%Y-%m-%d %H:%M:%S").to_string())
    }
}

/// A time of the page's day as hours and minutes, in UTC until the script puts it into the reader's zone; of another
/// day with its date.
fn clock(at: &str, state: &State) -> TeraResult<String> {
    if at.is_empty() {
        return Ok(String::new());
    }
    let now: String = state.get("now")?.unwrap_or_default();
    let (at, now) = (time(at)?, time(&now)?);
    let same_day = at.date_naive() == now.date_naive();
    let format = if same_day { "%H:%M" } else { "%m-%d %H:%M" };
    Ok(at.format(format).to_string())
}

/// Text as one segment of a path: nothing in it can end the segment.
fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Why nobody was notified, in words; the same as in the page's script.
fn muted(language: Language, word: &str) -> String {
    let (kind, name) = match word.parse::<Mute>() {
        Ok(Mute::Silence(_)) => ("muted-silence", String::new()),
        Ok(Mute::Maintenance(name)) => ("muted-maintenance", name),
        Ok(Mute::Dependency(key)) => ("muted-dependency", key.to_string()),
        Ok(Mute::Flapping) => ("muted-flapping", String::new()),
        Ok(Mute::Incident(_)) => ("muted-incident", String::new()),
        Err(_) => ("muted-other", word.to_owned()),
    };
    texts::text(language, kind, &[("name".to_owned(), name)]).unwrap_or_default()
}

/// What came of an evaluation, in words; a word that is not known, as it is.
fn effect(language: Language, word: &str) -> String {
    if word.parse::<Mute>().is_ok() {
        return muted(language, word);
    }
    let known = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let text = known.then(|| texts::text(language, &format!("effect-{word}"), &[]));
    text.flatten().unwrap_or_else(|| word.to_owned())
}

/// A number with thousands grouped from 10,000 up and at most 6 decimals, huge and tiny ones with an exponent; a dash for
/// none.
fn number(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "—".to_owned();
    };
    if Number(value).has_exponent() {
        return Number(value).to_string();
    }
    let rounded = (value * 1e6).round() / 1e6;
    let text = Number(if rounded.is_finite() { rounded } else { value }).to_string();
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    if digits.len() < 5 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

fn language(state: &State) -> TeraResult<Language> {
    let code: String = state.get("lang")?.unwrap_or_default();
    Language::find(&code).ok_or_else(|| Error::message(format!("no pages are written in {code:?}")))
}

fn time(at: &str) -> TeraResult<DateTime<Utc>> {
    let parsed =
        DateTime::parse_from_rfc3339(at).map_err(|e| Error::message(format!("{at:?} is no time: {e}")))?;
    Ok(parsed.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_from_ten_thousand_up() {
        let cases = [
            (Some(131.0), "131"),
            (Some(9999.5), "9999.5"),
            (Some(12345.0), "12,345"),
            (Some(-1_234_567.25), "-1,234,567.25"),
            (Some(0.1 + 0.2), "0.3"),
            (Some(-0.0), "0"),
            (Some(1e-300), "1e-300"),
            (Some(-2.5e-7), "-2.5e-7"),
            (Some(1e20), "100,000,000,000,000,000,000"),
            (Some(1e21), "1e21"),
            (None, "—"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn ages_are_in_one_unit() {
        let cases = [
            (-3, "0 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (7199, "1 h ago"),
            (172_800, "2 d ago"),
        ];
        for (seconds, text) in cases {
            assert_eq!(age(Language::English, seconds), text);
        }
        assert_eq!(age(Language::Chinese, 61), "1 分钟前");
    }

    #[test]
    fn words_of_the_database_become_texts() {
        let english = |word| effect(Language::English, word);
        assert_eq!(english("data_back"), "Data is back");
        assert_eq!(english("silence:3"), "Not notified: silenced");
        assert_eq!(
            english("maintenance:nightly"),
            "Not notified: maintenance nightly"
        );
        assert_eq!(english("<new>"), "<new>");
        assert_eq!(muted(Language::Chinese, "flapping"), "未通知：频繁波动");
        let down = "Not notified: gateway, which it depends on, is firing or unreadable";
        assert_eq!(muted(Language::English, "dependency:gateway"), down);
        assert_eq!(muted(Language::English, "because"), "Not notified: because");
    }

    #[test]
    fn a_segment_cannot_be_left() {
        assert_eq!(segment("z_1"), "z_1");
        assert_eq!(segment("../a?b=\"单"), "..%2Fa%3Fb%3D%22%E5%8D%95");
    }

    #[test]
    fn times_without_the_script_are_utc() {
        assert_eq!(
            utc("2026-11-03T09:12:40.123456+08:00").unwrap(),
            "2026-11-03 01:12:40"
        );
        assert_eq!(utc("").unwrap(), "");
        assert!(utc("noon").is_err());
    }
}
