//! Between weighings and the record: what a report becomes, and what the record says of an artifact
//! before it is judged.

mod evaluation;

use std::collections::BTreeMap;

use ledger::{DeploymentFilter, Event, Ledger, Page, Weighed};
use provenance::hex;
use provenance::keys::sha256;
use vocabulary::{Approval, Deployment, Exception, Logged, Record, Report, Waiver};

pub use evaluation::{
    EvaluationDocument, EvaluationNamed, RunFile, evaluation_event, judgement_word,
};

use crate::render::{Detail, Format, Style, render};
use crate::{Error, Policy, Request, RunJournal, Services, weigh};

/// The most deployments of an artifact that a record tells.
const MOST_DEPLOYMENTS: u32 = 1000;

/// What a weighing is called in the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its identifier.
    pub weighing: String,
    /// The model.
    pub model: String,
    /// The version; may be empty.
    pub version: String,
    /// Where the artifact came from.
    pub source: String,
}

/// What names the artifact of a report; `None` where not all of it was read.
pub fn artifact_of_report(report: &Report) -> Option<String> {
    let digests = &report.artifact.digests;
    ["dirHash", "sha256"]
        .into_iter()
        .find_map(|scheme| Some(format!("{scheme}:{}", digests.get(scheme)?)))
}

/// The event that a report becomes, and the report as it is kept: the JSON that people are given.
/// `None` where the artifact has no digest, which is then no artifact of the record.
pub fn event(report: &Report, named: Named) -> Option<(Event, Vec<u8>)> {
    let artifact = artifact_of_report(report)?;
    let style = Style { colour: false, detail: Detail::Usual };
    let text = render(Format::Json, std::slice::from_ref(report), style);
    let weighed = Weighed {
        weighing: named.weighing,
        model: named.model,
        version: named.version,
        source: named.source,
        artifact,
        verdict: report.verdict.word().to_owned(),
        report: hex::encode(sha256(text.as_bytes()).as_ref()),
    };
    Some((Event::Weighing(weighed), text.into_bytes()))
}

/// What a record adds to a weighing.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What it says of the artifact.
    pub record: Option<Record>,
    /// The journals that it keeps of it.
    pub probed: Vec<RunJournal>,
}

/// Weighs by what the record says as well. `facts` is asked once the artifact is known: its name, and
/// the SHA-256 of its files. Where it tells something the artifact is weighed again, with that; of a
/// source that changed in between a record tells nothing, as of any other artifact, and a journal is held
/// against the files that are there then.
pub fn weigh_by_record<E: From<Error>>(
    request: &Request,
    policy: &Policy,
    services: &Services<'_>,
    facts: impl FnOnce(&str, &[&str]) -> Result<Known, E>,
) -> Result<Report, E> {
    let first = weigh(request, policy, services)?;
    let Some(artifact) = artifact_of_report(&first) else { return Ok(first) };
    let digests = first.artifact.contents.iter().filter_map(|file| file.digests.get("sha256"));
    let files: Vec<&str> = digests.map(String::as_str).collect();
    let Known { record, probed } = facts(&artifact, &files)?;
    if record.is_none() && probed.is_empty() {
        return Ok(first);
    }
    let mut known = request.clone();
    known.record = record.or(known.record);
    known.probed.extend(probed);
    Ok(weigh(&known, policy, services)?)
}

/// What the ledger knows of an artifact on a day (`YYYY-MM-DD`): `None` where it knows nothing. `files`
/// are the SHA-256 of its files: a waiver may speak of one of them alone. The owner is that of the
/// model, or of the model that it was weighed as last.
pub async fn facts(
    ledger: &Ledger,
    artifact: &str,
    files: &[&str],
    model: Option<&str>,
    today: &str,
) -> Result<Option<Record>, ledger::Error> {
    let known = ledger.artifact(artifact).await?;
    let waivers = ledger.waivers_that_stand(artifact, files, today).await?;
    let waivers: Vec<Waiver> =
        waivers.into_iter().filter_map(|waiver| exception(waiver, artifact)).collect();
    let mut record = Record { digests: digests(artifact), waivers, ..Record::default() };
    let Some(known) = known else {
        return Ok((!record.waivers.is_empty()).then_some(record));
    };
    record.recorded_at = Some(known.first_at);
    let of = |latest| ledger::WeighingFilter {
        artifact: Some(artifact.to_owned()),
        latest,
        ..ledger::WeighingFilter::default()
    };
    let last = ledger.weighings(&of(true), Page { skip: 0, take: 1 }).await?.rows;
    let first = ledger.entries(known.number, 1).await?;
    record.requester = first.into_iter().next().map(|first| first.entry.by);
    let model = model.map(str::to_owned).or_else(|| Some(last.first()?.model.clone()));
    if let Some(model) = model {
        let owner = ledger.model(&model).await?.map(|model| model.owner);
        record.owner = owner.filter(|owner| !owner.is_empty());
    }
    let standing = ledger.standing(artifact).await?;
    // One who is against it outweighs those who are for it.
    if standing.rejected.is_empty() {
        let approval = |one: ledger::Approval| Approval { who: one.approver, at: one.at };
        record.approvals = standing.approved.into_iter().map(approval).collect();
    }
    record.log = ledger.covered(known.number).await?.map(|covered| Logged {
        origin: ledger.vkey().name().to_owned(),
        entry: known.number,
        size: covered.size,
        witnesses: covered.witnesses,
        quorum: covered.quorum,
    });
    let runs =
        DeploymentFilter { artifact: Some(artifact.to_owned()), ..DeploymentFilter::default() };
    let runs = ledger.deployments(&runs, Page { skip: 0, take: MOST_DEPLOYMENTS }).await?.rows;
    let deployment = |one: ledger::Deployment| Deployment { place: one.place, at: one.at };
    record.deployments = runs.into_iter().map(deployment).collect();
    Ok(Some(record))
}

fn digests(artifact: &str) -> BTreeMap<String, String> {
    let parts = artifact.split_once(':');
    parts.map(|(scheme, hex)| (scheme.to_owned(), hex.to_owned())).into_iter().collect()
}

/// A waiver as an exception of the policy: whoever asked for it answers for it. `None` where its last
/// day is none, which the ledger does not take.
fn exception(waiver: ledger::Waiver, artifact: &str) -> Option<Waiver> {
    let of_file = waiver.artifact.strip_prefix("sha256:").filter(|_| waiver.artifact != artifact);
    let exception = Exception {
        rule: waiver.rule,
        file: Some(waiver.file).filter(|file| !file.is_empty()),
        sha256: of_file.map(str::to_owned),
        reason: waiver.reason,
        owner: waiver.requester.clone(),
        expires: waiver.expires.parse().ok()?,
    };
    let votes = waiver.votes.into_iter().filter(|vote| vote.vote == "approve");
    let approvals = votes.map(|vote| Approval { who: vote.approver, at: vote.at }).collect();
    Some(Waiver { exception, requester: Some(waiver.requester), approvals })
}
