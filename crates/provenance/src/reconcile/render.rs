use serde_json::{Value, json};
use vocabulary::{Untrusted, escape};

use super::{Row, State, Table};

/// Rows that text shows before the rest is only counted.
const SHOWN: usize = 40;

/// The table for people. What agrees is counted; `all` lists every row.
pub fn text(table: &Table, all: bool) -> String {
    let mut text = String::from("\nheld against:\n");
    for (number, source) in table.sources.iter().enumerate() {
        let of: Vec<&Row> = table.rows.iter().filter(|row| row.source == number).collect();
        let count = |word: &str| of.iter().filter(|row| row.state.word() == word).count();
        let counts: Vec<String> = ["agrees", "differs", "missing", "unchecked"]
            .into_iter()
            .filter(|word| count(word) > 0)
            .map(|word| format!("{} {word}", count(word)))
            .collect();
        text.push_str(&format!("  {}: {}\n", source.described(), counts.join(", ")));
        for note in source.notes.iter().chain(&source.faults) {
            text.push_str(&format!("    {}\n", escape(note)));
        }
    }
    let rows: Vec<&Row> =
        table.rows.iter().filter(|row| all || row.state != State::Agrees).collect();
    let most = if all { usize::MAX } else { SHOWN };
    for row in rows.iter().take(most) {
        text.push_str(&line(table, row));
    }
    if let Some(more) = rows.len().checked_sub(most).filter(|more| *more > 0) {
        text.push_str(&format!("  and {more} more; `--verbose` lists them\n"));
    }
    let weak = table.rows.iter().any(|row| row.weak && row.state == State::Agrees);
    if weak {
        text.push_str(
            "  what agrees by SHA-1 or MD5 alone agrees weakly: whoever made the file can have made \
             another with the same digest\n",
        );
    }
    if table.sources.iter().any(|source| source.declared) {
        text.push_str(
            "  what the artifact declares of itself can contradict it and proves nothing\n",
        );
    }
    text.push_str(&list("covered by the artifact's own word alone", &table.unproved, most));
    text.push_str(&list("covered by none of these", &table.uncovered, most));
    text
}

fn list(what: &str, paths: &[Untrusted], most: usize) -> String {
    let mut text = String::new();
    for path in paths.iter().take(most) {
        text.push_str(&format!("  {what}: {path}\n"));
    }
    if let Some(more) = paths.len().checked_sub(most).filter(|more| *more > 0) {
        text.push_str(&format!("  {what}: and {more} more\n"));
    }
    text
}

fn line(table: &Table, row: &Row) -> String {
    let path = row.path.as_ref().map_or("the whole".to_owned(), ToString::to_string);
    let source = table.sources.get(row.source).map(|source| escape(&source.name));
    let (word, what) = (row.state.word(), escape(&row.what));
    let weak = if row.weak { " (weak)" } else { "" };
    let more = match &row.state {
        State::Agrees => format!("covers {}", row.covers),
        State::Differs { said, is } => format!("{} said, {} is", escape(said), escape(is)),
        State::Missing => "there is no such file".to_owned(),
        State::Unchecked { because } => escape(because),
    };
    format!("  {word}: {path}: {what}{weak} by {}: {more}\n", source.unwrap_or_default())
}

/// The table as data.
pub fn json(table: &Table) -> Value {
    let sources: Vec<Value> = table
        .sources
        .iter()
        .map(|source| {
            json!({
                "name": escape(&source.name),
                "kind": source.kind.name(),
                "declared": source.declared,
                "notes": source.notes.iter().map(|note| escape(note)).collect::<Vec<_>>(),
                "faults": source.faults.iter().map(|fault| escape(fault)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            let mut value = json!({
                "path": row.path,
                "source": row.source,
                "what": escape(&row.what),
                "weak": row.weak,
                "covers": row.covers,
                "state": row.state.word(),
            });
            let more = match &row.state {
                State::Agrees | State::Missing => Vec::new(),
                State::Differs { said, is } => vec![("said", said), ("is", is)],
                State::Unchecked { because } => vec![("because", because)],
            };
            for (key, text) in more {
                if let Some(map) = value.as_object_mut() {
                    map.insert(key.to_owned(), escape(text).into());
                }
            }
            value
        })
        .collect();
    json!({
        "sources": sources,
        "rows": rows,
        "uncovered": table.uncovered,
        "unproved": table.unproved,
    })
}
