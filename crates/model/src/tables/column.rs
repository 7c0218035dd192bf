//! How the types of `monitor-domain` are read from a column. That crate knows no database, so each goes through a type of
//! this one.

use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::{Nullable, Text};
use monitor_domain::{MetricKey, Severity};

/// A column that holds one of an enum's words.
#[derive(Debug, FromSqlRow)]
pub struct FromText<T>(T);

/// The same where it may be NULL.
#[derive(Debug, FromSqlRow)]
pub struct FromNullableText<T>(Option<T>);

/// A column that holds a metric's key.
#[derive(Debug, FromSqlRow)]
pub struct FromKey(MetricKey);

impl<T, DB> FromSql<Text, DB> for FromText<T>
where
    DB: Backend,
    String: FromSql<Text, DB>,
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(FromText(String::from_sql(bytes)?.parse()?))
    }
}

impl<T, DB> FromSql<Nullable<Text>, DB> for FromNullableText<T>
where
    DB: Backend,
    String: FromSql<Text, DB>,
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(FromNullableText(Some(String::from_sql(bytes)?.parse()?)))
    }

    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        bytes.map_or(Ok(FromNullableText(None)), Self::from_sql)
    }
}

impl<DB> FromSql<Text, DB> for FromKey
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(FromKey(MetricKey::stored(String::from_sql(bytes)?)))
    }
}

impl From<FromText<Severity>> for Severity {
    fn from(column: FromText<Severity>) -> Severity {
        column.0
    }
}

impl From<FromNullableText<Severity>> for Option<Severity> {
    fn from(column: FromNullableText<Severity>) -> Option<Severity> {
        column.0
    }
}

impl From<FromKey> for MetricKey {
    fn from(column: FromKey) -> MetricKey {
        column.0
    }
}
