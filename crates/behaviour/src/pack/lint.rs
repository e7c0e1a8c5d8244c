//! What is wrong with a pack beyond its form.

use std::collections::BTreeSet;

use super::template::names;
use super::{Gate, Line, Pack, Probe, Side, Slot, is_id};
use crate::detect::Spec;
use crate::stats::Measure;
use crate::stats::special::normal_quantile;

/// Something that a pack should have otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The probe it is about; none where it is the pack.
    pub probe: Option<String>,
    /// What is wrong.
    pub says: String,
    /// Whether no run of it can be believed; everything else is a recommendation.
    pub wrong: bool,
}

/// Reads a pack and tells everything that is wrong with it. A text that is no pack is one note.
pub fn lint(text: &str) -> Vec<Note> {
    let pack = match Pack::read(text) {
        Ok(pack) => pack,
        Err(problem) => {
            return vec![Note { probe: None, says: problem.to_string(), wrong: true }];
        }
    };
    let mut notes = Notes::default();
    of_pack(&pack, &mut notes);
    for probe in &pack.probes {
        notes.probe = Some(probe.id.clone());
        of_probe(probe, &mut notes);
    }
    notes.probe = None;
    match pack.generate(0) {
        Err(problem) => notes.wrong(problem.to_string()),
        Ok(cases) => {
            for probe in &pack.probes {
                let name = format!("{}/{}", pack.id, probe.id);
                let mine = || cases.iter().filter(|case| case.probe == name);
                notes.probe = Some(probe.id.clone());
                let prompts = mine().map(|case| &case.cluster).collect::<BTreeSet<_>>().len();
                power(probe, prompts, &mut notes);
            }
        }
    }
    notes.list
}

#[derive(Default)]
struct Notes {
    probe: Option<String>,
    list: Vec<Note>,
}

impl Notes {
    fn wrong(&mut self, says: impl Into<String>) {
        self.list.push(Note { probe: self.probe.clone(), says: says.into(), wrong: true });
    }

    fn better(&mut self, says: impl Into<String>) {
        self.list.push(Note { probe: self.probe.clone(), says: says.into(), wrong: false });
    }
}

fn of_pack(pack: &Pack, notes: &mut Notes) {
    if !is_id(&pack.id) {
        notes.wrong("`id` has small letters, digits and hyphens");
    }
    if pack.licence.trim().is_empty() {
        notes.wrong("`licence` is empty; whoever uses the texts must know what they may do");
    }
    if pack.probes.is_empty() {
        notes.wrong("there is no probe");
    }
    if pack.source.is_empty() {
        notes.better("`source` is empty; say where the idea comes from");
    }
}

fn of_probe(probe: &Probe, notes: &mut Notes) {
    if probe.hypothesis.trim().is_empty() {
        notes.wrong("`hypothesis` is empty; say what would be true of a model that it finds");
    }
    if probe.repeats == 0 {
        notes.wrong("`repeats` is 0");
    }
    if probe.repeats > 1 && probe.decode.temperature <= 0.0 {
        notes.better("it repeats a prompt at temperature 0, where every reply is the same");
    }
    if !(0.0..=2.0).contains(&probe.decode.temperature) {
        notes.wrong("`temperature` lies outside 0 to 2");
    }
    slots(probe, notes);
    pairs(probe, notes);
    detectors(probe, notes);
    gate(probe.gate.as_ref(), notes);
    if probe.gate.as_ref().is_some_and(|gate| gate.each) && probe.metric.by.is_none() {
        notes.wrong("the gate holds for `each` value, and the metric names no slot `by` which");
    }
}

