//! How much of a recording is read. A file comes from a browser, and may as well come from somebody who means harm.

/// The largest file: a long session with all pictures in it has some tens of MiB.
pub const MAX_FILE: usize = 128 * 1024 * 1024;
/// Calls that are read; those after them are not.
pub(crate) const MAX_ENTRIES: usize = 5_000;
/// Of the body of one answer or request, in bytes once it is decoded.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// Of all bodies together. What comes after it is taken to have none.
pub(crate) const MAX_BODIES: usize = 48 * 1024 * 1024;
/// Of a page that is parsed as HTML; the time that takes is not linear for pages that mean harm.
pub(crate) const MAX_PAGE: usize = 512 * 1024;
/// Pages that are parsed.
pub(crate) const MAX_PAGES: usize = 30;
/// Headers, cookies, query parameters or fields of one call.
pub(crate) const MAX_PAIRS: usize = 300;
/// Values of one JSON document that are visited.
pub(crate) const MAX_NODES: usize = 20_000;
/// How deep a JSON document is visited.
pub(crate) const MAX_DEPTH: usize = 16;
/// The longest text that is taken over from a recording, in characters.
pub(crate) const MAX_LITERAL: usize = 400;
/// Values that are kept secret.
pub(crate) const MAX_SECRETS: usize = 4_000;
/// Metrics that are proposed, and those that are listed besides.
pub(crate) const MAX_METRICS: usize = 12;
pub(crate) const MAX_LISTED: usize = 20;
