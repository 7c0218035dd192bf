//! A dump of MySQL or MariaDB, read from its beginning to its end in one go: of its statements `CREATE TABLE` gives the columns and
//! `INSERT` the rows of the old program's tables, and all others are skipped. Nothing is executed.

mod scanner;
mod values;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::collect::Collector;
use crate::columns::{Column, Table};
use crate::error::LegacyError;
use crate::old::Old;
use crate::source::Progress;
use scanner::{Fault, Scanner};

/// What a dump says in a comment at its end, unless comments are left out.
const COMPLETED: &str = "Dump completed";
/// What it says at its beginning.
const HEADINGS: [&str; 2] = ["MySQL dump", "MariaDB dump"];
/// Times of the type TIMESTAMP are dumped in UTC then, and those of the type DATETIME as they are.
const IN_UTC: &str = "TIME_ZONE='+00:00'";

const OF_SQLITE: &str = "that is a dump of SQLite; give the database itself, sqlite:old.db";

/// Reads a dump, which may be compressed by gzip.
pub(crate) fn read(
    path: &Path,
    gzip: bool,
    collector: Collector<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Old, LegacyError> {
    let unreadable = |error: io::Error| LegacyError::unreadable(path, &error);
    let file = File::open(path).map_err(unreadable)?;
    let total = file.metadata().map_err(unreadable)?.len();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        file,
        read: Arc::clone(&read),
    };
    let bytes: Box<dyn Read> = if gzip {
        Box::new(MultiGzDecoder::new(counted))
    } else {
        Box::new(counted)
    };
    let mut dump = Dump {
        path,
        scanner: Scanner::new(bytes),
        collector,
        columns: BTreeMap::new(),
        tables: Vec::new(),
        is_headed: false,
        is_completed: false,
        in_utc: false,
    };
    let mut advance = || {
        progress(Progress {
            done: read.load(Ordering::Relaxed),
            total,
        });
    };
    if let Err(fault) = dump.statements(&mut advance) {
        return Err(match fault {
            Fault::Whole(error) => error,
            Fault::Read(error) => LegacyError::unreadable(path, &error),
            Fault::Syntax(why) => LegacyError::Syntax {
                path: path.to_owned(),
                line: dump.scanner.line(),
                why,
            },
        });
    }
    dump.finish()
}

/// A file that counts what was read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

struct Dump<'a> {
    path: &'a Path,
    scanner: Scanner<Box<dyn Read>>,
    collector: Collector<'a>,
    /// The columns of the old program's tables, by the name of the table.
    columns: BTreeMap<String, Vec<Column>>,
    /// The tables that there are.
    tables: Vec<String>,
    is_headed: bool,
    is_completed: bool,
    in_utc: bool,
}

impl Dump<'_> {
    fn statements(&mut self, advance: &mut dyn FnMut()) -> Result<(), Fault> {
        self.scanner.skip_mark()?;
        loop {
            self.blanks()?;
            if self.scanner.peek()?.is_none() {
                return Ok(());
            }
            let word = self.scanner.word()?.to_ascii_uppercase();
            match word.as_str() {
                "CREATE" => self.create()?,
                "INSERT" | "REPLACE" => self.insert()?,
                "DELIMITER" => self.scanner.skip_until_line("DELIMITER ;")?,
                "PRAGMA" => return Err(other(OF_SQLITE)),
                "BEGIN" => self.begin()?,
                "COPY" => {
                    return Err(other(
                        "that is a dump of PostgreSQL, which the old program did not use",
                    ));
                }
                _ => self.scanner.skip_statement()?,
            }
            advance();
        }
    }

    /// Skips what is between two statements, and hears what its comments say.
    fn blanks(&mut self) -> Result<(), Fault> {
        while let Some(comment) = self.scanner.blank()? {
            self.is_headed |= HEADINGS.iter().any(|heading| comment.contains(heading));
            self.is_completed |= comment.contains(COMPLETED);
            self.in_utc |= comment.contains(IN_UTC);
            if comment.contains("PostgreSQL database dump") {
                return Err(other(
                    "that is a dump of PostgreSQL, which the old program did not use",
                ));
            }
        }
        Ok(())
    }

    /// Some programs write it into dumps of MySQL; SQLite writes `BEGIN TRANSACTION`.
    fn begin(&mut self) -> Result<(), Fault> {
        self.scanner.spaces()?;
        if self.scanner.word()?.eq_ignore_ascii_case("TRANSACTION") {
            return Err(other(OF_SQLITE));
        }
        self.scanner.skip_statement()
    }

    /// `CREATE TABLE name (column type …, …)`.
    fn create(&mut self) -> Result<(), Fault> {
        let scanner = &mut self.scanner;
        scanner.spaces()?;
        if !scanner.word()?.eq_ignore_ascii_case("TABLE") {
            return scanner.skip_statement();
        }
        let name = scanner.table_name()?;
        if !self.tables.contains(&name) {
            self.tables.push(name.clone());
        }
        if Table::of(&name).is_none() {
            return scanner.skip_statement();
        }
        if self.columns.contains_key(&name) {
            let twice = format!("a second table {name}: dump one database only");
            return Err(Fault::Syntax(twice));
        }
        let columns = scanner.column_definitions(self.in_utc)?;
        self.columns.insert(name, columns);
        scanner.skip_statement()
    }

    /// `INSERT [IGNORE] INTO name [(column, …)] VALUES (value, …), …`.
    fn insert(&mut self) -> Result<(), Fault> {
        let scanner = &mut self.scanner;
        let name = scanner.table_name()?;
        if Table::of(&name).is_none() {
            return scanner.skip_statement();
        }
        let defined = self.columns.get(&name);
        let named = scanner.column_names()?;
        let columns = match (named, defined) {
            (Some(named), defined) => named.into_iter().map(|name| as_defined(name, defined)).collect(),
            (None, Some(defined)) => defined.clone(),
            (None, None) => {
                let why = format!(
                    "which columns the values of {name} are for is not said: make the dump with CREATE TABLE, or with \
                     --complete-insert"
                );
                return Err(Fault::Syntax(why));
            }
        };
        let heading = self
            .collector
            .heading(self.path, &name, columns)
            .map_err(Fault::Whole)?;
        let Some(heading) = heading else {
            return self.scanner.skip_statement();
        };
        self.scanner.values_word()?;
        while let Some(cells) = self.scanner.tuple()? {
            self.collector.row(&heading, &cells);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Old, LegacyError> {
        // A table without rows is there as well.
        for (name, columns) in std::mem::take(&mut self.columns) {
            self.collector.heading(self.path, &name, columns)?;
        }
        if self.is_headed && !self.is_completed {
            self.collector
                .note("the dump does not end with \"Dump completed\": it may have been cut off");
        }
        self.collector.finish(self.path, &self.tables)
    }
}

/// A column that an INSERT names, with what its table says of it.
fn as_defined(name: String, defined: Option<&Vec<Column>>) -> Column {
    let found = defined.and_then(|all| all.iter().find(|column| column.name == name));
    found.cloned().unwrap_or_else(|| Column::new(name))
}

fn other(why: &str) -> Fault {
    Fault::Syntax(why.to_owned())
}
