//! Where rules and the walker put what they saw.

use artifact::Exhausted;
use vocabulary::{Finding, Gap, Place, Rule, Span};

/// Findings of one rule at one member; more are only counted.
const PER_RULE: usize = 50;
/// Findings of one rule in one file; more are only counted.
const PER_FILE: usize = 400;

/// Collects the findings, gaps and unexplained bytes of one file.
#[derive(Default)]
pub(crate) struct Sink {
    pub(crate) findings: Vec<Finding>,
    pub(crate) gaps: Vec<Gap>,
    /// What no reader explained of the file itself. Of what is nested in it the findings tell.
    pub(crate) unexplained: Vec<Span>,
    /// Names of the formats that the file itself was read as.
    pub(crate) formats: Vec<String>,
    /// The formats anywhere in it that may run code on loading, or that no reader knows.
    pub(crate) not_data: Vec<String>,
    dropped: u64,
}

impl Sink {
    /// Adds a finding, unless the same rule said the same at the same place already.
    pub(crate) fn found(&mut self, finding: Finding) {
        let mut same = 0usize;
        let mut of_rule = 0usize;
        for held in &self.findings {
            if held.rule() != finding.rule() {
                continue;
            }
            of_rule = of_rule.saturating_add(1);
            if held.place().file == finding.place().file
                && held.place().member == finding.place().member
            {
                if held.message() == finding.message() && held.place() == finding.place() {
                    return;
                }
                same = same.saturating_add(1);
            }
        }
        if same >= PER_RULE || of_rule >= PER_FILE {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.findings.push(finding);
    }

    /// Adds a finding of `rule`.
    pub(crate) fn say(&mut self, rule: &'static Rule, place: &Place, message: impl Into<String>) {
        self.found(rule.found(place.clone(), message));
    }

    /// Tells that something could not be looked at.
    pub(crate) fn could_not_look(&mut self, place: &Place, because: impl Into<String>) {
        let because = vocabulary::escape(&because.into());
        let gap = Gap { place: place.clone(), because };
        if !self.gaps.contains(&gap) && self.gaps.len() < 1000 {
            self.gaps.push(gap);
        }
    }

    /// Tells that a file of no known format holds the data of a model.
    pub(crate) fn is_data_of_a_model(&mut self) {
        self.gaps
            .retain(|gap| !(gap.place.member.is_empty() && gap.because == crate::walk::UNKNOWN));
        self.not_data.retain(|format| format != "unknown");
        self.formats.push("onnx-external-data".to_owned());
    }

    /// Tells that a limit stopped the look.
    pub(crate) fn exhausted(&mut self, place: &Place, limit: Exhausted) {
        self.could_not_look(place, limit.to_string());
    }

    /// How many findings were left out because there were too many of a kind.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Notes a format that may run code on loading.
    pub(crate) fn not_data(&mut self, format: &str) {
        if !self.not_data.iter().any(|held| held == format) {
            self.not_data.push(format.to_owned());
        }
    }
}
