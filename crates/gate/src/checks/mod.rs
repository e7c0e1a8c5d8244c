//! The checks of a weighing, as one list.
//!
//! A new check is a function from [`Context`] to [`Outcome`], one entry in [`CHECKS`], and its name
//! in the lines of the threat table that it makes complete.

mod behaviour;
mod bom;
mod digests;
mod files;
mod formats;
pub(crate) mod integrity;
mod lineage;
mod planned;
mod record;
mod signature;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use artifact::tree::Tree;
use jiff::Timestamp;
use provenance::reconcile::Source;
use scan::Scanned;
use vocabulary::{CheckResult, Coverage, Outcome, Policy, Record, Requirement, Threat};

use crate::RunJournal;

pub use planned::{NO_CHECK, PLANNED, is_planned};

/// A unit of looking.
pub struct Check {
    /// Its name, as policies and reports know it.
    pub name: &'static str,
    /// The threats that it can say something about.
    pub speaks_to: &'static [Threat],
    /// Whether it looks only where the policy names it. What it asks for is not asked of every model.
    pub on_request: bool,
    /// Looks.
    pub run: fn(&Context<'_>) -> Outcome,
}

/// Every check that looks at the artifact, in the order in which reports tell them.
pub const CHECKS: [Check; 14] = [
    always("files", &[Threat::T3], files::run),
    always("static", &[Threat::T3, Threat::T4], scanned),
    always("formats", &[], formats::run),
    always(SIGNATURE, &[Threat::T4], signature::run),
    always(integrity::NAME, &[Threat::T4], integrity::run),
    always(LINEAGE, &[Threat::T4], lineage::run),
    on_request(DIGESTS, &[], digests::run),
    on_request(ORIGIN, &[Threat::T4], lineage::origin),
    on_request("bom", &[], bom::run),
    // Which of them, the packs tell that are asked.
    on_request(BEHAVIOUR, &[Threat::T2, Threat::T5, Threat::T8], behaviour::run),
    on_request("record", &[], record::record),
    on_request("owner", &[], record::owner),
    on_request("approval", &[], record::approval),
    on_request("witness", &[], record::witness),
];

const fn always(
    name: &'static str,
    speaks_to: &'static [Threat],
    run: fn(&Context<'_>) -> Outcome,
) -> Check {
    Check { name, speaks_to, on_request: false, run }
}

const fn on_request(
    name: &'static str,
    speaks_to: &'static [Threat],
    run: fn(&Context<'_>) -> Outcome,
) -> Check {
    Check { name, speaks_to, on_request: true, run }
}

/// Checks that cannot look where no digests were computed.
pub(crate) const BY_DIGEST: [&str; 7] =
    [integrity::NAME, DIGESTS, BEHAVIOUR, "record", "owner", "approval", "witness"];

const DIGESTS: &str = "digests";

/// The check that verifies how the model was made, one step back.
const ORIGIN: &str = "origin";

/// The check that looks at how the model answers probes.
pub(crate) const BEHAVIOUR: &str = "behaviour";

/// The check that verifies who signed the model.
pub(crate) const SIGNATURE: &str = "signature";

/// The check that verifies how the model came about.
pub(crate) const LINEAGE: &str = "lineage";

pub(crate) use lineage::requirements;

/// The check that looks at the policy itself, after all others.
pub(crate) const POLICY: &str = "policy";

/// The names that a policy may name, beside those that are [`PLANNED`].
pub const NAMES: [&str; 15] = [
    "files",
    "static",
    "formats",
    SIGNATURE,
    integrity::NAME,
    LINEAGE,
    DIGESTS,
    ORIGIN,
    "bom",
    BEHAVIOUR,
    "record",
    "owner",
    "approval",
    "witness",
    POLICY,
];

/// What a check looks at.
pub struct Context<'a> {
    /// The files.
    pub tree: &'a Tree,
    /// What the static scan saw; every check may use it. The error says that it crashed.
    pub scanned: Result<Scanned, String>,
    /// The policy.
    pub policy: &'a Policy,
    /// Where the artifact lies, to look for what lies beside it.
    pub source: &'a Path,
    /// The signature, where one was named.
    pub bundle: Option<&'a Path>,
    /// Files and folders of attestations.
    pub attestations: &'a [PathBuf],
    /// Journals of runs of probes.
    pub probed: &'a [RunJournal],
    /// What the ledger knows of the artifact.
    pub record: Option<&'a Record>,
    /// This moment.
    pub now: Timestamp,
    /// What was asked for.
    pub asked: Asked<'a>,
}

/// What was asked for, as the check `integrity` needs it.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Whether digests were asked for.
    pub digests: bool,
    /// Whether the scan itself computed them.
    pub scan_digests: bool,
    /// What whoever asked says the artifact is.
    pub identities: &'a [Source],
    /// Whether one of these has to speak of every file.
    pub every_file: bool,
    /// How many files are looked at at a time.
    pub jobs: Option<usize>,
}

/// Runs every check that the policy does not turn off. Those that it asks for and that no version
/// has yet could not look.
pub(crate) fn run_all(checks: &[Check], context: &Context<'_>) -> Vec<CheckResult> {
    let on = |check: &&Check| match context.policy.checks.get(&check.name.into()) {
        Some(requirement) => *requirement != Requirement::Off,
        None => !check.on_request,
    };
    checks
        .iter()
        .filter(on)
        .map(|check| {
            let mut outcome =
                guarded(|| (check.run)(context)).unwrap_or_else(|said| crashed(&said));
            printable(&mut outcome);
            CheckResult { check: check.name.into(), outcome }
        })
        .chain(planned::results(context.policy))
        .collect()
}

/// Runs something that a hostile file may crash. The error is what the panic said.
pub(crate) fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    // What a crashed check leaves half done is dropped with it; nothing of it is looked at again.
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| said(panic.as_ref()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}

/// Reasons may quote the artifact; here they become fit to print, in every form of the report.
fn printable(outcome: &mut Outcome) {
    if let Outcome::NotApplicable { because } | Outcome::CouldNotLook { because, .. } = outcome {
        *because = vocabulary::escape(because);
    }
    if let Outcome::Clear { coverage }
    | Outcome::Found { coverage, .. }
    | Outcome::CouldNotLook { coverage, .. } = outcome
    {
        for gap in &mut coverage.gaps {
            gap.because = vocabulary::escape(&gap.because);
        }
        for note in &mut coverage.notes {
            *note = vocabulary::escape(note);
        }
    }
}

fn crashed(said: &str) -> Outcome {
    let because = format!("the check crashed: {said}");
    Outcome::CouldNotLook { because, coverage: Coverage::default() }
}

fn scanned(context: &Context<'_>) -> Outcome {
    match &context.scanned {
        Ok(scanned) => scanned.outcome.clone(),
        Err(said) => crashed(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_name_that_policies_know() {
        let names: Vec<_> = CHECKS.iter().map(|check| check.name).chain([POLICY]).collect();
        assert_eq!(names, NAMES);
    }

    /// Whoever adds a planned check takes it from the table.
    #[test]
    fn no_planned_check_exists() {
        let names: std::collections::BTreeSet<_> = PLANNED.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), PLANNED.len());
        assert!(NAMES.iter().all(|name| !is_planned(name)));
    }

    #[test]
    fn a_crash_is_could_not_look_and_stops_no_other_check() {
        let folder = tempfile::tempdir().unwrap();
        let tree = artifact::tree::open(folder.path(), 9).unwrap();
        let policy = crate::Policy::shipped("standard").unwrap().terms;
        let context = Context {
            tree: &tree,
            scanned: Err("out of \u{1b}range".into()),
            policy: &policy,
            source: folder.path(),
            bundle: None,
            attestations: &[],
            probed: &[],
            record: None,
            now: Timestamp::UNIX_EPOCH,
            asked: Asked::default(),
        };
        let checks = [
            always("static", &[], |_| panic!("index {} of 3", 4)),
            always("formats", &[], scanned),
        ];
        let results = run_all(&checks, &context);
        let because: Vec<_> = results
            .iter()
            .map(|result| match &result.outcome {
                Outcome::CouldNotLook { because, .. } => because.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(because[0], "the check crashed: index 4 of 3");
        assert_eq!(because[1], "the check crashed: out of \\u{1b}range");
        assert_eq!(said(&7u8), "without a message");
    }
}
