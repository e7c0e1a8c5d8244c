//! Compares the tables that follow from the entries with those that were made again.

use std::cmp::Ordering;

use futures_util::{StreamExt as _, stream::BoxStream};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use super::scratch::Scratch;
use super::{DOING, Verified};
use crate::error::{Doing as _, Error};
use crate::project::MADE_TABLES;
use crate::rows;

/// How much of a value is told.
const SHOWN: usize = 60;

/// What stands in a column. Text sorts by its bytes in both databases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Number(i64),
    Text(String),
    /// Of a type that the column cannot have.
    Odd,
}

impl Cell {
    fn of(row: &AnyRow, column: usize) -> Self {
        if let Ok(number) = row.try_get::<i64, _>(column) {
            return Self::Number(number);
        }
        row.try_get::<String, _>(column).map_or(Self::Odd, Self::Text)
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => {
                let begin: String = text.chars().take(SHOWN).collect();
                format!("`{}`", vocabulary::escape(&begin))
            }
            Self::Odd => "something of another type".to_owned(),
        }
    }
}

type Line = Vec<Cell>;

/// A table, its columns, and how many of them at the front order it.
struct Table {
    name: &'static str,
    columns: Vec<String>,
    keys: usize,
}

pub(super) async fn compare(
    live: &mut AnyConnection,
    scratch: &mut Scratch,
    verified: &mut Verified,
) -> Result<(), Error> {
    for (name, keys) in MADE_TABLES {
        let table = table(scratch, name, keys).await?;
        // A statement that fails would end the whole transaction of PostgreSQL.
        let mut alone = live.begin().await.doing(DOING)?;
        let merged = merge(&table, &mut alone, scratch, verified).await?;
        alone.rollback().await.doing(DOING)?;
        if let Err(Unreadable(because)) = merged {
            verified.fault(format!("table {name}"), format!("it cannot be read: {because}"));
        }
    }
    Ok(())
}

/// The columns of a table, those that order it first.
async fn table(scratch: &mut Scratch, name: &'static str, keys: &str) -> Result<Table, Error> {
    let sql = AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{name}') ORDER BY cid"));
    let rows = sqlx::query(sql).fetch_all(scratch.connection()).await.doing(DOING)?;
    let mut columns: Vec<String> = keys.split(", ").map(str::to_owned).collect();
    let keys = columns.len();
    for row in &rows {
        let column = rows::text(row, 0)?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(Table { name, columns, keys })
}

/// Why a table of the ledger could not be read.
struct Unreadable(String);

async fn merge(
    table: &Table,
    live: &mut AnyConnection,
    scratch: &mut Scratch,
    verified: &mut Verified,
) -> Result<Result<(), Unreadable>, Error> {
    let keys = table.columns.iter().take(table.keys).cloned().collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {} FROM {} ORDER BY {keys}", table.columns.join(", "), table.name);
    let mut stands = sqlx::query(AssertSqlSafe(sql.clone())).fetch(live);
    let mut follows = sqlx::query(AssertSqlSafe(sql)).fetch(scratch.connection());
    let width = table.columns.len();
    let mut is = match line(&mut stands, width).await {
        Ok(is) => is,
        Err(error) => return Ok(Err(Unreadable(error.to_string()))),
    };
    let mut must = line(&mut follows, width).await.doing(DOING)?;
    loop {
        let order = match (&is, &must) {
            (None, None) => return Ok(Ok(())),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(is), Some(must)) => key(is, table).cmp(key(must, table)),
        };
        verified.rows = verified.rows.saturating_add(1);
        let seen = if order == Ordering::Greater { &must } else { &is };
        let what = seen.as_ref().map(|seen| named(table, seen)).unwrap_or_default();
        match order {
            Ordering::Less => verified.fault(what, "no entry says it"),
            Ordering::Greater => verified.fault(what, "it is missing, and an entry says it"),
            Ordering::Equal => differ(table, what, is.as_ref(), must.as_ref(), verified),
        }
        if order != Ordering::Greater {
            is = match line(&mut stands, width).await {
                Ok(is) => is,
                Err(error) => return Ok(Err(Unreadable(error.to_string()))),
            };
        }
        if order != Ordering::Less {
            must = line(&mut follows, width).await.doing(DOING)?;
        }
    }
}

async fn line(
    rows: &mut BoxStream<'_, Result<AnyRow, sqlx::Error>>,
    width: usize,
) -> Result<Option<Line>, sqlx::Error> {
    let row = rows.next().await.transpose()?;
    Ok(row.map(|row| (0..width).map(|column| Cell::of(&row, column)).collect()))
}

fn key<'a>(line: &'a Line, table: &Table) -> &'a [Cell] {
    line.get(..table.keys).unwrap_or_default()
}

fn named(table: &Table, line: &Line) -> String {
    let keys: Vec<String> = key(line, table).iter().map(Cell::shown).collect();
    format!("table {}, row {}", table.name, keys.join(", "))
}

fn differ(
    table: &Table,
    what: String,
    is: Option<&Line>,
    must: Option<&Line>,
    verified: &mut Verified,
) {
    let (Some(is), Some(must)) = (is, must) else { return };
    let columns = table.columns.iter().zip(is.iter().zip(must));
    let other: Vec<String> = columns
        .filter(|(_, (is, must))| is != must)
        .map(|(column, (is, must))| {
            format!("`{column}` is {}, and the entries say {}", is.shown(), must.shown())
        })
        .collect();
    if !other.is_empty() {
        verified.fault(what, other.join("; "));
    }
}
