//! Statements over the tables, with their values.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _};

use crate::error::{Doing as _, Error};

/// How many values one statement may bring: SQLite takes 32,766, PostgreSQL 65,535.
const MOST_VALUES: usize = 8000;

/// A value of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    /// PostgreSQL knows no NUL in a text: it is written as its picture.
    fn from(text: &str) -> Self {
        Self::Text(text.replace('\0', "\u{2400}"))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Number(is.into())
    }
}

/// A statement of ours with its values. No text from outside stands in the statement itself.
pub(crate) fn statement(
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.into()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
    })
}

/// Puts rows into a table.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
) -> Result<(), Error> {
    let together = MOST_VALUES.checked_div(columns.len()).unwrap_or(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut number = 0u32;
        let mut places = Vec::new();
        let mut values = Vec::new();
        for row in rows.by_ref().take(together) {
            let row_places: Vec<String> = row
                .iter()
                .map(|_| {
                    number = number.saturating_add(1);
                    format!("${number}")
                })
                .collect();
            places.push(format!("({})", row_places.join(", ")));
            values.extend(row);
        }
        let sql =
            format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), places.join(", "));
        let done = statement(sql, values).execute(&mut *connection).await;
        done.doing("write what follows from an entry")?;
    }
    Ok(())
}

/// A text; empty where there is none.
pub(crate) fn text(row: &AnyRow, column: usize) -> Result<String, Error> {
    Ok(row.try_get::<Option<String>, _>(column).doing("read")?.unwrap_or_default())
}

pub(crate) fn number(row: &AnyRow, column: usize) -> Result<u64, Error> {
    let number: Option<i64> = row.try_get(column).doing("read")?;
    Ok(u64::try_from(number.unwrap_or_default()).unwrap_or_default())
}

pub(crate) fn flag(row: &AnyRow, column: usize) -> Result<bool, Error> {
    Ok(number(row, column)? != 0)
}
