use std::path::PathBuf;

use artifact::tree;
use vocabulary::{
    CheckResult, Date, Finding, Limits, PolicyUse, Report, Run, SCHEMA, Tool, Untrusted,
};

use crate::checks::{self, CHECKS, Context, POLICY};
use crate::{Error, Policy, advice, exceptions, summary, threats};

/// What to weigh, and how. Whoever wants a verdict builds one of these.
#[derive(Clone, Debug)]
pub struct Request {
    /// The file or folder.
    pub source: PathBuf,
    /// What reports call it.
    pub label: String,
    /// The signature of the model, in place of the one that lies in it or beside it.
    pub bundle: Option<PathBuf>,
    /// Files and folders of attestations, in place of the one that lies beside the model
    /// (`<model>.intoto.jsonl`).
    pub attestations: Vec<PathBuf>,
    /// Whether to compute digests. They are computed in any case where an exception of the policy
    /// speaks of one.
    pub digests: bool,
    /// How many files are looked at at a time; as many as there are cores where it is not told.
    pub jobs: Option<usize>,
    /// Limits in place of the policy's.
    pub limits: Option<Limits>,
}

/// What a weighing needs from the world around it.
pub struct Services<'a> {
    /// The date (UTC) that exceptions are held against.
    pub today: Date,
    /// This moment: signatures and certificates have to count now.
    pub now: jiff::Timestamp,
    /// The clock for the report's `run`; without one the report is reproducible.
    pub clock: Option<&'a dyn Clock>,
    /// Is told how far it is.
    pub progress: &'a dyn scan::Progress,
}

/// A clock.
pub trait Clock {
    /// Now, RFC 3339, UTC.
    fn now(&self) -> String;
    /// Milliseconds since some moment that stays the same.
    fn milliseconds(&self) -> u64;
}

/// Progress that nobody watches.
pub struct Quiet;

impl scan::Progress for Quiet {
    fn begin(&self, _: u64, _: u64) {}
    fn file_done(&self, _: &Untrusted, _: u64) {}
}

/// Weighs a source by a policy. The error means that there was nothing to weigh or that this
/// machine failed; whatever is wrong with the artifact is in the report.
pub fn weigh(request: &Request, policy: &Policy, services: &Services<'_>) -> Result<Report, Error> {
    let begun = services.clock.map(|clock| (clock, clock.now(), clock.milliseconds()));
    let Policy { terms, digest } = policy;
    let limits = request.limits.unwrap_or(terms.limits);
    let tree = tree::open(&request.source, limits.files)?;
    let by_digest = terms.exceptions.iter().any(|exception| exception.sha256.is_some());
    let options =
        scan::Options { limits, digests: request.digests || by_digest, jobs: request.jobs };
    let scanned = checks::guarded(|| scan::scan(&tree, &options, services.progress));
    let context = Context {
        tree: &tree,
        scanned,
        policy: terms,
        source: &request.source,
        bundle: request.bundle.as_deref(),
        attestations: &request.attestations,
        now: services.now,
    };
    let mut results = checks::run_all(&CHECKS, &context);
    let label = Untrusted::new(request.label.clone());
    let artifact = summary::artifact(label, &tree, context.scanned.ok().map(|seen| seen.files));
    let (outcome, exceptions_used) =
        exceptions::apply(&mut results, terms, &artifact.contents, services.today);
    results.push(CheckResult { check: POLICY.into(), outcome });

    let decision = vocabulary::decide(&results, terms, services.today);
    let mut findings: Vec<Finding> =
        results.iter().flat_map(|result| result.outcome.findings()).cloned().collect();
    findings.sort_by(Finding::order);
    let advice = advice::advise(&decision, &results, &findings, &artifact, &tree, terms);
    Ok(Report {
        schema: SCHEMA,
        tool: Tool {
            name: "weighbridge".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            packs: scan::packs(),
        },
        verdict: decision.verdict,
        reasons: Report::reasons_of(&decision),
        advice,
        threats: threats::table(&CHECKS, &results),
        checks: results,
        findings,
        artifact,
        policy: PolicyUse {
            name: Untrusted::from(terms.name.as_str()).to_string(),
            digest: digest.clone(),
            refuse: terms.refuse,
            review: terms.review,
            limits,
            exceptions_used,
        },
        run: begun.map(|(clock, started, at)| Run {
            started,
            milliseconds: clock.milliseconds().saturating_sub(at),
        }),
    })
}
