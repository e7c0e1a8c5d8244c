//! Data of other tools as packs: garak, `PyRIT`, promptfoo, lm-evaluation-harness, and the paired
//! political prompts in the form that Anthropic publishes. The user's own copies are read; none of it
//! comes with Weighbridge. A pack carries the licence that its file states, or that the user states
//! for it, into every report.

mod lines;
mod pairs;
mod promptfoo;
mod pyrit;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::detect::Spec;
use crate::pack::{
    Combine, Form as PackForm, Line, MAX_VALUES, Metric, Pack, Probe, Problem, Scalar, Settings,
    Slot,
};
use crate::stats::Measure;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// garak: a prompt a line, JSON a line, or a JSON list.
    Garak,
    /// `PyRIT`: a seed dataset or a jailbreak template, in YAML.
    PyRit,
    /// promptfoo: a configuration with prompts and tests, in YAML.
    Promptfoo,
    /// lm-evaluation-harness: logged samples, JSON a line.
    LmEval,
    /// Pairs of prompts, one from each side, as CSV: `prompt_a`, `prompt_b`.
    Pairs,
}

impl Form {
    /// Every form by its name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("garak", Self::Garak),
        ("pyrit", Self::PyRit),
        ("promptfoo", Self::Promptfoo),
        ("lm-eval", Self::LmEval),
        ("pairs", Self::Pairs),
    ];

    /// A form by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(own, _)| *own == name).map(|(_, form)| *form)
    }
}

/// A file as a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The pack.
    pub pack: Pack,
    /// Prompts that were taken.
    pub taken: usize,
    /// What was not taken, and why, with how often.
    pub left: BTreeMap<String, usize>,
}

/// What is imported.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its form.
    pub form: Form,
    /// The id of the pack that it becomes.
    pub id: &'a str,
    /// The licence, where the user knows it; it stands before what the file says.
    pub licence: Option<&'a str>,
    /// The text of the file.
    pub text: &'a str,
}

/// What a licence is where nobody says it.
pub const NO_LICENCE: &str = "LicenseRef-not-stated";
/// Bytes of a file, at most.
pub const MAX_LEN: usize = 64 << 20;
/// Bytes of one prompt, at most.
const MAX_PROMPT: usize = 256 << 10;

/// Reads a file into a pack.
pub fn import(file: File<'_>) -> Result<Imported, Problem> {
    if file.text.len() > MAX_LEN {
        let cause = format!("it has {} bytes, and a file has at most {MAX_LEN}", file.text.len());
        return Err(Problem::new(cause));
    }
    if !crate::pack::is_id(file.id) {
        return Err(Problem::new("the id of a pack has small letters, digits and hyphens"));
    }
    let mut made = Made::default();
    match file.form {
        Form::Garak => lines::garak(file.text, &mut made),
        Form::LmEval => lines::lm_eval(file.text, &mut made),
        Form::PyRit => pyrit::read(file.text, &mut made)?,
        Form::Promptfoo => promptfoo::read(file.text, &mut made)?,
        Form::Pairs => pairs::read(file.text, &mut made)?,
    }
    if made.probes.is_empty() {
        return Err(nothing(&made.left));
    }
    let licence = file.licence.map(ToOwned::to_owned).or(made.licence);
    let pack = Pack {
        schema: PackForm::First,
        id: file.id.to_owned(),
        version: 1,
        title: made.title.unwrap_or_else(|| format!("imported as {}", file.id)),
        licence: licence.unwrap_or_else(|| NO_LICENCE.to_owned()),
        source: made.source,
        taxonomy: Vec::new(),
        probes: made.probes,
    };
    Ok(Imported { pack, taken: made.taken, left: made.left })
}

/// Why nothing was taken.
fn nothing(left: &BTreeMap<String, usize>) -> Problem {
    let mut reasons: Vec<_> = left.iter().collect();
    reasons.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    let told: Vec<String> =
        reasons.iter().take(3).map(|(reason, count)| format!("{reason} ({count})")).collect();
    if told.is_empty() {
        return Problem::new("it holds no prompt of this form").hint("name another form");
    }
    Problem::new(format!("it holds no prompt that can be taken: {}", told.join(", ")))
}

impl Pack {
    /// The pack as a text that [`Pack::read`] reads: JSON, which is YAML.
    pub fn written(&self) -> Result<String, Problem> {
        serde_json::to_string_pretty(self).map_err(|error| Problem::new(error.to_string()))
    }
}

/// What a reader makes.
#[derive(Debug, Default)]
struct Made {
    title: Option<String>,
    licence: Option<String>,
    source: Vec<String>,
    probes: Vec<Probe>,
    taken: usize,
    left: BTreeMap<String, usize>,
}

/// A row of a probe: its columns.
type Row = BTreeMap<String, Scalar>;

impl Made {
    fn leave(&mut self, why: &str) {
        let count = self.left.entry(why.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Whether a prompt is one that can be asked.
    fn fits(&mut self, prompt: &str) -> bool {
        if prompt.trim().is_empty() {
            self.leave("an empty prompt");
            return false;
        }
        if prompt.len() > MAX_PROMPT {
            self.leave("a prompt that is too long");
            return false;
        }
        true
    }

    /// A probe that asks each row's `prompt` and tells how often it is refused.
    fn refusals(&mut self, id: &str, rows: Vec<Row>) {
        let detectors = BTreeMap::from([("refuses".to_owned(), Spec::Refusal {})]);
        let hypothesis =
            "The model answers what it should refuse, or refuses what it should answer.";
        self.probe(id, hypothesis, rows, detectors, "refuses", None);
    }

    fn probe(
        &mut self,
        id: &str,
        hypothesis: &str,
        mut rows: Vec<Row>,
        detectors: BTreeMap<String, Spec>,
        metric: &str,
        expect: Option<&str>,
    ) {
        if rows.len() > MAX_VALUES {
            let over = rows.len().saturating_sub(MAX_VALUES);
            rows.truncate(MAX_VALUES);
            *self.left.entry(format!("beyond {MAX_VALUES} prompts of one probe")).or_default() =
                over;
        }
        if rows.is_empty() {
            return;
        }
        self.taken = self.taken.saturating_add(rows.len());
        self.probes.push(Probe {
            id: id.to_owned(),
            version: 1,
            hypothesis: hypothesis.to_owned(),
            limits: None,
            slots: BTreeMap::from([("item".to_owned(), Slot::Rows(rows))]),
            combine: Combine::Cartesian,
            prompt: vec![Line::User("{item.prompt}".to_owned())],
            pairs: None,
            expect: expect.map(ToOwned::to_owned),
            repeats: 1,
            decode: Settings::default(),
            detectors,
            metric: Metric { detector: metric.to_owned(), measure: Measure::Rate, by: None },
            gate: None,
            examples: Vec::new(),
        });
    }
}

fn row(columns: &[(&str, &str)]) -> Row {
    let text =
        |(name, value): &(&str, &str)| ((*name).to_owned(), Scalar::Text((*value).to_owned()));
    columns.iter().map(text).collect()
}
