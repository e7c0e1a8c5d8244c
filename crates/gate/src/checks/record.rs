//! What the ledger knows of the model: whether it stands there, who answers for it, who approved it,
//! and who vouches for the ledger's log.

use std::collections::BTreeSet;

use vocabulary::{Coverage, Outcome, Record, approvers};

use super::{Context, crashed};
use crate::summary;

/// Whether exactly this artifact stands in the ledger.
pub(super) fn record(context: &Context<'_>) -> Outcome {
    of_record(context, |record| match &record.recorded_at {
        Some(_) => Ok(()),
        None => Err("its entry does not tell when it was recorded".to_owned()),
    })
}

/// Whether somebody answers for it.
pub(super) fn owner(context: &Context<'_>) -> Outcome {
    of_record(context, |record| match record.owner.as_deref().map(str::trim) {
        Some(owner) if !owner.is_empty() => Ok(()),
        _ => Err("its entry in the ledger names no owner".to_owned()),
    })
}

/// Whether as many people approved it as the policy asks for.
pub(super) fn approval(context: &Context<'_>) -> Outcome {
    let needed = context.policy.approval.approvers.unwrap_or(1);
    of_record(context, |record| {
        let Some(requester) = record.requester.as_deref().filter(|who| !who.trim().is_empty())
        else {
            let because = "its entry does not tell who asked for the approval, who cannot be among \
                           the approvers";
            return Err(because.to_owned());
        };
        let counted = approvers(Some(requester), &record.approvals);
        if counted.len() as u64 >= u64::from(needed) {
            return Ok(());
        }
        let noun = if needed == 1 { "person" } else { "people" };
        let who = match counted.as_slice() {
            [] => "nobody did".to_owned(),
            some => format!("{} did: `{}`", some.len(), some.join("`, `")),
        };
        let besides = if record.approvals.iter().any(|one| !counted.contains(&one.who.as_str())) {
            "; whoever asked, and whoever approved twice, counts once at most"
        } else {
            ""
        };
        Err(format!("{needed} {noun} beside `{requester}` have to approve, and {who}{besides}"))
    })
}

/// Whether the log of the ledger covers the entry, cosigned by its quorum of witnesses.
pub(super) fn witness(context: &Context<'_>) -> Outcome {
    of_record(context, |record| {
        let Some(log) = &record.log else {
            return Err("its entry stands in no transparency log".to_owned());
        };
        if log.entry >= log.size {
            return Err(format!(
                "no signed checkpoint covers its entry: it is number {}, and the newest covers {}",
                log.entry, log.size
            ));
        }
        let witnesses: BTreeSet<&str> = log.witnesses.iter().map(String::as_str).collect();
        if log.quorum == 0 {
            return Err("the log of the ledger asks for no witness".to_owned());
        }
        if (witnesses.len() as u64) < u64::from(log.quorum) {
            return Err(format!(
                "{} of {} witnesses signed the newest checkpoint of the ledger's log",
                witnesses.len(),
                log.quorum
            ));
        }
        Ok(())
    })
}

/// The outcome of a question to the record of exactly this artifact; the error says what is missing.
fn of_record(
    context: &Context<'_>,
    question: impl FnOnce(&Record) -> Result<(), String>,
) -> Outcome {
    let missing =
        |because: String| Outcome::CouldNotLook { because, coverage: Coverage::default() };
    let scanned = match &context.scanned {
        Ok(scanned) => scanned,
        Err(said) => return crashed(said),
    };
    let Some(record) = context.record else {
        return missing("no ledger tells of it; `--data DIR` names one".to_owned());
    };
    let ours = summary::digests(context.tree, &scanned.files);
    if let Err(because) = summary::is_of(record, &ours).and_then(|()| question(record)) {
        return missing(because);
    }
    let bytes = scanned.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
    Outcome::Clear {
        coverage: Coverage {
            files: scanned.files.len() as u64,
            bytes_total: bytes,
            bytes_parsed: bytes,
            ..Coverage::default()
        },
    }
}
