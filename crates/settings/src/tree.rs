//! Finding and taking away parts of a table whose values know their place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// What an error in a table is about.
pub(crate) struct Found {
    /// Below the table.
    pub(crate) path: Vec<String>,
    /// Where.
    pub(crate) offset: usize,
    /// The key itself rather than its value.
    pub(crate) is_key: bool,
}

/// The deepest key or value with exactly this span.
pub(crate) fn locate(table: &DeTable<'_>, span: &Range<usize>) -> Option<Found> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().to_string();
        if key.span() == *span {
            return Some(Found {
                path: vec![name],
                offset: span.start,
                is_key: true,
            });
        }
        let mut found = locate_in(value, span)?;
        found.path.insert(0, name);
        // A table under a header of its own has the header's span: its name says more.
        if found.path.len() == 1 && value.get_ref().is_table() {
            found.offset = key.span().start;
        }
        Some(found)
    })
}

fn locate_in(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Found> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => locate(table, span),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(i, one)| {
            let mut found = locate_in(one, span)?;
            found.path.insert(0, format!("[{i}]"));
            Some(found)
        }),
        _ => None,
    };
    let here = || {
        (value.span() == *span).then(|| Found {
            path: Vec::new(),
            offset: span.start,
            is_key: false,
        })
    };
    inner.or_else(here)
}

/// The first date or time in a table: no key takes one, yet what takes any keys or values takes it for a map.
pub(crate) fn date_or_time(table: &DeTable<'_>) -> Option<Found> {
    table.iter().find_map(|(key, value)| {
        let mut found = date_or_time_in(value)?;
        found.path.insert(0, key.get_ref().to_string());
        Some(found)
    })
}

fn date_or_time_in(value: &Spanned<DeValue<'_>>) -> Option<Found> {
    match value.get_ref() {
        DeValue::Datetime(_) => Some(Found {
            path: Vec::new(),
            offset: value.span().start,
            is_key: false,
        }),
        DeValue::Table(table) => date_or_time(table),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(i, one)| {
            let mut found = date_or_time_in(one)?;
            found.path.insert(0, format!("[{i}]"));
            Some(found)
        }),
        _ => None,
    }
}

/// Moves these keys out of a table, into one of their own.
pub(crate) fn take<'i>(table: &mut DeTable<'i>, keys: &[String]) -> DeTable<'i> {
    let mut taken = DeTable::new();
    for key in keys {
        taken.extend(table.remove_entry(key.as_str()));
    }
    taken
}

/// Takes a key away; one inside a list takes the list with it.
pub(crate) fn remove(table: &mut DeTable<'_>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let below = rest.first().is_some_and(|next| !next.starts_with('['));
    match table.get_mut(first.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(inner)) if below => remove(inner, rest),
        _ => {
            table.remove(first.as_str());
        }
    }
}

/// Puts the text of a variable in the place of what TOML made of it (`12345` may be a password); false if it is that
/// already.
pub(crate) fn stringify<'i>(table: &mut DeTable<'i>, path: &[String], text: &'i str) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match table.get_mut(first.as_str()) {
        Some(value) if rest.is_empty() => {
            let is_scalar =
                !value.get_ref().is_str() && !value.get_ref().is_table() && !value.get_ref().is_array();
            if !is_scalar {
                return false;
            }
            *value = Spanned::new(value.span(), DeValue::String(DeString::Borrowed(text)));
            true
        }
        Some(value) => match value.get_mut() {
            DeValue::Table(inner) => stringify(inner, rest, text),
            _ => false,
        },
        None => false,
    }
}

/// Puts another text in the place of one.
pub(crate) fn replace(table: &mut DeTable<'_>, path: &[String], text: String) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    match table.get_mut(first.as_str()) {
        Some(value) if rest.is_empty() => {
            *value = Spanned::new(value.span(), DeValue::String(DeString::Owned(text)));
        }
        Some(value) => {
            if let DeValue::Table(inner) = value.get_mut() {
                replace(inner, rest, text);
            }
        }
        None => {}
    }
}
