//! The checks of a weighing, as one list.
//!
//! A new check is a function from [`Context`] to [`Outcome`], one entry in [`CHECKS`], and its name
//! in the lines of the threat table that it makes complete.

mod files;
mod formats;
pub(crate) mod integrity;
mod lineage;
mod signature;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use artifact::tree::Tree;
use jiff::Timestamp;
use provenance::reconcile::Source;
use scan::Scanned;
use vocabulary::{CheckResult, Coverage, Outcome, Policy, Requirement, Threat};

/// A unit of looking.
pub struct Check {
    /// Its name, as policies and reports know it.
    pub name: &'static str,
    /// The threats that it can say something about.
    pub speaks_to: &'static [Threat],
    /// Looks.
    pub run: fn(&Context<'_>) -> Outcome,
}

/// Every check that looks at the artifact, in the order in which reports tell them.
pub const CHECKS: [Check; 6] = [
    Check { name: "files", speaks_to: &[Threat::T3], run: files::run },
    Check { name: "static", speaks_to: &[Threat::T3, Threat::T4], run: scanned },
    Check { name: "formats", speaks_to: &[], run: formats::run },
    Check { name: SIGNATURE, speaks_to: &[Threat::T4], run: signature::run },
    Check { name: integrity::NAME, speaks_to: &[Threat::T4], run: integrity::run },
    Check { name: LINEAGE, speaks_to: &[Threat::T4], run: lineage::run },
];

/// The check that verifies who signed the model.
pub(crate) const SIGNATURE: &str = "signature";

/// The check that verifies how the model came about.
pub(crate) const LINEAGE: &str = "lineage";

pub(crate) use lineage::requirements;

/// The check that looks at the policy itself, after all others.
pub(crate) const POLICY: &str = "policy";

/// The names that a policy may name.
pub const NAMES: [&str; 7] =
    ["files", "static", "formats", SIGNATURE, integrity::NAME, LINEAGE, POLICY];

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

/// Runs every check that the policy does not turn off.
pub(crate) fn run_all(checks: &[Check], context: &Context<'_>) -> Vec<CheckResult> {
    let on = |check: &&Check| context.policy.requirement(&check.name.into()) != Requirement::Off;
    checks
        .iter()
        .filter(on)
        .map(|check| {
            let mut outcome =
                guarded(|| (check.run)(context)).unwrap_or_else(|said| crashed(&said));
            printable(&mut outcome);
            CheckResult { check: check.name.into(), outcome }
        })
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
            now: Timestamp::UNIX_EPOCH,
            asked: Asked::default(),
        };
        let checks = [
            Check { name: "static", speaks_to: &[], run: |_| panic!("index {} of 3", 4) },
            Check { name: "formats", speaks_to: &[], run: scanned },
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
