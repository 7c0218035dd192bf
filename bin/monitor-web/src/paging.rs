//! Lists in pages: one row more is read than is shown, which says whether there are more.

/// How many to read where `limit` are shown.
pub(crate) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// Cuts what was read down to what is shown; gives the cursor of the next page, if there is one.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: usize, id: impl Fn(&T) -> i64) -> Option<String> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(|row| id(row).to_string())
}
