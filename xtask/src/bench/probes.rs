//! `cargo xtask bench --probes`: what a probe costs beside the model, and what it takes to judge replies.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{peers, shell};

/// The peer.
const GARAK: &str = "garak==0.17.1\n";

/// Runs the comparison, and writes its page.
pub(super) fn run(quick: bool, date: &str) -> Result<()> {
    let binary = super::build()?;
    let python = peers::environment("bench-garak", &[GARAK])?;
    let (prompts, runs) = if quick { ("40", "1") } else { ("200", "5") };
    let mut bench = shell::command(&python);
    bench.arg("xtask/bench/probe.py").arg(&binary).arg(&python).args([prompts, runs]);
    let out = bench.output().context("cannot run the comparison")?;
    let text = String::from_utf8_lossy(&out.stdout);
    eprint!("{text}{}", String::from_utf8_lossy(&out.stderr));
    let last = text.lines().last().context("the comparison told nothing")?;
    let told: Value = serde_json::from_str(last).context("the comparison did not end")?;
    let page = page(&told, prompts, runs, date);
    println!("{page}");
    if quick {
        eprintln!("a quick run is not written to docs/measurements");
        return Ok(());
    }
    Ok(fs::write(shell::root().join("docs/measurements/probe.md"), page)?)
}

fn page(told: &Value, prompts: &str, runs: &str, date: &str) -> String {
    let mut page = format!(
        "<!-- written by `cargo xtask bench --probes` -->\n\n# What a probe costs beside the model\n\n\
         `xtask/bench/probe.py` starts a server that answers each call after 5 ms, and adds up how long calls lay with it.\n\
         garak 0.17.1 runs `phrasing.PastTense` against it with {prompts} prompts, one generation each, one call at a time; its\n\
         own detector judges them. `weighbridge probe` sends the same prompts, one call at a time, with a journal, and judges\n\
         them with a regular expression. *Outside* is the wall clock less the time with the server, from the start of the\n\
         process to its end; *processor* is user and system time. About eight of our calls find out what the server can do.\n\n\
         Median of {runs} runs (the least in brackets), seconds, {date}, {}, release build:\n\n\
         | | calls | wall | outside | processor |\n|---|--:|--:|--:|--:|\n",
        super::machine()
    );
    let names = [
        ("garak", "garak 0.17.1"),
        ("weighbridge", "`weighbridge probe`"),
        ("weighbridge, again", "the same once more, from its journal"),
    ];
    for (key, name) in names {
        row(&mut page, name, &told[key], &["wall", "outside", "processor"]);
    }
    let times = |what: &str| {
        let of = |key: &str| told[key]["median"][what].as_f64().unwrap_or(f64::NAN);
        of("garak") / of("weighbridge")
    };
    let _ = write!(
        page,
        "\nOutside of the target garak takes {:.1} times as much time, and {:.1} times as much processor time.\n\n\
         ## Judging\n\n\
         Recorded replies, judged by the refusal judge and by a gate, with nobody to wait for: from the start of the process\n\
         to the report.\n\n\
         | | replies | wall | processor |\n|---|--:|--:|--:|\n",
        times("outside"),
        times("processor")
    );
    for (key, of) in told.as_object().into_iter().flatten() {
        if let Some(name) = key.strip_prefix("judging: ") {
            row(&mut page, name, of, &["wall", "processor"]);
        }
    }
    let _ = write!(page, "\n```sh\ncargo xtask bench --probes --date {date}\n```\n");
    page
}

fn row(page: &mut String, name: &str, of: &Value, columns: &[&str]) {
    let number = |how: &str, what: &str| of[how][what].as_f64().unwrap_or(f64::NAN);
    let _ = write!(page, "| {name} | {:.0} |", number("median", "calls"));
    for what in columns {
        let _ = write!(page, " {:.2} ({:.2}) |", number("median", what), number("least", what));
    }
    page.push('\n');
}
