//! Which numbers the recorded answers show, and which of them are worth a metric.

mod html;
mod json;
mod keys;
mod plausible;

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::Evidence;
use crate::exchange::{Encoding, Exchange};
use crate::json::{at_mut, walk};
use crate::limits::{MAX_LISTED, MAX_METRICS, MAX_PAGES};
use crate::names;
use crate::proposal::{Metric, Note};
use crate::secrets::Secrets;
use crate::sign_in::Pages;
use crate::target::{self, Target, date_template, is_date_near};
use crate::toml::{Toml, comment};
use keys::Keys;

/// Of one answer, at most so many numbers.
const MAX_PER_CALL: usize = 200;
/// A number with a lower score is only listed.
const PLAUSIBLE: i32 = 3;

/// A number of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// The place of the call among all.
    pub(crate) call: usize,
    pub(crate) score: i32,
    /// How the number is taken: the key of `fetch`, and its text.
    pub(crate) take: (&'static str, String),
    pub(crate) recorded: String,
    /// What the page or the answer calls it.
    pub(crate) label: Option<String>,
    /// The words of the way to it.
    pub(crate) words: Vec<String>,
    pub(crate) counts: bool,
}

/// What was chosen.
pub(crate) struct Chosen {
    pub(crate) metrics: Vec<Metric>,
    pub(crate) others: Vec<String>,
    pub(crate) notes: Vec<Note>,
}

/// All numbers in the answers from call `after` on.
pub(crate) fn candidates(
    exchanges: &[Exchange],
    pages: &Pages,
    after: usize,
    secrets: &Secrets,
) -> Vec<Candidate> {
    let mut all = Vec::new();
    let shown = shown(exchanges);
    for (at, call) in exchanges.iter().enumerate().skip(after) {
        if !call.is_success() || !only_reads(call) {
            continue;
        }
        let mut found = match &call.json {
            Some(json) => json::numbers(json, &call.text),
            None => Vec::new(),
        };
        found.extend(headers(call));
        let is_parsed = pages.iter().any(|(page, _)| *page == at);
        if call.is_html() && is_parsed {
            found.extend(html::numbers(&call.text));
        }
        let path = plausible::path(&target::path(&call.url));
        for mut one in found.into_iter().take(MAX_PER_CALL) {
            one.call = at;
            one.score += path + i32::from(call.by_script);
            // A number that a page shows is one that people read.
            if call.json.is_some() && one.recorded.len() >= 2 && shown.contains(&one.recorded) {
                one.score += 2;
            }
            if secrets.may_show_place(&one.take.1) {
                all.push(one);
            }
        }
    }
    all
}

/// Whether a call may be repeated: it reads, as far as its name says.
fn only_reads(call: &Exchange) -> bool {
    if call.method == "GET" {
        return true;
    }
    let changes = [
        "save", "update", "delete", "remove", "create", "insert", "edit", "import", "upload", "logout",
        "submit", "send", "approve", "cancel", "refresh", "login", "token", "add",
    ];
    let path = target::path(&call.url);
    let is_change = path
        .split('/')
        .flat_map(names::words)
        .any(|word| changes.contains(&word.as_str()));
    let is_mutation = call
        .body
        .fields
        .iter()
        .any(|field| field.text().trim_start().starts_with("mutation"));
    call.method == "POST" && call.body.encoding == Encoding::Json && !is_change && !is_mutation
}

/// The numbers in the pages, as they are written.
fn shown(exchanges: &[Exchange]) -> HashSet<String> {
    let pages = exchanges.iter().filter(|call| call.is_html()).take(MAX_PAGES);
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    pages
        .flat_map(|call| call.text.split(move |c| !is_part(c)))
        .filter(|number| (2..=16).contains(&number.len()))
        .take(100_000)
        .map(str::to_owned)
        .collect()
}

/// Headers such as `X-Total-Count`.
fn headers(call: &Exchange) -> Vec<Candidate> {
    let is_total = |name: &str| name.contains("total") && (name.contains("count") || name == "x-total");
    let found = call.answer_headers.iter().filter(|(name, value)| {
        is_total(name) && names::is_sent_by_script(name) && value.parse::<u32>().is_ok()
    });
    found
        .map(|(name, value)| Candidate {
            call: 0,
            score: 6,
            take: ("header", name.clone()),
            recorded: value.clone(),
            label: None,
            words: vec!["total".to_owned()],
            counts: true,
        })
        .collect()
}

