//! What a generator changes in a pack.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Result;

/// Text files by name.
pub(super) type Files = BTreeMap<String, String>;

/// What became of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    file: String,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// It was not there.
    New,
    /// It has other lines. Both numbers are 0 where the same lines stand in another order.
    Lines { added: usize, removed: usize },
    /// It is what it was.
    Same,
}

impl Change {
    /// Whether the pack is to change.
    pub(super) fn is_one(&self) -> bool {
        matches!(self.kind, Kind::New | Kind::Lines { .. })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        match self.kind {
            Kind::New => f.write_str("new"),
            Kind::Lines { added: 0, removed: 0 } => f.write_str("the same lines in another order"),
            Kind::Lines { added, removed } => {
                write!(f, "lines: {added} added, {removed} removed")
            }
            Kind::Same => f.write_str("as it was"),
        }
    }
}

/// The text files of a folder.
pub(super) fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".txt") {
            files.insert(name, std::fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

/// The files of a pack that its generator does not write, in a line; nothing where there are none.
pub(super) fn by_hand(before: &Files, generated: &Files) -> Option<String> {
    let names: Vec<&str> =
        before.keys().filter(|it| !generated.contains_key(*it)).map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("not generated, left as they are: {}", names.join(", ")))
}

/// What becomes of the files that a generator wrote.
pub(super) fn changes(before: &Files, generated: &Files) -> Vec<Change> {
    generated
        .iter()
        .map(|(file, text)| {
            let kind = match before.get(file) {
                None => Kind::New,
                Some(old) if old == text => Kind::Same,
                Some(old) => lines(old, text),
            };
            Change { file: file.clone(), kind }
        })
        .collect()
}

/// How often each line stands in the new text, less how often it stood in the old one.
fn lines(old: &str, new: &str) -> Kind {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for line in old.lines() {
        counts.entry(line).or_default().0 += 1;
    }
    for line in new.lines() {
        counts.entry(line).or_default().1 += 1;
    }
    let (mut added, mut removed) = (0, 0);
    for (was, is) in counts.into_values() {
        added += is.saturating_sub(was);
        removed += was.saturating_sub(is);
    }
    Kind::Lines { added, removed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn tells_what_a_generator_changes() {
        let before = of(&[
            ("a.txt", "1\n2\n2\n"),
            ("b.txt", "1\n"),
            ("c.txt", "1\n2\n"),
            ("reviewed.txt", "by hand\n"),
        ]);
        let generated = of(&[
            ("a.txt", "1\n2\n3\n4\n"),
            ("b.txt", "1\n"),
            ("c.txt", "2\n1\n"),
            ("d.txt", "1\n"),
        ]);
        let changes = changes(&before, &generated);
        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "a.txt: lines: 2 added, 1 removed",
                "b.txt: as it was",
                "c.txt: the same lines in another order",
                "d.txt: new",
            ]
        );
        let changed: Vec<bool> = changes.iter().map(Change::is_one).collect();
        assert_eq!(changed, [true, false, true, true]);
        let kept = by_hand(&before, &generated);
        assert_eq!(kept.as_deref(), Some("not generated, left as they are: reviewed.txt"));
        assert_eq!(by_hand(&generated, &generated), None);
    }
}
