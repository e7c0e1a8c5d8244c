//! The result of a benchmark as a table, as a page of the book and as JSON.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use super::measure::Cost;
use super::{Kind, WORKLOADS};

pub(super) struct Row {
    pub(super) file: &'static str,
    pub(super) what: &'static str,
    pub(super) tool: &'static str,
    pub(super) kind: Kind,
    pub(super) cost: Cost,
}

pub(super) struct Run {
    pub(super) date: String,
    pub(super) quick: bool,
    pub(super) machine: String,
    /// The size of each workload.
    pub(super) bytes: Vec<(&'static str, u64)>,
    pub(super) rows: Vec<Row>,
    /// Versions of the programs, one a line.
    pub(super) versions: Vec<String>,
}

const INTRO: &str = "\
<!-- written by `cargo xtask bench` -->

# Speed

All programs ran over the same files in the same run, one after the other; the files lay in the
page cache. CPU is user and system time of all processes of a command, the median of three runs
(one run where it takes longer than 20 s). Memory is the largest resident set. *Read* is what the
command asked the system to read, its own program files included; memory mappings are not counted.
*Ratio* is the CPU time of the row divided by that of `weighbridge scan`, the second one the same by
the clock. A command that was not done after 300 s was ended, and its row says so.

The rows of other scanners are their Python API in one process over all files, the start of Python
included; *as typed* is their own command (`modelscan -p FOLDER`), which prints what it found. `weighbridge
scan` prints JSON, *for people* what it prints at a terminal. modelscan passes over the files that it
has no scanner for, two thirds of the mixed folder; the last table is of files that it looks at. `cat` and the digests look at nothing; they are the floor.
";

impl Run {
    /// One table for each workload.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        for (file, what) in WORKLOADS {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.file == *file).collect();
            let bytes = self.bytes.iter().find(|(name, _)| name == file).map_or(0, |(_, b)| *b);
            let _ = writeln!(text, "\n## {what}: `{file}`, {}\n", size(bytes));
            text.push_str("| program | CPU s | ratio | wall s | ratio | memory | read | exit |\n");
            text.push_str("|---|---:|---:|---:|---:|---:|---:|---:|\n");
            let own = rows.iter().find(|row| row.kind == Kind::Own).map(|row| &row.cost);
            let by = |value: f64, own: Option<f64>| {
                own.filter(|own| *own > 0.0).map_or("?".into(), |own| ratio(value / own))
            };
            for row in rows {
                let Cost { cpu, wall, memory, read, status } = &row.cost;
                let (by_cpu, by_wall) =
                    (by(*cpu, own.map(|own| own.cpu)), by(*wall, own.map(|own| own.wall)));
                let read = read.map_or("?".to_owned(), size);
                let exit = status.map_or("ended at the limit".to_owned(), |code| code.to_string());
                let memory = size(*memory);
                let _ = writeln!(
                    text,
                    "| {} | {cpu:.3} | {by_cpu} | {wall:.3} | {by_wall} | {memory} | {read} | {exit} |",
                    row.tool
                );
            }
        }
        text
    }

    /// The page of the book.
    pub(super) fn page(&self) -> String {
        let mut text = String::from(INTRO);
        let _ = writeln!(text, "\nMeasured {} on: {}.\n", self.date, self.machine);
        for version in &self.versions {
            let _ = writeln!(text, "- {version}");
        }
        text.push_str(&self.table());
        text
    }

    /// Everything, for other programs.
    pub(super) fn json(&self) -> Result<String> {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "file": row.file,
                    "what": row.what,
                    "program": row.tool,
                    "cpu_seconds": row.cost.cpu,
                    "wall_seconds": row.cost.wall,
                    "memory_bytes": row.cost.memory,
                    "read_bytes": row.cost.read,
                    "exit": row.cost.status,
                })
            })
            .collect();
        let bytes: serde_json::Map<_, _> =
            self.bytes.iter().map(|(file, bytes)| ((*file).to_owned(), json!(bytes))).collect();
        let all = json!({
            "date": self.date,
            "quick": self.quick,
            "machine": self.machine,
            "versions": self.versions,
            "bytes": bytes,
            "rows": rows,
        });
        Ok(serde_json::to_string_pretty(&all)? + "\n")
    }
}

/// Two digits that count, and no more.
fn ratio(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}×") } else { format!("{value:.1}×") }
}

fn size(bytes: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    for (shift, unit) in UNITS {
        if bytes >> shift > 0 {
            let tenths = (u128::from(bytes) * 10) >> shift;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_ended_says_so() {
        let cost = |cpu, status| Cost { cpu, wall: 1.0, memory: 3 << 20, read: None, status };
        let row = |tool, kind, cost| Row { file: "torch.pt", what: "", tool, kind, cost };
        let run = Run {
            date: "2027-01-31".into(),
            quick: true,
            machine: "m".into(),
            bytes: vec![("torch.pt", 2_147_483_648)],
            rows: vec![
                row("weighbridge scan", Kind::Own, cost(0.5, Some(0))),
                row("slow", Kind::Peer, cost(20.0, None)),
            ],
            versions: vec!["slow 1.0".into()],
        };
        let page = run.page();
        assert!(
            page.contains("| weighbridge scan | 0.500 | 1.0× | 1.000 | 1.0× | 3.0 MiB | ? | 0 |")
        );
        assert!(page.contains("| slow | 20.000 | 40× |") && page.contains("ended at the limit |"));
        assert!(page.contains("`torch.pt`, 2.0 GiB") && page.contains("2027-01-31"));
        assert!(run.json().is_ok_and(|json| json.contains("\"exit\": null")));
    }
}