/// Names that templates use against names that there are.
fn slots(probe: &Probe, notes: &mut Notes) {
    let mut known = BTreeSet::new();
    for (name, slot) in &probe.slots {
        for column in slot.columns() {
            known.insert(if column.is_empty() { name.clone() } else { format!("{name}.{column}") });
        }
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut see =
        |template: &str, known: &BTreeSet<String>, notes: &mut Notes| match names(template) {
            Err(cause) => notes.wrong(cause),
            Ok(names) => {
                for name in names {
                    used.insert(name.to_owned());
                    if !known.contains(name) {
                        notes.wrong(format!("no slot is named `{name}`"));
                    }
                }
            }
        };
    let sides: Vec<&Side> =
        probe.pairs.iter().flat_map(|pairs| [&pairs.control, &pairs.treatment]).collect();
    for template in sides.iter().flat_map(|side| side.set.values()) {
        see(template, &known, notes);
    }
    for slot in probe.slots.values() {
        if let Slot::Like { slot, .. } = slot {
            see(&format!("{{{slot}}}"), &known, notes);
        }
    }
    if let Some(by) = &probe.metric.by {
        see(&format!("{{{by}}}"), &known, notes);
    }
    let set: BTreeSet<&String> = sides.iter().flat_map(|side| side.set.keys()).collect();
    known.extend(set.iter().map(|name| (*name).clone()));
    let expects = probe.expect.iter().chain(sides.iter().filter_map(|side| side.expect.as_ref()));
    for template in expects {
        see(template, &known, notes);
    }
    if probe.expect.is_some() || sides.iter().any(|side| side.expect.is_some()) {
        known.insert("expect".to_owned());
    }
    for line in probe.prompt.iter().chain(sides.iter().flat_map(|side| &side.prompt)) {
        see(line.text(), &known, notes);
    }
    for template in probe.detectors.values().flat_map(|spec| spec.templates()) {
        see(template, &known, notes);
    }
    for name in probe.slots.keys() {
        let begins = format!("{name}.");
        if !used.iter().any(|used| used == name || used.starts_with(&begins)) {
            notes.wrong(format!("the slot `{name}` is used nowhere"));
        }
    }
    for name in set {
        if !used.contains(name) {
            notes.wrong(format!("an arm sets `{name}`, which is used nowhere"));
        }
    }
}

fn pairs(probe: &Probe, notes: &mut Notes) {
    let Some(pairs) = &probe.pairs else {
        if matches!(probe.metric.measure, Measure::Difference | Measure::Change) {
            notes.wrong("the metric compares two arms, and there are no `pairs`");
        }
        if probe.prompt.is_empty() {
            notes.wrong("there is no `prompt`");
        }
        return;
    };
    let (control, treatment) = (&pairs.control, &pairs.treatment);
    let mut differ = BTreeSet::new();
    for name in control.set.keys().chain(treatment.set.keys()) {
        match (control.set.get(name), treatment.set.get(name)) {
            (Some(one), Some(other)) if one == other => {
                notes.better(format!(
                    "both arms set `{name}` to the same; make it a part of the prompt"
                ));
            }
            (Some(_), Some(_)) => {
                differ.insert(name.as_str());
            }
            _ => notes.wrong(format!("one arm sets `{name}` and the other does not")),
        }
    }
    let own = [control, treatment].map(|side| !side.prompt.is_empty());
    if own.iter().any(|own| *own) && !own.iter().all(|own| *own) && probe.prompt.is_empty() {
        notes.wrong("one arm has a prompt and the other has none");
    }
    let mut more = lines_that_differ(&control.prompt, &treatment.prompt);
    more = more.max(usize::from(own.iter().any(|own| *own) && !own.iter().all(|own| *own)));
    if differ.len().saturating_add(more) > 1 && pairs.differ_because.is_none() {
        notes.wrong(
            "the arms differ in more than one thing: what made a difference could not be told. Set one \
             slot in both, or say why in `differ-because`",
        );
    }
    if differ.is_empty() && more == 0 {
        notes.wrong("both arms ask the same");
    }
}

fn lines_that_differ(one: &[Line], other: &[Line]) -> usize {
    let longer = one.len().max(other.len());
    (0..longer).filter(|index| one.get(*index) != other.get(*index)).count()
}

fn detectors(probe: &Probe, notes: &mut Notes) {
    if probe.detectors.is_empty() {
        notes.wrong("there is no detector");
    }
    for (name, spec) in &probe.detectors {
        if !is_id(name) {
            notes.wrong(format!(
                "the detector `{name}` needs a name of small letters, digits and hyphens"
            ));
        }
        if let Err(problem) = spec.ready() {
            notes.wrong(format!("the detector `{name}`: {problem}"));
        }
        if probe.metric.detector == *name {
            beside(probe, spec, notes);
        }
        if spec.compares() && probe.pairs.is_none() {
            notes.wrong(format!(
                "the detector `{name}` compares two arms, and there are no `pairs`"
            ));
        }
        for fires in [true, false] {
            let shown =
                |example: &&super::Example| example.detector == *name && example.fires == fires;
            if !probe.examples.iter().any(|example| shown(&example)) {
                let what = if fires { "it fires on" } else { "it stays quiet on" };
                notes.better(format!("the detector `{name}` has no example of what {what}"));
            }
        }
    }
    for example in &probe.examples {
        if !probe.detectors.contains_key(&example.detector) {
            notes.wrong(format!(
                "an example names the detector `{}`, which is none",
                example.detector
            ));
        }
    }
    if !probe.detectors.contains_key(&probe.metric.detector) {
        notes.wrong(format!(
            "the metric names the detector `{}`, which is none",
            probe.metric.detector
        ));
    }
}

/// What a metric needs whose detector does not judge by the reply alone.
fn beside(probe: &Probe, spec: &Spec, notes: &mut Notes) {
    let gated = probe.gate.is_some();
    let labelled = |fires| {
        let of = |example: &&super::Example| {
            example.detector == probe.metric.detector && example.fires == fires
        };
        probe.examples.iter().any(|example| of(&example))
    };
    if gated && spec.asks() && probe.metric.measure != Measure::Rate {
        notes.better(
            "the errors of a judge are corrected in a `rate` alone: the gate decides nothing",
        );
    }
    if gated && spec.asks() && !(labelled(true) && labelled(false)) {
        notes.better("a judge that is not measured decides nothing: give `examples` of both kinds");
    }
    if let Spec::Drift { over, .. } = spec {
        if over.is_none() && probe.metric.measure != Measure::Median {
            notes.wrong("`drift` without `over` has no bounds: its measure is `median`");
        }
        if probe.decode.top_logprobs < 2 {
            notes.wrong(
                "`drift` compares the alternatives of tokens: ask for them by `top-logprobs`",
            );
        }
    }
}

fn gate(gate: Option<&Gate>, notes: &mut Notes) {
    let Some(gate) = gate else {
        return notes.better("there is no gate: it measures, and decides nothing");
    };
    match (gate.at_most, gate.at_least) {
        (None, None) => notes.wrong("the gate has neither `at-most` nor `at-least`"),
        (Some(most), Some(least)) if most < least => {
            notes.wrong("no value is within the gate: `at-most` is below `at-least`");
        }
        _ => {}
    }
    if !(0.5..1.0).contains(&gate.level) {
        notes.wrong("the gate's `level` lies outside 0.5 to 1");
    }
    match &gate.power {
        None => notes.better("the gate does not say what it would notice (`power`)"),
        Some(power) if !(0.0..1.0).contains(&power.noticed) => {
            notes.wrong("`noticed` lies outside 0 to 1");
        }
        Some(_) => {}
    }
}

/// Whether there are prompts enough for what the gate promises, by the normal approximation of one
/// proportion; the plan of a run computes it exactly.
fn power(probe: &Probe, prompts: usize, notes: &mut Notes) {
    let Some(gate) = &probe.gate else { return };
    let Some(power) = &gate.power else { return };
    if probe.metric.measure == Measure::Median {
        // It is no share; only the plan of a run can tell.
        return;
    }
    let Some(bound) = gate.at_most.or(gate.at_least) else { return };
    let distance = (power.when - bound).abs();
    if distance <= 0.0 {
        return notes.wrong("the gate promises to notice its own bound");
    }
    // The error of a difference of two shares, where two are compared.
    let arms = if probe.metric.measure == Measure::Difference { 2.0 } else { 1.0 };
    let spread = |share: f64| (share.abs() * (1.0 - share.abs())).max(0.0).sqrt();
    let (at_bound, at_true) = (spread(bound), spread(power.when));
    let sum = normal_quantile(gate.level) * at_bound + normal_quantile(power.noticed) * at_true;
    let needed = (arms * (sum / distance).powi(2)).ceil();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let there = prompts as f64;
    if there < needed {
        notes.better(format!(
            "{prompts} prompts are too few for the power that the gate promises; about {needed} are needed"
        ));
    }
}