/// The most plausible ones as metrics, and a list of others.
pub(crate) fn choose(evidence: &Evidence<'_>, mut candidates: Vec<Candidate>) -> Chosen {
    candidates.sort_by_key(|one| (-one.score, one.call));
    let mut chosen = Chosen {
        metrics: Vec::new(),
        others: Vec::new(),
        notes: Vec::new(),
    };
    let (mut known, mut hosts) = (BTreeSet::new(), BTreeSet::new());
    let mut keys = Keys::default();
    for one in candidates {
        let call = &evidence.exchanges[one.call];
        if call.origin() != evidence.base {
            if one.score >= PLAUSIBLE {
                hosts.insert(call.origin());
            }
            continue;
        }
        if chosen.metrics.len() >= MAX_METRICS && chosen.others.len() >= MAX_LISTED {
            continue;
        }
        let Some(metric) = metric(evidence, call, &one, &mut known, &mut keys) else {
            continue;
        };
        if one.score >= PLAUSIBLE && chosen.metrics.len() < MAX_METRICS {
            chosen.metrics.push(metric);
        } else if chosen.others.len() < MAX_LISTED && one.score > -4 {
            let fetch = metric.fetch.iter().filter(|(key, _)| *key != "system");
            let fetch: Vec<String> = fetch
                .map(|(key, value)| format!("{key} = {}", value.inline()))
                .collect();
            let recorded = metric
                .recorded
                .map(|value| format!("   ({value})"))
                .unwrap_or_default();
            chosen.others.push(format!("{}{recorded}", fetch.join(", ")));
        }
    }
    for host in hosts.iter().take(3) {
        let host = evidence.shown(host.split("://").nth(1).unwrap_or_default());
        let text = format!(
            "the page reads numbers from {host} too; a second recording of it alone makes a system of it."
        );
        chosen.notes.push(Note::doubt(text));
    }
    if chosen.metrics.is_empty() {
        let text = "no number was found that is worth a metric. Open the page that shows it while recording, so that the call \
                    which brings it is in the file; or write [metrics.…] by hand.";
        chosen.notes.push(Note::doubt(text));
    }
    chosen
}

/// The metric for a number; nothing for one that is there already, or that cannot be written.
fn metric(
    evidence: &Evidence<'_>,
    call: &Exchange,
    one: &Candidate,
    known: &mut BTreeSet<String>,
    keys: &mut Keys,
) -> Option<Metric> {
    let target = Target::of(call, evidence.secrets)?;
    let mut fetch = vec![
        ("system", Toml::text(evidence.name)),
        ("path", Toml::text(target.text())),
    ];
    let mut why = Vec::new();
    let mut has_day = !target.days.is_empty();
    if has_day {
        let days = target
            .days
            .iter()
            .map(|(name, day)| (name.clone(), Toml::text(day)));
        fetch.push(("query", Toml::Table(days.collect())));
    }
    if call.method == "POST" {
        let body = call.body.json.as_ref()?;
        let (body, is_day) = body_to_send(evidence, call, body)?;
        has_day |= is_day;
        fetch.push(("method", Toml::text("POST")));
        fetch.push(("body", body));
        let dates = call.body.fields.iter().filter(|field| {
            let text = field.text();
            is_date_near(&text, call.at_ms) && date_template(&text, call.at_ms).is_none()
        });
        let dates: Vec<String> = dates.map(|field| field.name().to_owned()).collect();
        why.extend(fixed_day(&dates));
    }
    if has_day {
        let text =
            "The day is that of the reading, in UTC: date(…, timezone=\"Asia/Shanghai\") is another zone's.";
        why.push(text.to_owned());
    }
    let (key, text) = &one.take;
    fetch.push((key, Toml::text(text)));
    let identity = fetch
        .iter()
        .map(|(key, value)| format!("{key}={}", value.inline()))
        .collect::<String>();
    if !known.insert(identity) {
        return None;
    }
    why.extend(fixed_day(&target.dates));
    if !target.left_out.is_empty() {
        let names = target.left_out.join(", ");
        why.push(format!("Left out of the query, since it may be a key: {names}"));
    }
    let label = one
        .label
        .as_deref()
        .filter(|label| evidence.secrets.may_show_value(label));
    let words: Vec<String> = one
        .words
        .iter()
        .filter(|word| evidence.secrets.may_show_value(word))
        .cloned()
        .collect();
    let (key, title) = keys.name(&target.path, &words, label);
    let recorded = Some(one.recorded.clone()).filter(|value| !evidence.secrets.hides(value));
    Some(Metric {
        key,
        title,
        fetch,
        counts: one.counts,
        recorded: recorded.map(|value| comment(&value)),
        why,
    })
}

fn fixed_day(names: &[String]) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| comment(name)).collect();
    let text =
        "is a day of the recording, and stays that day: leave it out where the system then takes today.";
    (!names.is_empty()).then(|| format!("{} {text}", names.join(", ")))
}

/// The body of a call that reads, if all of it may be shown, and whether a day of it is a template.
fn body_to_send(evidence: &Evidence<'_>, call: &Exchange, body: &Value) -> Option<(Toml, bool)> {
    let mut is_shown = true;
    walk(body, |way, value| {
        let key = way.last().and_then(|step| match step {
            crate::exchange::Step::Key(key) => Some(key),
            crate::exchange::Step::Index(_) => None,
        });
        is_shown &= key.is_none_or(|key| evidence.secrets.may_show_value(key) && !names::is_password(key));
        is_shown &= match value {
            Value::String(text) => evidence.secrets.may_show_value(text),
            Value::Number(number) => !evidence.secrets.hides(&number.to_string()),
            _ => true,
        };
    });
    // What was not visited is not known to be harmless.
    let is_whole = crate::json::is_within_limits(body);
    if !is_shown || !is_whole {
        return None;
    }
    let (mut body, mut has_day) = (body.clone(), false);
    for field in &call.body.fields {
        if let Some(template) = field
            .value
            .as_str()
            .and_then(|text| date_template(text, call.at_ms))
            && let Some(place) = at_mut(&mut body, &field.path)
        {
            *place = Value::String(template);
            has_day = true;
        }
    }
    Some((Toml::from_json(&body)?, has_day))
}
