//! How the words of `monitor-domain` are read from a column. That crate knows no database, so each goes through a type of
//! this one.

use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::{Nullable, Text};
use monitor_domain::{MetricKey, Severity};

/// A column that holds one of an enum's words.
#[derive(Debug, FromSqlRow)]
pub struct Word<T>(T);

/// The same where it may be NULL.
#[derive(Debug, FromSqlRow)]
pub struct OptionalWord<T>(Option<T>);

/// A column that holds a metric's key.
#[derive(Debug, FromSqlRow)]
pub struct Key(MetricKey);

impl<T, DB> FromSql<Text, DB> for Word<T>
where
    DB: Backend,
    String: FromSql<Text, DB>,
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Word(String::from_sql(bytes)?.parse()?))
    }
}

impl<T, DB> FromSql<Nullable<Text>, DB> for OptionalWord<T>
where
    DB: Backend,
    String: FromSql<Text, DB>,
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(OptionalWord(Some(String::from_sql(bytes)?.parse()?)))
    }

    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        bytes.map_or(Ok(OptionalWord(None)), Self::from_sql)
    }
}

impl<DB> FromSql<Text, DB> for Key
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Key(MetricKey::stored(String::from_sql(bytes)?)))
    }
}

impl From<Word<Severity>> for Severity {
    fn from(word: Word<Severity>) -> Severity {
        word.0
    }
}

impl From<OptionalWord<Severity>> for Option<Severity> {
    fn from(word: OptionalWord<Severity>) -> Option<Severity> {
        word.0
    }
}

impl From<Key> for MetricKey {
    fn from(key: Key) -> MetricKey {
        key.0
    }
}
