use std::collections::BTreeSet;

use artifact::tree::Tree;
use provenance::manifest::{Algorithm, Manifest, Options};
use provenance::reconcile::{Kind, Row, Says, Source, State, Table, declared, needed};
use scan::Scanned;
use vocabulary::{Coverage, Gap, Outcome, Place, Untrusted};

use super::{Context, crashed};
use crate::{cached, rules};

/// The name of the check.
pub(crate) const NAME: &str = "integrity";

/// Whether the files are what others say they are: whoever asked for the weighing, and the artifact
/// itself. What the artifact says of itself can contradict it and proves nothing.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let scanned = match &context.scanned {
        Ok(scanned) => scanned,
        Err(said) => return crashed(said),
    };
    let mut sources = context.asked.identities.to_vec();
    let given = !sources.is_empty();
    let own = declared::sources(context.tree);
    sources.extend(own.into_iter().filter_map(|source| told_here(source, context)));
    if sources.is_empty() {
        let because = "nothing says what the files should be".to_owned();
        return if context.asked.every_file {
            Outcome::CouldNotLook { because, coverage: Coverage::default() }
        } else {
            Outcome::NotApplicable { because }
        };
    }
    if !context.asked.digests {
        let because = "the digests were not asked for, and it takes them to compare".to_owned();
        return Outcome::CouldNotLook { because, coverage: Coverage::default() };
    }
    let manifest = manifest(context.tree, scanned, &sources, context.asked.jobs);
    let table = Table::of(&manifest, sources);
    let findings: Vec<_> = table.contradictions().map(|row| finding(&table, row)).collect();
    let mut coverage = Coverage::default();
    let unproved: BTreeSet<&Untrusted> = table.uncovered.iter().chain(&table.unproved).collect();
    for file in &manifest.files {
        coverage.files = coverage.files.saturating_add(1);
        coverage.bytes_total = coverage.bytes_total.saturating_add(file.bytes);
        if !unproved.contains(&file.path) {
            coverage.bytes_parsed = coverage.bytes_parsed.saturating_add(file.bytes);
        }
    }
    coverage.gaps = gaps(&table);
    coverage.notes = notes(&table, unproved.len() as u64, coverage.files);
    if context.asked.every_file {
        let because = "nothing that was given says what it should be";
        for path in unproved {
            let place = Place::file(path.clone());
            coverage.gaps.push(Gap { place, because: because.to_owned() });
        }
    }
    if !given && findings.is_empty() && coverage.gaps.is_empty() {
        let because = "the artifact agrees with what it declares of itself, which proves nothing, \
                       and nothing else says what the files should be";
        return Outcome::NotApplicable { because: because.to_owned() };
    }
    Outcome::of(findings, coverage)
}

/// A source of the artifact without what the static check tells of it already.
fn told_here(mut source: Source, context: &Context<'_>) -> Option<Source> {
    if source.kind == Kind::HubBlobs && context.asked.scan_digests {
        source.claims.retain(|claim| {
            !matches!(claim.says, Says::Digest { algorithm: Algorithm::Sha256, .. })
        });
    }
    (!source.claims.is_empty()).then_some(source)
}

/// The digests that the static scan computed on its way, and what else the claims ask for.
fn manifest(tree: &Tree, scanned: &Scanned, sources: &[Source], jobs: Option<usize>) -> Manifest {
    let also = needed(sources, tree);
    let known = cached::by_path(scanned);
    Manifest::with(
        tree,
        &Options { algorithms: Vec::new(), also, known, jobs, ..Options::default() },
    )
}

fn finding(table: &Table, row: &Row) -> vocabulary::Finding {
    let source = table.sources.get(row.source);
    let declared = source.is_some_and(|source| source.declared);
    let name = source.map(Source::described).unwrap_or_default();
    match row.state {
        State::Missing if declared => rules::listed_file_missing(row, &name),
        _ => rules::digest_mismatch(row, &name),
    }
}

/// Of how much is told what it should be, and of what it is told by digests that bind little.
fn notes(table: &Table, unproved: u64, files: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if unproved > 0 {
        let told = files.saturating_sub(unproved);
        notes.push(format!("what was given tells what {told} of {files} files should be"));
    }
    if let Some((first, rest)) = table.weakly.split_first() {
        let first = first.shortened(100);
        let more = match rest.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!(
            "`{first}`{more} by MD5 or SHA-1 alone: whoever made it can have made another with the same digest"
        ));
    }
    notes
}

/// What was given and could not be compared.
fn gaps(table: &Table) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let given = |source: &&Source| !source.declared;
    for source in table.idle().filter(given).filter(|source| source.kind != Kind::Expectation) {
        let because = "nothing in it could be compared with the artifact".to_owned();
        gaps.push(Gap { place: Place::file(source.name.as_str()), because });
    }
    for source in table.sources.iter().filter(given) {
        for fault in &source.faults {
            gaps.push(Gap { place: Place::file(source.name.as_str()), because: fault.clone() });
        }
    }
    for row in &table.rows {
        let source = table.sources.get(row.source);
        if let State::Unchecked { because } = &row.state
            && source.is_some_and(|source| source.kind == Kind::Expectation)
        {
            let place = Place::file(row.path.clone().unwrap_or_else(|| row.what.as_str().into()));
            gaps.push(Gap { place, because: because.clone() });
        }
    }
    gaps
}
