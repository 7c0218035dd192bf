//! The two folders of migrations and `schema.rs` say the same.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use monitor_model::Db;

use crate::support::TestDb;

/// Table and column, to type and whether it may be NULL.
type Columns = BTreeMap<(String, String), (String, bool)>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Text)]
    col: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn columns(db: &Db, query: &'static str) -> Columns {
    let rows = db
        .read(move |c| Ok(diesel::sql_query(query).load::<Column>(c)?))
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| ((row.tab, row.col), (row.kind, row.nullable)))
        .collect()
}

async fn sqlite_columns(db: &Db) -> Columns {
    columns(
        db,
        "SELECT m.name AS tab, p.name AS col, p.type AS kind, p.\"notnull\" = 0 AS nullable
         FROM sqlite_master m JOIN pragma_table_info(m.name) p
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    )
    .await
}

async fn postgres_columns(db: &Db) -> Columns {
    columns(
        db,
        "SELECT table_name::text AS tab, column_name::text AS col, data_type::text AS kind,
                is_nullable = 'YES' AS nullable
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'",
    )
    .await
}

/// `schema.rs`, read as text: diesel's macro leaves nothing to query at run time.
fn schema() -> Columns {
    let mut columns = Columns::new();
    let mut table = String::new();
    for line in include_str!("../../src/tables/schema.rs").lines().map(str::trim) {
        if line.starts_with('/') || line.starts_with("diesel") {
            continue;
        }
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            name.clone_into(&mut table);
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").and_then(|k| k.strip_suffix('>'));
            columns.insert(
                (table.clone(), column.to_owned()),
                (inner.unwrap_or(kind).to_owned(), inner.is_some()),
            );
        }
    }
    columns
}

/// The schema with each type as the backend calls it.
fn expected(name: fn(&str) -> &'static str) -> Columns {
    let translate =
        |(column, (kind, nullable)): (_, (String, bool))| (column, (name(&kind).to_owned(), nullable));
    schema().into_iter().map(translate).collect()
}

fn sqlite_name(kind: &str) -> &'static str {
    match kind {
        "Text" | "Timestamp" => "TEXT",
        "Double" => "REAL",
        "BigInt" | "Integer" | "Bool" => "INTEGER",
        other => panic!("{other}: what is that on SQLite?"),
    }
}

fn postgres_name(kind: &str) -> &'static str {
    match kind {
        "Text" => "text",
        "Timestamp" => "timestamp without time zone",
        "Double" => "double precision",
        "BigInt" => "bigint",
        "Integer" => "integer",
        "Bool" => "boolean",
        other => panic!("{other}: what is that on PostgreSQL?"),
    }
}

#[test]
fn the_schema_is_read_whole() {
    let schema = schema();
    let tables: BTreeSet<_> = schema.keys().map(|(table, _)| table.as_str()).collect();
    assert_eq!(tables.len(), 22, "{tables:?}");
    assert_eq!(
        schema[&("delivery".to_owned(), "lease_until".to_owned())],
        ("Timestamp".to_owned(), true)
    );
}

#[tokio::test]
async fn sqlite_has_the_tables_of_the_schema() {
    let db = TestDb::sqlite();
    assert_eq!(sqlite_columns(&db.open().await).await, expected(sqlite_name));
}

#[tokio::test]
async fn postgres_has_the_tables_of_the_schema() {
    let Some(db) = TestDb::postgres() else { return };
    assert_eq!(postgres_columns(&db.open().await).await, expected(postgres_name));
}

#[tokio::test]
async fn both_have_the_same_indexes() {
    let Some(postgres) = TestDb::postgres() else {
        return;
    };
    let sqlite = TestDb::sqlite();
    let names = async |db: &TestDb, query: &'static str| {
        let db = db.open().await;
        let rows = db
            .read(move |c| Ok(diesel::sql_query(query).load::<Index>(c)?))
            .await
            .unwrap();
        rows.into_iter().map(|row| row.name).collect::<BTreeSet<_>>()
    };
    let here = names(
        &sqlite,
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    )
    .await;
    let there = "SELECT i.relname::text AS name FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                 WHERE i.relnamespace = 'public'::regnamespace
                 AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid)";
    assert_eq!(here, names(&postgres, there).await);
    assert!(here.contains("delivery_lane_due"), "{here:?}");
}
