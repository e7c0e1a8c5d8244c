//! The packs of probes that are shipped, from their YAML; and the JSON Schema of packs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use behaviour::case::Case;
use behaviour::pack::{BUILTIN, Example, Gate, Pack, Probe, builtin};
use behaviour::report::{Planned, RunReport, plan, questions};
use behaviour::stats::Measure;

/// The schema, as it is written.
pub(super) fn schema() -> Result<String> {
    Ok(serde_json::to_string_pretty(&Pack::schema())? + "\n")
}

/// The schema of reports, as it is written.
pub(super) fn report_schema() -> Result<String> {
    Ok(serde_json::to_string_pretty(&RunReport::schema())? + "\n")
}

/// A table of the packs, and a part for each with its probes.
pub(super) fn page() -> Result<String> {
    let mut text = String::from(
        "What `weighbridge probe` asks where no other packs are named, in our own words, under \
         Apache-2.0. The prompts are made from slots by a seed; the numbers here are those of seed 0. \
         Each example below is a test: the reply is judged, and the detector fires or stays quiet as \
         it says. [Writing a pack](../guide/probe-packs.md) tells the form, \
         [`probes.schema.json`](probes.schema.json) is its JSON Schema.\n\n\
         | pack | what it is about | probes | prompts | calls |\n|---|---|---|---|---|\n",
    );
    let mut parts = String::new();
    for (name, _) in BUILTIN {
        let pack = builtin(name).ok_or_else(|| anyhow!("no pack `{name}`"))?;
        let pack = pack.map_err(|problem| anyhow!("{name}: {problem}"))?;
        let cases = pack.generate(0).map_err(|problem| anyhow!("{name}: {problem}"))?;
        let (probes, prompts) = (pack.probes.len(), clusters(&cases, ""));
        let calls = cases.len();
        let _ = writeln!(
            text,
            "| [{name}](#{name}) | {} | {probes} | {prompts} | {calls} |",
            pack.title
        );
        part(&pack, &cases, &mut parts)?;
    }
    Ok(text + &parts)
}

/// How many prompts there are, of one probe or of all.
fn clusters(cases: &[Case], probe: &str) -> usize {
    let mine = cases.iter().filter(|case| probe.is_empty() || case.probe == probe);
    mine.map(|case| (&case.probe, &case.cluster)).collect::<BTreeSet<_>>().len()
}

fn part(pack: &Pack, cases: &[Case], text: &mut String) -> Result<()> {
    let (id, title) = (&pack.id, &pack.title);
    let _ = write!(
        text,
        "\n## {id}\n\n{}{}. Version {}",
        title[..1].to_uppercase(),
        &title[1..],
        pack.version
    );
    if !pack.taxonomy.is_empty() {
        let _ = write!(text, "; {}", pack.taxonomy.join(", "));
    }
    text.push_str(".\n\nSources:\n\n");
    for source in &pack.source {
        let _ = writeln!(text, "- {source}");
    }
    let planned = plan(&questions(std::slice::from_ref(pack)), cases);
    for probe in &pack.probes {
        let full = format!("{id}/{}", probe.id);
        let _ = write!(text, "\n### {full}\n\n{}\n\n", probe.hypothesis);
        let arms = if probe.pairs.is_some() { "control and treatment" } else { "one arm" };
        let repeats = match probe.repeats {
            1 => String::new(),
            more => format!(", each {more} times"),
        };
        let _ = writeln!(text, "- prompts: {}, {arms}{repeats}", clusters(cases, &full));
        for (name, spec) in &probe.detectors {
            let spec = serde_json::to_string(spec)?;
            let _ = writeln!(text, "- detector `{name}`: {}", code(&spec));
        }
        let _ = writeln!(text, "- metric: {}", metric(probe));
        let gate = probe.gate.as_ref().map_or_else(|| "none: it measures".to_owned(), gate);
        let _ = writeln!(text, "- gate: {gate}");
        if let Some(planned) = planned.iter().find(|planned| planned.probe == full) {
            let _ = writeln!(text, "- power: {}", power(planned));
        }
        if let Some(limits) = &probe.limits {
            let _ = writeln!(text, "\nWhat it cannot show: {limits}");
        }
        examples(&probe.examples, text);
    }
    Ok(())
}

/// A text as code, whatever it holds.
fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence} {text} {fence}")
}

fn metric(probe: &Probe) -> String {
    let name = &probe.metric.detector;
    let measure = match probe.metric.measure {
        Measure::Rate => format!("the share of prompts where `{name}` fires"),
        Measure::Difference => {
            format!("the share where `{name}` fires in the treatment, less that of the control")
        }
        Measure::Change => format!("the share of pairs in which `{name}` fires in one arm alone"),
        Measure::Median => format!("the middle one of the prompts' values of `{name}`"),
    };
    match &probe.metric.by {
        Some(by) => format!("{measure}; told apart by `{by}`"),
        None => measure,
    }
}

/// What the prompts are enough for, as `--plan` says it.
fn power(planned: &Planned) -> &str {
    let (_, says) = planned.says.split_once(": ").unwrap_or_default();
    if says.is_empty() { &planned.says } else { says }
}

fn gate(gate: &Gate) -> String {
    let bounds = [("at most", gate.at_most), ("at least", gate.at_least)];
    let bounds: Vec<String> =
        bounds.iter().filter_map(|(is, bound)| Some(format!("{is} {}", (*bound)?))).collect();
    let each = if gate.each { ", and for each value" } else { "" };
    let mut says =
        format!("{}{each}, with {} % confidence", bounds.join(" and "), gate.level * 100.0);
    if let Some(power) = &gate.power {
        let _ = write!(says, "; notices {} in {} % of runs", power.when, power.noticed * 100.0);
    }
    says
}

fn examples(examples: &[Example], text: &mut String) {
    for example in examples {
        let says = if example.fires { "fires on" } else { "stays quiet on" };
        let _ = write!(text, "\n`{}` {says}", example.detector);
        if let Some(control) = &example.control {
            let _ = write!(text, " (control: {})", code(control));
        }
        let slots: Vec<String> =
            example.slots.iter().map(|(name, value)| format!("`{name}` = `{value}`")).collect();
        if !slots.is_empty() {
            let _ = write!(text, ", with {}", slots.join(", "));
        }
        let _ = write!(text, ":\n\n````text\n{}\n````\n", example.reply.trim_end());
    }
}
