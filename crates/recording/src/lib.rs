#![doc = include_str!("../README.md")]

mod answers;
mod content;
mod error;
mod exchange;
mod har;
mod json;
mod limits;
mod login;
mod names;
mod numbers;
mod obstacles;
mod page;
mod proposal;
mod render;
mod secrets;
mod sign_in;
mod system;
mod target;
mod toml;

use std::collections::BTreeMap;

pub use error::RecordingError;
pub use limits::MAX_FILE;
pub use proposal::{Metric, Note, NoteKind, Proposal, Variable};

use exchange::Exchange;
use har::Recording;
use limits::MAX_PAGES;
use numbers::Candidate;
use page::Page;
use secrets::Secrets;
use sign_in::{Pages, SignIn, Token};

/// What all parts of the analysis know.
pub(crate) struct Evidence<'a> {
    pub(crate) exchanges: &'a [Exchange],
    pub(crate) pages: &'a Pages,
    pub(crate) secrets: &'a Secrets,
    /// The program that wrote the file.
    pub(crate) creator: &'a str,
    pub(crate) sign_in: Option<&'a SignIn<'a>>,
    pub(crate) token: Option<&'a Token>,
    /// The origin that the metrics are read from.
    pub(crate) base: &'a str,
    /// The name of the system.
    pub(crate) name: &'a str,
}

/// Reads a HAR file and proposes a system and metrics for the config. `name` is what the system is to be called; without one it
/// is called after its host. It does no I/O, and takes any bytes.
///
/// # Errors
/// When the file is no recording that can be read.
pub fn propose(har: &[u8], name: Option<&str>) -> Result<Proposal, RecordingError> {
    let recording = Recording::parse(har)?;
    let exchanges = &recording.exchanges;
    let is_page = |(_, call): &(usize, &Exchange)| call.is_html() && call.is_success();
    let pages: Vec<(usize, Page)> = exchanges
        .iter()
        .enumerate()
        .filter(is_page)
        .take(MAX_PAGES)
        .map(|(at, call)| (at, Page::parse(&call.text)))
        .collect();
    let mut secrets = Secrets::of(&recording);
    let sign_in = SignIn::find(exchanges, &pages);
    let token = sign_in
        .as_ref()
        .and_then(|sign_in| sign_in::token(exchanges, sign_in.index));
    if let Some(sign_in) = &sign_in {
        secrets.add_password(&sign_in.password.text());
    }
    if let Some(token) = &token {
        secrets.add_token(&token.value);
    }
    let after = sign_in.as_ref().map_or(0, |sign_in| sign_in.index + 1);
    let candidates = numbers::candidates(exchanges, &pages, after, &secrets);
    let first_page = pages.first().map(|(at, _)| exchanges[*at].origin());
    let own = sign_in.as_ref().map(|sign_in| sign_in.exchange.origin());
    let base = base(exchanges, &candidates, own.or(first_page));
    let name = match name {
        Some(name) => name.to_owned(),
        None => system::name(&base),
    };
    let evidence = Evidence {
        exchanges,
        pages: &pages,
        secrets: &secrets,
        creator: &recording.creator,
        sign_in: sign_in.as_ref(),
        token: token.as_ref(),
        base: &base,
        name: &name,
    };
    let mut proposal = system::propose(&evidence);
    let chosen = numbers::choose(&evidence, candidates);
    proposal.metrics = chosen.metrics;
    proposal.others = chosen.others;
    proposal.notes.extend(chosen.notes);
    if recording.beyond > 0 {
        let text = format!(
            "the recording has {} more calls than are read; record again with an empty list",
            recording.beyond
        );
        proposal.notes.push(Note::doubt(text));
    }
    proposal.notes.sort_by_key(|note| note.kind);
    Ok(proposal)
}

/// The origin that the numbers are read from: `own`, that of the sign-in or of the first page, where it shows any; other hosts may
/// be services that many sites use. Else the one with the most plausible numbers.
fn base(exchanges: &[Exchange], candidates: &[Candidate], own: Option<String>) -> String {
    let mut scores: BTreeMap<String, i32> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.score > 0) {
        *scores.entry(exchanges[candidate.call].origin()).or_default() += candidate.score;
    }
    if let Some(own) = own.as_ref().filter(|own| scores.contains_key(*own)) {
        return own.clone();
    }
    let best = scores.into_iter().max_by_key(|(_, score)| *score);
    let best = best.map(|(origin, _)| origin);
    best.or(own).unwrap_or_else(|| exchanges[0].origin())
}
