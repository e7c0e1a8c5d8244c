//! What the tools said, counted and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::labels::{Label, Labelled};

/// What a tool said of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Told {
    /// It found something that it would have a person look at.
    Found,
    /// It looked and had nothing to say.
    Quiet,
    /// It says that it could not look, or that it did not.
    CouldNotLook,
    /// It broke.
    Crash,
    /// It did not end.
    Timeout,
}

/// One tool over all paths.
pub(super) struct Run {
    pub(super) tool: String,
    /// In the order of the labels.
    pub(super) told: Vec<Told>,
    pub(super) seconds: f64,
}

/// How often a tool said what of the paths of one label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Counts {
    pub(super) paths: u64,
    pub(super) found: u64,
    pub(super) could_not_look: u64,
    pub(super) quiet: u64,
    pub(super) broke: u64,
}

impl Run {
    pub(super) fn counts(&self, rows: &[Labelled], label: Label) -> Counts {
        let mut counts = Counts::default();
        for (_, told) in rows.iter().zip(&self.told).filter(|(row, _)| row.label == label) {
            counts.paths += 1;
            match told {
                Told::Found => counts.found += 1,
                Told::Quiet => counts.quiet += 1,
                Told::CouldNotLook => counts.could_not_look += 1,
                Told::Crash | Told::Timeout => counts.broke += 1,
            }
        }
        counts
    }

    /// Techniques whose hostile paths were passed over, and kinds of harmless ones that were not,
    /// with their paths.
    fn wrong(&self, rows: &[Labelled]) -> BTreeMap<(&'static str, String), Vec<String>> {
        let mut wrong: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for (row, told) in rows.iter().zip(&self.told) {
            let word = match (row.label, told) {
                (Label::Hostile, Told::Quiet) => "missed",
                (Label::Hostile, Told::CouldNotLook) => "hostile, only could-not-look",
                (Label::Harmless, Told::Found) => "false alarm",
                (Label::Harmless, Told::CouldNotLook) => "harmless, could-not-look",
                (_, Told::Crash | Told::Timeout) => "broke",
                (Label::Hostile, Told::Found) | (Label::Harmless, Told::Quiet) => continue,
            };
            wrong.entry((word, row.technique.clone())).or_default().push(row.path.clone());
        }
        wrong
    }
}

/// The table of all tools, in Markdown.
pub(super) fn table(rows: &[Labelled], runs: &[Run]) -> String {
    let of = |label| rows.iter().filter(|row| row.label == label).count();
    let mut text = format!(
        "{} hostile paths, {} harmless ones.\n\n\
         | tool | hostile: found | could not look | missed | broke | harmless: calm | alarm | could \
         not look | broke | seconds |\n|---|---|---|---|---|---|---|---|---|---|\n",
        of(Label::Hostile),
        of(Label::Harmless)
    );
    for run in runs {
        let hostile = run.counts(rows, Label::Hostile);
        let harmless = run.counts(rows, Label::Harmless);
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} |\n",
            run.tool,
            hostile.found,
            hostile.could_not_look,
            hostile.quiet,
            hostile.broke,
            harmless.quiet,
            harmless.found,
            harmless.could_not_look,
            harmless.broke,
            run.seconds
        );
    }
    text
}

/// What one tool got wrong, a line a technique.
pub(super) fn faults(rows: &[Labelled], run: &Run) -> String {
    let lines = run.wrong(rows).into_iter().map(|((word, technique), paths)| {
        let shown: Vec<&str> = paths.iter().take(5).map(String::as_str).collect();
        let more = match paths.len().saturating_sub(shown.len()) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        format!("{word}: {technique}: {}{more}\n", shown.join(", "))
    });
    lines.collect()
}

/// Everything, as JSON.
pub(super) fn json(rows: &[Labelled], runs: &[Run]) -> Value {
    let tools: Vec<Value> = runs
        .iter()
        .map(|run| {
            json!({
                "tool": run.tool,
                "seconds": run.seconds,
                "hostile": run.counts(rows, Label::Hostile),
                "harmless": run.counts(rows, Label::Harmless),
            })
        })
        .collect();
    let paths: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(n, row)| {
            let told: BTreeMap<&str, Option<&Told>> =
                runs.iter().map(|run| (run.tool.as_str(), run.told.get(n))).collect();
            json!({"path": row.path, "label": row.label, "technique": row.technique, "told": told})
        })
        .collect();
    json!({"schema": "weighbridge.corpus/1", "tools": tools, "paths": paths})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_label() {
        let row = |label, technique: &str| Labelled {
            path: technique.to_owned(),
            label,
            technique: technique.to_owned(),
        };
        let rows = [row(Label::Hostile, "a"), row(Label::Hostile, "b"), row(Label::Harmless, "c")];
        let told = vec![Told::Found, Told::Quiet, Told::Found];
        let run = Run { tool: "x".to_owned(), told, seconds: 1.0 };
        let hostile = run.counts(&rows, Label::Hostile);
        assert_eq!((hostile.paths, hostile.found, hostile.quiet), (2, 1, 1));
        assert_eq!(faults(&rows, &run), "false alarm: c: c\nmissed: b: b\n");
        assert!(table(&rows, &[run]).ends_with("| x | 1 | 0 | 1 | 0 | 0 | 1 | 0 | 0 | 1.0 |\n"));
    }
}
