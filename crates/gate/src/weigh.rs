use std::path::PathBuf;
use std::sync::Arc;

use provenance::manifest::Cache;
use provenance::reconcile::Source;
use vocabulary::{
    CheckResult, Date, DigestCache, Finding, Limits, PolicyUse, Record, Report, Requirement, Run,
    SCHEMA, Tool, Untrusted,
};

use crate::checks::{self, Asked, CHECKS, Context, POLICY};
use crate::{Error, Policy, advice, cached, digest, exceptions, summary, threats};

/// What to weigh, and how. Whoever wants a verdict builds one of these.
#[derive(Clone, Debug)]
pub struct Request {
    /// The file or folder.
    pub source: PathBuf,
    /// The folder that it has to lie beneath: nothing outside is read, whoever moves what meanwhile.
    pub beneath: Option<PathBuf>,
    /// What reports call it.
    pub label: String,
    /// The signature of the model, in place of the one that lies in it or beside it.
    pub bundle: Option<PathBuf>,
    /// Files and folders of attestations, in place of the one that lies beside the model
    /// (`<model>.intoto.jsonl`).
    pub attestations: Vec<PathBuf>,
    /// Journals of runs of probes, which are judged again.
    pub probed: Vec<RunJournal>,
    /// What the ledger knows of the artifact. Its waivers stand beside the policy's exceptions, where
    /// enough people approved them.
    pub record: Option<Record>,
    /// Whether to compute digests. They are computed in any case where an exception speaks of one, and
    /// where a check is required that compares them.
    pub digests: bool,
    /// What the artifact is said to be. The check `integrity` is required then, whatever the policy
    /// says of it: who names a digest does not mean to go without it.
    pub identities: Vec<Source>,
    /// Where digests are kept. What it holds counts only where the policy says so. Whoever opened it
    /// saves it.
    pub cache: Option<Arc<Cache>>,
    /// How many files are looked at at a time; as many as there are cores where it is not told.
    pub jobs: Option<usize>,
    /// Limits in place of the policy's.
    pub limits: Option<Limits>,
}

impl Request {
    /// A source under the name of its path, digests included, and nothing else told.
    pub fn new(source: impl Into<PathBuf>) -> Self {
        let source = source.into();
        let label = Untrusted::from_bytes(source.as_os_str().as_encoded_bytes()).raw().to_owned();
        Self {
            source,
            beneath: None,
            label,
            bundle: None,
            attestations: Vec::new(),
            probed: Vec::new(),
            record: None,
            digests: true,
            identities: Vec::new(),
            cache: None,
            jobs: None,
            limits: None,
        }
    }
}

/// The journal of a run of probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunJournal {
    /// What reports call it.
    pub name: Untrusted,
    /// Where it lies.
    pub at: JournalAt,
}

/// Where a journal lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalAt {
    /// In a file.
    File(PathBuf),
    /// The record names it, and it cannot be had.
    Lost {
        /// Why.
        because: String,
        /// Whether the model failed, as the record says.
        failed: bool,
    },
}

impl From<PathBuf> for RunJournal {
    fn from(path: PathBuf) -> Self {
        let name = Untrusted::from_bytes(path.as_os_str().as_encoded_bytes());
        Self { name, at: JournalAt::File(path) }
    }
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
    let Policy { terms, digest: policy_digest, extends } = policy;
    let mut terms = terms.clone();
    let own_exceptions = terms.exceptions.len();
    let every_file = terms.requirement(&checks::integrity::NAME.into()) == Requirement::Required;
    if !request.identities.is_empty() {
        terms.checks.insert(checks::integrity::NAME.into(), Requirement::Required);
    }
    let limits = request.limits.unwrap_or(terms.limits);
    let tree = digest::listed(&request.source, request.beneath.as_deref(), limits.files)?;
    let by_digest = terms.exceptions.iter().any(|exception| exception.sha256.is_some());
    let required = |check: &str| terms.requirement(&check.into()) == Requirement::Required;
    let waived = request.record.as_ref().is_some_and(|record| !record.waivers.is_empty());
    let digests =
        request.digests || by_digest || waived || checks::BY_DIGEST.into_iter().any(required);
    let cache = request.cache.as_deref().filter(|_| digests);
    let trusted = cache.filter(|_| terms.digest_cache == DigestCache::Trust);
    let scan_digests = digests && trusted.is_none();
    let options = scan::Options { limits, digests: scan_digests, jobs: request.jobs };
    let mut scanned = checks::guarded(|| scan::scan(&tree, &options, services.progress));
    let mut not_read_anew = Vec::new();
    if let Ok(scanned) = &mut scanned {
        if let Some(cache) = trusted {
            not_read_anew = cached::take(&tree, scanned, cache, request.jobs);
        } else if let Some(cache) = cache {
            cache.keep(&tree, &cached::by_path(scanned));
        }
    }
    let ours = scanned.as_ref().map(|seen| summary::digests(&tree, &seen.files));
    let ours = ours.unwrap_or_default();
    exceptions::take_waivers(&mut terms, request.record.as_ref(), &ours);
    let terms = &terms;
    let mut identities = request.identities.clone();
    digest::beside(&mut identities, &request.source);
    let asked =
        Asked { digests, scan_digests, identities: &identities, every_file, jobs: request.jobs };
    let context = Context {
        tree: &tree,
        scanned,
        policy: terms,
        source: &request.source,
        bundle: request.bundle.as_deref(),
        attestations: &request.attestations,
        probed: &request.probed,
        record: request.record.as_ref(),
        now: services.now,
        asked,
    };
    let mut results = checks::run_all(&CHECKS, &context);
    let label = Untrusted::new(request.label.clone());
    let mut artifact = summary::artifact(label, &tree, context.scanned.ok().map(|seen| seen.files));
    artifact.not_read_anew = not_read_anew;
    let (outcome, exceptions_used) =
        exceptions::apply(&mut results, terms, own_exceptions, &artifact.contents, services.today);
    results.push(CheckResult { check: POLICY.into(), outcome });

    let decision = vocabulary::decide(&results, terms, services.today);
    let mut findings: Vec<Finding> =
        results.iter().flat_map(|result| result.outcome.findings()).cloned().collect();
    findings.sort_by(Finding::order);
    // `origin` and `lineage` tell the same of the first step.
    findings.dedup();
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
        threats: threats::table(&CHECKS, &results, &terms.behaviour.packs),
        checks: results,
        findings,
        artifact,
        policy: PolicyUse {
            name: Untrusted::from(terms.name.as_str()).to_string(),
            digest: policy_digest.clone(),
            extends: extends.clone(),
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
