//! A SQLite file of the old program, opened for reading only: it may be in use.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;

use crate::cell::Cell;
use crate::collect::{Collector, Heading};
use crate::columns::{Column, Table};
use crate::error::LegacyError;
use crate::old::Old;
use crate::source::Progress;

/// Rows read at a time.
const PAGE: i64 = 2_000;
/// How long a lock of the old program is waited for, in milliseconds.
const LOCK_WAIT_MS: u32 = 5_000;
/// What joins the cells of a row: each is in hexadecimal, so it is in none of them.
const BETWEEN: char = ',';

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    cells: Option<Vec<u8>>,
}

/// Reads the tables as they are at one moment.
pub(crate) fn read(
    path: &Path,
    mut collector: Collector<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Old, LegacyError> {
    let failed = |error: diesel::result::Error| LegacyError::unreadable(path, &error);
    let mut c = open(path)?;
    c.batch_execute("BEGIN").map_err(failed)?;
    let names: Vec<Name> = diesel::sql_query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .load(&mut c)
    .map_err(failed)?;
    let names: Vec<String> = names.into_iter().map(|row| row.name).collect();
    let ours: Vec<&String> = names.iter().filter(|name| Table::of(name).is_some()).collect();
    let mut total = 0;
    for name in &ours {
        let sql = format!("SELECT count(*) AS n FROM {}", identifier(name));
        let count: Count = diesel::sql_query(sql).get_result(&mut c).map_err(failed)?;
        total += u64::try_from(count.n).unwrap_or_default();
    }
    let mut done = 0;
    for name in ours {
        let columns: Vec<Name> = diesel::sql_query("SELECT name FROM pragma_table_info($1) ORDER BY cid")
            .bind::<Text, _>(name)
            .load(&mut c)
            .map_err(failed)?;
        let columns: Vec<Column> = columns.into_iter().map(|row| Column::new(row.name)).collect();
        let query = query(name, &columns);
        let Some(heading) = collector.heading(path, name, columns)? else {
            continue;
        };
        let mut after = i64::MIN;
        loop {
            let rows: Vec<Row> = diesel::sql_query(&query)
                .bind::<BigInt, _>(after)
                .bind::<BigInt, _>(PAGE)
                .load(&mut c)
                .map_err(failed)?;
            let Some(last) = rows.last() else { break };
            after = last.place;
            done += u64::try_from(rows.len()).unwrap_or_default();
            take(&mut collector, &heading, rows);
            progress(Progress { done, total });
        }
    }
    collector.finish(path, &names)
}

fn open(path: &Path) -> Result<SqliteConnection, LegacyError> {
    let text = path
        .to_str()
        .ok_or_else(|| LegacyError::unreadable(path, &"its path is not UTF-8"))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let open = |mode: &str| -> Result<SqliteConnection, String> {
        let mut c = SqliteConnection::establish(&format!("file:{escaped}?{mode}"))
            .map_err(|error| error.to_string())?;
        let set_up = format!(
            "PRAGMA busy_timeout = {LOCK_WAIT_MS}; PRAGMA query_only = ON; SELECT count(*) FROM sqlite_master"
        );
        c.batch_execute(&set_up).map_err(|error| error.to_string())?;
        Ok(c)
    };
    open("mode=ro").map_err(|why| LegacyError::unreadable(path, &why))
}

/// All cells of a row as one value, for the columns are known only now: numbers are written so that they read back as the same.
fn query(table: &str, columns: &[Column]) -> String {
    let cells: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = identifier(&column.name);
            format!(
                "CASE typeof({name}) WHEN 'null' THEN '-' WHEN 'real' THEN hex(printf('%!.17g', {name})) ELSE hex({name}) END"
            )
        })
        .collect();
    let joined = cells.join(&format!(" || '{BETWEEN}' || "));
    let table = identifier(table);
    format!(
        "SELECT rowid AS place, CAST({joined} AS BLOB) AS cells FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT $2"
    )
}

fn take(collector: &mut Collector<'_>, heading: &Heading, rows: Vec<Row>) {
    for row in rows {
        let joined = row.cells.unwrap_or_default();
        let cells: Vec<Cell> = joined
            .split(|byte| *byte == u8::try_from(BETWEEN).unwrap_or(b','))
            .map(|cell| (cell != b"-").then(|| from_hex(cell)))
            .collect();
        collector.row(heading, &cells);
    }
}

/// What SQLite's `hex` wrote.
fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    text.chunks_exact(2)
        .filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

/// A name as SQL has it.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_survive_the_way() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(from_hex(b"E8AEA2"), "订".as_bytes());
        assert_eq!(from_hex(b""), b"");
    }
}
